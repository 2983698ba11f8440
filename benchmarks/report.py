"""What is printed: a table for each suite, and the table of all that was promised."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import figures
from benchmarks.table import table
from benchmarks.targets import TARGETS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.result import Result
    from benchmarks.row import Measured, Run
    from benchmarks.targets import Target

    Column = tuple[str, Callable[[Measured], str]]


class Judged(NamedTuple):
    """A target, what was measured, and what that says."""

    target: Target
    value: float | None
    verdict: Verdict
    reason: str


def judged(results: Mapping[str, Result]) -> list[Judged]:
    """Judge every target by the suites that were run."""
    return [_judged(target, results.get(target.suite)) for target in TARGETS]


def _judged(target: Target, result: Result | None) -> Judged:
    if target.figure is None:
        return Judged(target, None, Verdict.MISSING, "there is nothing to measure yet")
    if result is None:
        return Judged(target, None, Verdict.MISSING, f"--suite {target.suite} was not run")
    if result.reason:
        return Judged(target, None, Verdict.MISSING, result.reason)
    try:
        value = target.figure.value(result.by_name)
    except LookupError as error:
        return Judged(target, None, Verdict.MISSING, str(error.args[0]))
    if result.void:
        return Judged(target, value, Verdict.VOID, result.void)
    return Judged(target, value, target.verdict(value), "")


def targets_table(found: Sequence[Judged]) -> str:
    """Every promise, and whether it holds."""
    head = ("what", "compared with", "must", "stretch", "measured", "verdict")
    rows = [
        (
            target.what,
            target.peer,
            f"{target.must:g}",
            "" if target.stretch is None else f"{target.stretch:g}",
            "" if value is None else f"{value:.3g}",
            verdict.value + (f": {reason}" if reason else ""),
        )
        for target, value, verdict, reason in found
    ]
    return f"### What was promised\n\n{table(head, rows)}\n"


def suite_table(result: Result) -> str:
    """What a suite found."""
    told = result.circumstances
    title = (
        f"### {result.suite.name}: {result.suite.title}\n\n"
        f"{result.rounds} rounds, {told.seconds:.0f} s; load average {told.load[0]:.2f} at the "
        f"start, {told.load[1]:.2f} at the end; busy with other work {told.others[0]:.2f} "
        f"processors before, {told.others[1]:.2f} during\n"
    )
    if result.void:
        title += f"\nVoid: {result.void}.\n"
    if result.reason:
        return f"{title}\nNot run: {result.reason}\n"
    columns = _columns(result)
    cells = [[show(measured) for _, show in columns] for measured in result.rows]
    text = f"{title}\n{table([heading for heading, _ in columns], cells)}\n"
    failed = [f"- {found.row.name}: {found.error}" for found in result.rows if found.error]
    return text + ("\nWithout a figure:\n\n" + "\n".join(failed) + "\n" if failed else "")


def _columns(result: Result) -> list[Column]:
    unit, by_name = result.suite.unit, result.by_name
    factor, seconds = (1000, "ms") if result.suite.in_milliseconds else (1, "s")

    def shown(form: str, figure: Callable[[Measured], float | None]) -> Callable[[Measured], str]:
        def show(measured: Measured) -> str:
            value = figure(measured) if measured.runs else None
            return "" if value is None else form.format(value)

        return show

    def median(of: Callable[[Run], float]) -> Callable[[Measured], float]:
        return lambda measured: statistics.median(of(run) for run in measured.runs)

    wall, cpu = median(lambda run: run.wall), median(lambda run: run.cpu)
    peak, server = median(lambda run: run.peak), median(lambda run: run.server)

    def spread(measured: Measured) -> str:
        walls = [run.wall * factor for run in measured.runs]
        return f"{min(walls):.4g}..{max(walls):.4g}" if walls else ""

    def ratio(of: str) -> Callable[[Measured], float | None]:
        def value(measured: Measured) -> float | None:
            row = measured.row
            other = next(
                (
                    each.row.name
                    for each in result.rows
                    if (each.row.case, each.row.client) == (row.case, row.against)
                ),
                "",
            )
            return _value_or_none(figures.ratio(row.name, other, of), by_name) if other else None

        return value

    columns: list[Column] = [
        ("case", lambda measured: measured.row.case),
        ("client", lambda measured: measured.row.client),
        (f"wall {seconds}", shown("{:.4g}", lambda m: wall(m) * factor)),
        ("min..max", spread),
        (f"{unit}s/s", shown("{:,.0f}", lambda m: m.row.units / wall(m) if m.row.units else None)),
        ("wall ratio", shown("{:.2f}", ratio("wall"))),
        ("CPU ratio", shown("{:.2f}", ratio("cpu"))),
        ("against", lambda measured: measured.row.against),
        (
            f"CPU us/{unit}",
            shown("{:,.1f}", lambda m: cpu(m) / m.row.units * 1e6 if m.row.units else None),
        ),
        ("peak MB", shown("{:.1f}", lambda m: peak(m) / figures.MEGABYTE or None)),
        ("server busy", shown("{:.0%}", lambda m: server(m) / wall(m) or None)),
    ]
    return columns + (_growth_columns(result) if result.suite.base else [])


def _growth_columns(result: Result) -> list[Column]:
    """What each further unit costs, and how even that is."""
    base, by_name = result.suite.base, result.by_name
    small = next(name for name in by_name if name != base)

    def further(of: str) -> Callable[[Measured], str]:
        def show(measured: Measured) -> str:
            name = measured.row.name
            if name == base:
                return ""
            value = _value_or_none(figures.marginal(name, base, of), by_name)
            return "" if value is None else f"{value * 1e6:,.1f}"

        return show

    def even(measured: Measured) -> str:
        name = measured.row.name
        if name == base:
            return ""
        value = _value_or_none(figures.evenness(name, small, base, "cpu"), by_name)
        return "" if value is None else f"{value:.2f}"

    return [
        ("wall us, each further", further("wall")),
        ("CPU us, each further", further("cpu")),
        (f"CPU, over {small}", even),
    ]


def _value_or_none(figure: Figure, found: Mapping[str, Measured]) -> float | None:
    try:
        return figure.value(found)
    except (LookupError, ZeroDivisionError):
        return None
