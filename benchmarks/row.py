"""A row of a table: something that is run once in each round, and what its runs used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Run:
    """What one run used.

    Attributes:
        wall: seconds from its start to its end.
        cpu: seconds of CPU, user and system, of the client and its children.
        peak: octets of memory, the largest resident set; 0 where it was not measured.
        server: seconds of CPU of the server; 0 where it was not measured.
    """

    wall: float
    cpu: float
    peak: int = 0
    server: float = 0.0


@dataclass(frozen=True)
class Row:
    """One thing to be measured.

    Attributes:
        client: what is measured, as the table calls it.
        run: runs it once; its argument tells whether this is the warm-up, when what was sent is
            looked at octet by octet.  It raises `RowFailed` or `Unavailable`.
        case: what distinguishes the row from others of the same client; rows of one case belong
            together.
        units: how much one run does: messages, recipients, or MB, as the suite says; 0 where that
            is not the point.
        against: the client of the same case that it is compared with.
        warm_up: whether it runs in the warm-up round too.
    """

    client: str
    run: Callable[[bool], Run]
    case: str = ""
    units: float = 1
    against: str = ""
    warm_up: bool = True

    @property
    def name(self) -> str:
        """What it is called outside its table."""
        return f"{self.case}: {self.client}" if self.case else self.client


@dataclass
class Measured:
    """A row and what became of it.

    Attributes:
        row: the row.
        runs: its runs, one a round; none if it failed.
        error: why it has none, or "".
        unavailable: whether that is for want of something on this machine.
    """

    row: Row
    runs: list[Run] = field(default_factory=list)
    error: str = ""
    unavailable: bool = False

    def fail(self, error: Exception) -> None:
        """Take its figures away: what fails once is wrong, however fast it was before."""
        self.runs.clear()
        self.error = str(error)
        self.unavailable = isinstance(error, Unavailable)
