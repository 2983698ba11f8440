"""What a suite is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.row import Row
    from benchmarks.workshop import Workshop

ROUNDS = 7
"""The fewest that a median is worth something of."""


@dataclass(frozen=True)
class Suite:
    """Rows that are measured together and make one table.

    Attributes:
        name: what it is called on the command line.
        title: what it measures.
        unit: what the units of its rows are.
        rows: makes them; it raises `Unavailable` where the machine cannot run any.
        rounds: how many by default.
        slow: whether it runs only when it is named.
        in_milliseconds: whether its table has them instead of seconds.
        base: the row whose start is in all others, where the cost of each further unit counts.
    """

    name: str
    title: str
    unit: str
    rows: Callable[[Workshop], list[Row]]
    rounds: int = ROUNDS
    slow: bool = False
    in_milliseconds: bool = False
    base: str = ""
