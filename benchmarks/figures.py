"""Figures: what the runs of one round say together, and the median of that over all rounds.

A figure names the rows that it is made of and says how their runs of one round make one number.
Because the runs of a round are neighbours in time, what slows the machine down for a while takes
part in both sides of a ratio and mostly leaves it.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.row import Measured, Run

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Sample:
    """A run, and how much it did."""

    run: Run
    units: float

    def each(self, of: str) -> float:
        """What one unit used: of "wall" or "cpu", in seconds."""
        used: float = getattr(self.run, of)
        return used / self.units


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        rows: the names of the rows that it is made of.
        made: makes it of their samples of one round, in the same order.
        whole: whether it is a count, which a clock shows with a fraction.
    """

    rows: tuple[str, ...]
    made: Callable[..., float]
    whole: bool = False

    def value(self, found: Mapping[str, Measured]) -> float:
        """The median over all rounds.

        Raises:
            LookupError: a row is not there or has no runs; the text says which and why.
        """
        for name in self.rows:
            if name not in found:
                raise LookupError(f"no row {name!r} was run")
            if not found[name].runs:
                raise LookupError(f"{name}: {found[name].error}")
        samples = (
            [Sample(run, found[name].row.units) for run in found[name].runs] for name in self.rows
        )
        value = statistics.median(self.made(*pair) for pair in zip(*samples, strict=True))
        return float(round(value)) if self.whole else value


def ratio(row: str, peer: str, of: str = "wall") -> Figure:
    """How much of a peer's "wall" or "cpu" a row used for one unit."""
    return Figure((row, peer), lambda a, b: a.each(of) / b.each(of))


def speed_up(row: str, peer: str) -> Figure:
    """How many times as fast as a peer a row was."""
    return Figure((row, peer), lambda a, b: b.each("wall") / a.each("wall"))


def peak(row: str) -> Figure:
    """The largest resident set, in MB."""
    return Figure((row,), lambda a: a.run.peak / MEGABYTE)


def growth(row: str, small: str) -> Figure:
    """What the resident set of a row has beyond that of a small one, in MB."""
    return Figure((row, small), lambda a, b: (a.run.peak - b.run.peak) / MEGABYTE)


def marginal(row: str, base: str, of: str) -> Figure:
    """Seconds of "wall" or "cpu" for each unit beyond those of a base: its start is in neither."""
    return Figure((row, base), lambda a, b: _further(a, b, of))


def evenness(large: str, small: str, base: str, of: str) -> Figure:
    """What a further unit costs at the large end, over what it costs at the small end."""
    return Figure((large, small, base), lambda a, b, c: _further(a, c, of) / _further(b, c, of))


def turns_each(many: str, one: str, round_trip: str) -> Figure:
    """Round trips for each unit beyond the first."""
    return Figure((many, one, round_trip), lambda a, b, c: _further(a, b, "wall") / c.run.wall)


def turns(far: str, near: str, round_trip: str) -> Figure:
    """Round trips in all, that of the TCP connection counted.

    They are what a run over the link takes beyond the same on loopback.

    Args:
        far: the row over the link.
        near: the row on loopback.
        round_trip: the row that measures one round trip.
    """
    return Figure(
        (far, near, round_trip), lambda a, b, c: (a.run.wall - b.run.wall) / c.run.wall, whole=True
    )


def turns_a_connection(far: str, near: str, round_trip: str) -> Figure:
    """The same for each unit, which is a connection; that of TCP is not counted."""
    return Figure(
        (far, near, round_trip),
        lambda a, b, c: (a.each("wall") - b.each("wall")) / c.run.wall - 1,
        whole=True,
    )


def _further(sample: Sample, base: Sample, of: str) -> float:
    used: float = getattr(sample.run, of) - getattr(base.run, of)
    return used / (sample.units - base.units)
