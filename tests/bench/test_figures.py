"""Figures: numbers of one round, then the median over all rounds."""

from __future__ import annotations

import pytest

from benchmarks import figures
from benchmarks.row import Measured, Row, Run


def never(_warm_up: bool) -> Run:
    raise AssertionError


def found(**rows: Measured) -> dict[str, Measured]:
    return rows


def walls(*seconds: float, units: float = 1) -> Measured:
    return Measured(Row("x", never, units=units), [Run(wall, wall / 10) for wall in seconds])


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    """Not the ratio of the medians, which is 2.5 here."""
    rows = found(ours=walls(1, 6, 5), peer=walls(1, 2, 10))
    assert figures.ratio("ours", "peer").value(rows) == 1


def test_a_ratio_is_one_of_units() -> None:
    rows = found(ours=walls(10, 10, 10, units=100), peer=walls(1, 1, 1, units=5))
    assert figures.ratio("ours", "peer").value(rows) == 0.5
    assert figures.ratio("ours", "peer", "cpu").value(rows) == pytest.approx(0.5)
    assert figures.speed_up("ours", "peer").value(rows) == 2


def test_memory_is_in_megabytes() -> None:
    def peaks(*octets: int) -> Measured:
        return Measured(Row("x", never), [Run(1, 1, peak) for peak in octets])

    rows = found(large=peaks(15_000_000, 12_000_000, 13_000_000), small=peaks(*[10_000_000] * 3))
    assert figures.peak("large").value(rows) == 13
    assert figures.growth("large", "small").value(rows) == 3


def test_each_further_unit_is_counted_without_the_start() -> None:
    rows = found(one=walls(2), few=walls(3, units=11), many=walls(12, units=101))
    assert figures.marginal("few", "one", "wall").value(rows) == pytest.approx(0.1)
    assert figures.marginal("few", "one", "cpu").value(rows) == pytest.approx(0.01)
    assert figures.evenness("many", "few", "one", "wall").value(rows) == pytest.approx(1)


def test_turns_are_measured_in_round_trips() -> None:
    rows = found(
        trip=walls(0.02),
        one=walls(0.11),
        many=walls(0.11 + 99 * 0.021, units=100),
        near=walls(0.011),
    )
    assert figures.turns_each("many", "one", "trip").value(rows) == pytest.approx(1.05)
    # 0.099 s are 4.95 round trips, and there are no parts of one.
    assert figures.turns("one", "near", "trip").value(rows) == 5
    rows = found(trip=walls(0.02), ten=walls(1.11, units=10), near=walls(0.1, units=10))
    assert figures.turns_a_connection("ten", "near", "trip").value(rows) == 4


def test_a_row_without_runs_gives_no_figure_but_its_reason() -> None:
    failed = Measured(Row("ours", never), error="exit status 64: no such option")
    with pytest.raises(LookupError, match="ours: exit status 64: no such option"):
        figures.ratio("ours", "peer").value(found(ours=failed, peer=walls(1)))
    with pytest.raises(LookupError, match="no row 'peer' was run"):
        figures.ratio("ours", "peer").value(found(ours=walls(1)))
