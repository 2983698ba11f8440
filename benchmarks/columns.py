"""The columns of a suite's table: each has a heading, and says of a row what stands in its cell.

A cell is empty where there is nothing to say; a column in which all are empty is left out.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.figures import Figure
    from benchmarks.result import Result
    from benchmarks.row import Measured, Run

    Column = tuple[str, Callable[[Measured], str]]


def columns(result: Result) -> list[Column]:
    """The columns for a suite that has rows."""
    found = _Columns(result)
    return [*found.common(), *(found.growth() if result.suite.base else ())]


class _Columns:
    """Makes them.

    Args:
        result: what the suite found.
    """

    def __init__(self, result: Result) -> None:
        self._suite = result.suite
        self._found = result.by_name
        self._names = {(each.row.case, each.row.client): each.row.name for each in result.rows}

    def common(self) -> Iterator[Column]:
        """The columns that every table may have."""
        unit = self._suite.unit
        factor, seconds = (1000, "ms") if self._suite.in_milliseconds else (1, "s")

        def spread(measured: Measured) -> str:
            walls = [run.wall * factor for run in measured.runs]
            return f"{min(walls):.4g}..{max(walls):.4g}" if walls else ""

        yield "case", lambda measured: measured.row.case
        yield "client", lambda measured: measured.row.client
        yield f"wall {seconds}", _median("{:.4g}", lambda run, _: run.wall * factor)
        yield "min..max", spread
        yield (
            f"{unit}/s" if unit == "MB" else f"{unit}s/s",
            _median("{:,.0f}", lambda run, units: units / run.wall),
        )
        yield "wall ratio", self._ratio("wall")
        yield "CPU ratio", self._ratio("cpu")
        yield "against", lambda measured: measured.row.against
        yield (
            f"CPU us/{unit}",
            _median("{:,.1f}", lambda run, units: run.cpu / units * 1e6 if units else 0),
        )
        yield "peak MB", _median("{:.1f}", lambda run, _: run.peak / figures.MEGABYTE)
        yield "server busy", _median("{:.0%}", lambda run, _: run.server / run.wall)

    def growth(self) -> Iterator[Column]:
        """What each further unit costs, and how even that is."""
        base = self._suite.base
        small = next(name for name in self._found if name != base)
        yield "wall us, each further", self._further("wall")
        yield "CPU us, each further", self._further("cpu")
        yield (
            f"CPU, over {small}",
            self._figure("{:.2f}", lambda name: figures.evenness(name, small, base, "cpu")),
        )

    def _ratio(self, of: str) -> Callable[[Measured], str]:
        def show(measured: Measured) -> str:
            other = self._names.get((measured.row.case, measured.row.against))
            if other is None:
                return ""
            return self._value("{:.2f}", figures.ratio(measured.row.name, other, of))

        return show

    def _further(self, of: str) -> Callable[[Measured], str]:
        base = self._suite.base
        return self._figure("{:,.1f}", lambda name: figures.marginal(name, base, of), 1e6)

    def _figure(
        self, form: str, figure: Callable[[str], Figure], factor: float = 1
    ) -> Callable[[Measured], str]:
        """A cell for every row but the base, with which it is compared."""

        def show(measured: Measured) -> str:
            name = measured.row.name
            return "" if name == self._suite.base else self._value(form, figure(name), factor)

        return show

    def _value(self, form: str, figure: Figure, factor: float = 1) -> str:
        try:
            return form.format(figure.value(self._found) * factor)
        except LookupError:
            return ""


def _median(form: str, of: Callable[[Run, float], float]) -> Callable[[Measured], str]:
    """The median of something over the rounds; nothing where it is 0, which is not measured."""

    def show(measured: Measured) -> str:
        values = [of(run, measured.row.units) for run in measured.runs]
        value = statistics.median(values) if values else 0
        return form.format(value) if value else ""

    return show
