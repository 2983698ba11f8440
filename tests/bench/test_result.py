"""Suites: what voids one, what cannot be run, and how all that was promised is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import figures, report, result
from benchmarks.busy import Reading
from benchmarks.errors import Unavailable
from benchmarks.result import Circumstances, Result
from benchmarks.row import Measured, Row, Run
from benchmarks.suites.suite import Suite
from benchmarks.targets import Target, Verdict
from benchmarks.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.workshop import Workshop

QUIET = Circumstances(seconds=1, load=(0.1, 0.9), others=(0.0, 0.2))
BUSY = Circumstances(seconds=1, load=(0.1, 0.9), others=(0.0, 1.2))


def seconds(wall: float) -> Row:
    return Row("x", lambda _: Run(wall, wall), against="x")


def rows(_workshop: Workshop) -> list[Row]:
    return [seconds(1)]


SUITE = Suite("tiny", "nothing", "message", rows)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


def run(
    suite: Suite,
    tools: Tools,
    monkeypatch: pytest.MonkeyPatch,
    *,
    at_start: float = 0.0,
    meanwhile: float = 0.0,
) -> Result:
    """Run a suite on a machine where so many processors are busy with others' work."""
    monkeypatch.setattr("benchmarks.busy.now_busy", lambda: at_start)
    readings = iter([Reading(0, 0, 0), Reading(10, 10 * meanwhile, 0)])
    monkeypatch.setattr(Reading, "now", lambda: next(readings))
    return result.run_suite(suite, tools, ["smtp"], rounds=7, scale=1, told=lambda _: None)


def test_a_suite_on_a_quiet_machine(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(SUITE, tools, monkeypatch)
    assert found.void == ""
    assert len(found.by_name["x"].runs) == 7


@pytest.mark.parametrize(("at_start", "meanwhile"), [(2.0, 0.0), (0.0, 2.0)])
def test_a_suite_on_a_busy_machine_is_void_and_says_so(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, at_start: float, meanwhile: float
) -> None:
    found = run(SUITE, tools, monkeypatch, at_start=at_start, meanwhile=meanwhile)
    assert "2.0 processors were busy" in found.void
    assert f"Void: {found.void}." in report.suite_table(found)


def test_a_suite_that_the_machine_cannot_run(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_workshop: Workshop) -> list[Row]:
        raise Unavailable("network namespaces need root")

    found = run(Suite("tiny", "nothing", "message", none), tools, monkeypatch)
    assert (found.rows, found.reason) == ([], "network namespaces need root")
    assert "Not run: network namespaces need root" in report.suite_table(found)


@pytest.mark.parametrize(("rounds", "scale"), [(6, 1.0), (7, 0.5)])
def test_less_than_the_whole_is_void(rounds: int, scale: float) -> None:
    assert Result(SUITE, rounds, scale, QUIET).void


def target(must: float, stretch: float | None, *, at_least: bool = False) -> Target:
    return Target(
        "what", "peer", "tiny", figures.ratio("ours", "peer"), must, stretch, at_least=at_least
    )


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.5, Verdict.STRETCH), (0.6, Verdict.STRETCH), (0.9, Verdict.MUST), (0.91, Verdict.MISSES)],
)
def test_less_is_better(value: float, verdict: Verdict) -> None:
    assert target(0.9, 0.6).verdict(value) is verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(4.0, Verdict.STRETCH), (3.5, Verdict.STRETCH), (2.5, Verdict.MUST), (2.4, Verdict.MISSES)],
)
def test_more_is_better_where_it_is_at_least(value: float, verdict: Verdict) -> None:
    assert target(2.5, 3.5, at_least=True).verdict(value) is verdict


def judge(
    monkeypatch: pytest.MonkeyPatch, judged: Target, results: dict[str, Result]
) -> report.Judged:
    monkeypatch.setattr(report, "TARGETS", (judged,))
    (found,) = report.judged(results)
    return found


def measured(circumstances: Circumstances) -> Result:
    ours = Measured(Row("ours", seconds(1).run), [Run(3, 3)] * 7)
    peer = Measured(Row("peer", seconds(1).run), [Run(4, 4)] * 7)
    return Result(SUITE, 7, 1, circumstances, [ours, peer])


def test_a_target_is_judged_by_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge(monkeypatch, target(0.9, None), {"tiny": measured(QUIET)})
    assert (found.value, found.verdict) == (0.75, Verdict.MUST)
    assert "| 0.75     | holds   |" in report.targets_table([found])


def test_a_void_suite_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge(monkeypatch, target(0.9, None), {"tiny": measured(BUSY)})
    assert (found.value, found.verdict) == (0.75, Verdict.VOID)


def test_what_was_not_measured_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge(monkeypatch, target(0.9, None), {})
    assert found[1:] == (None, Verdict.MISSING, "--suite tiny was not run")
    no_rows = Result(SUITE, 7, 1, QUIET, reason="no root")
    found = judge(monkeypatch, target(0.9, None), {"tiny": no_rows})
    assert found[1:] == (None, Verdict.MISSING, "no root")
    failed = measured(QUIET)
    failed.rows[0].fail(Unavailable("no curl"))
    found = judge(monkeypatch, target(0.9, None), {"tiny": failed})
    assert found[1:] == (None, Verdict.MISSING, "ours: no curl")
