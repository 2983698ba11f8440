"""The runner: paired, interleaved rounds.

In each round every row runs once, in the order of the table: A B C, A B C, ...  So the runs of one
round belong together, whatever the machine did meanwhile, and run number n of one row is the pair
of run number n of every other.  A warm-up round comes first: files get into the page cache, Python
compiles its modules, and the content of what is sent is checked; it is not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import RowFailed, Unavailable
from benchmarks.row import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.row import Row


def measure(
    rows: Sequence[Row], rounds: int, told: Callable[[str], object] = lambda _: None
) -> list[Measured]:
    """Run all rows in so many rounds.

    Args:
        rows: the rows of one suite, in the order of its table.
        rounds: how many, without the warm-up.
        told: gets a line for each row that fails, when it does.

    Returns:
        The rows in the same order.  One that failed has no runs, and is not run again; all others
        have `rounds` runs.
    """
    found = [Measured(row) for row in rows]
    for number in range(-1, rounds):
        for measured in found:
            warm_up = number < 0
            if measured.error or (warm_up and not measured.row.warm_up):
                continue
            try:
                run = measured.row.run(warm_up)
            except (RowFailed, Unavailable) as error:
                measured.fail(error)
                told(f"{measured.row.name}: {error}")
            else:
                if not warm_up:
                    measured.runs.append(run)
    return found
