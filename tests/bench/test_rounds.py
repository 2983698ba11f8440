"""The runner: who runs when, and what belongs to what."""

from __future__ import annotations

from benchmarks.errors import RowFailed, Unavailable
from benchmarks.rounds import measure
from benchmarks.row import Row, Run


class Journal:
    """Rows that write down when they run, and take as many seconds as the runs so far."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def row(
        self, name: str, *, fails: dict[int, Exception] | None = None, warm_up: bool = True
    ) -> Row:
        times = 0

        def run(warming: bool) -> Run:
            nonlocal times
            times += 1
            self.entries.append(name.upper() if warming else name)
            if fails and times in fails:
                raise fails[times]
            return Run(wall=len(self.entries), cpu=1)

        return Row(name, run, warm_up=warm_up)

    @property
    def order(self) -> str:
        return "".join(self.entries)


def test_all_rows_run_once_a_round_in_their_order_and_warm_up_first() -> None:
    journal = Journal()
    measure([journal.row("a"), journal.row("b"), journal.row("c")], 3)
    assert journal.order == "ABCabcabcabc"


def test_the_runs_of_one_round_are_neighbours_and_the_warm_up_is_no_run() -> None:
    journal = Journal()
    a, b = measure([journal.row("a"), journal.row("b")], 3)
    assert [run.wall for run in a.runs] == [3, 5, 7]
    assert [run.wall for run in b.runs] == [4, 6, 8]


def test_a_row_can_do_without_the_warm_up() -> None:
    journal = Journal()
    found = measure([journal.row("a"), journal.row("b", warm_up=False)], 2)
    assert journal.order == "Aabab"
    assert [len(measured.runs) for measured in found] == [2, 2]


def test_a_row_that_fails_once_has_no_runs_and_does_not_run_again() -> None:
    journal = Journal()
    told: list[str] = []
    rows = [journal.row("a", fails={3: RowFailed("two messages arrived")}), journal.row("b")]
    a, b = measure(rows, 4, told.append)
    assert journal.order == "ABababbb"
    assert (a.runs, a.error, a.unavailable) == ([], "two messages arrived", False)
    assert len(b.runs) == 4
    assert told == ["a: two messages arrived"]


def test_what_cannot_be_had_is_told_from_what_is_wrong() -> None:
    journal = Journal()
    (a,) = measure([journal.row("a", fails={1: Unavailable("there is no curl")})], 2)
    assert journal.order == "A"
    assert (a.runs, a.error, a.unavailable) == ([], "there is no curl", True)
