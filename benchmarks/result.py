"""What a suite found, and under which circumstances."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import busy
from benchmarks.errors import Unavailable
from benchmarks.machine import load_average
from benchmarks.rounds import measure
from benchmarks.suites.suite import ROUNDS
from benchmarks.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.row import Measured
    from benchmarks.suites.suite import Suite
    from benchmarks.tools import Tools


@dataclass(frozen=True)
class Circumstances:
    """What went on meanwhile.

    Attributes:
        seconds: how long the suite took.
        load: the load average when it began and when it ended.
        others: how many processors were busy with others' work, before and during it.
    """

    seconds: float
    load: tuple[float, float]
    others: tuple[float, float]


@dataclass(frozen=True)
class Result:
    """What a suite found.

    Attributes:
        suite: which.
        rounds: how many were asked for.
        scale: the factor on counts and sizes.
        circumstances: what went on meanwhile.
        rows: the rows with their runs; none where the machine cannot run the suite.
        reason: why there are none, or "".
    """

    suite: Suite
    rounds: int
    scale: float
    circumstances: Circumstances
    rows: list[Measured] = field(default_factory=list)
    reason: str = ""

    @property
    def void(self) -> str:
        """Why the suite proves nothing, or "" if it does."""
        if self.scale != 1:
            return f"counts and sizes were scaled by {self.scale:g}"
        if self.rounds < ROUNDS:
            return f"{self.rounds} of at least {ROUNDS} rounds"
        return busy.void(*self.circumstances.others)

    @property
    def by_name(self) -> dict[str, Measured]:
        """The rows by their names, as figures want them."""
        return {measured.row.name: measured for measured in self.rows}


def run_suite(
    suite: Suite,
    tools: Tools,
    client: list[str],
    *,
    rounds: int,
    scale: float,
    told: Callable[[str], object],
) -> Result:
    """Run a suite.

    Args:
        suite: which.
        tools: the programs of this run.
        client: the command under test.
        rounds: how many, without the warm-up.
        scale: factor on counts and sizes.
        told: gets a line for each row that fails, when it does.
    """
    load = load_average()
    at_start = busy.now_busy()
    before = busy.Reading.now()
    rows: list[Measured] = []
    reason = ""
    try:
        with Workshop(tools, client, scale) as workshop:
            rows = measure(suite.rows(workshop), rounds, lambda line: told(f"{suite.name}: {line}"))
            # While the servers of the suite run: their time is counted as long as they are ours.
            after = busy.Reading.now()
    except Unavailable as error:
        reason = str(error)
        after = busy.Reading.now()
    circumstances = Circumstances(
        seconds=time.monotonic() - before.clock,
        load=(load, load_average()),
        others=(at_start, busy.others(before, after)),
    )
    return Result(suite, rounds, scale, circumstances, rows, reason)
