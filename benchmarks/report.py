"""What is printed: a table for each suite, and the table of all that was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.columns import columns
from benchmarks.table import table
from benchmarks.targets import TARGETS, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.result import Result
    from benchmarks.targets import Target


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
    found = columns(result)
    cells = [[show(measured) for _, show in found] for measured in result.rows]
    text = f"{title}\n{table([heading for heading, _ in found], cells)}\n"
    failed = [f"- {each.row.name}: {each.error}" for each in result.rows if each.error]
    return text + ("\nWithout a figure:\n\n" + "\n".join(failed) + "\n" if failed else "")
