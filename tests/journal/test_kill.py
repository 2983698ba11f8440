"""A run that is killed again and again loses nothing, and sends nothing twice."""

from __future__ import annotations

import pytest

from tests.journal.kill import kill_and_count

WINDOW = 64
"""Messages that `--no-wait` leaves unanswered on one connection."""

WAYS = {
    (): 1,
    ("--no-chunking",): 1,
    ("-j5",): 5,
    ("--no-wait",): WINDOW,
}
"""How many may be on their way, by the options."""


@pytest.mark.parametrize("options", WAYS)
def test_fault_191_a_run_that_is_killed_loses_nothing(
    options: tuple[str, ...], *, soak: bool
) -> None:
    messages, kills = (10_000, 200) if soak else (200, 10)
    counts = kill_and_count(messages, kills, seed=7, options=options)
    print(counts)
    assert counts.lost == []
    assert counts.twice == []
    assert counts.accepted + len(counts.unknown) == messages
    assert max(counts.unknown_by_kill) <= WAYS[options]
    assert counts.kills  # with `--no-wait`, some runs are at their end before they can be killed
