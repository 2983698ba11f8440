"""A run over several processes; what it does with them is in tests/cli/test_processes.py."""

from __future__ import annotations

import pytest

from smtpwire.run.crew import _death, _shares


@pytest.mark.parametrize(
    ("jobs", "processes", "shares"),
    [(4, 2, [2, 2]), (5, 3, [2, 2, 1]), (3, 3, [1, 1, 1]), (1000, 4, [250] * 4)],
)
def test_each_process_has_its_share(jobs: int, processes: int, shares: list[int]) -> None:
    assert _shares(jobs, processes) == shares


@pytest.mark.parametrize(
    ("status", "words"), [(9, "was killed by SIGKILL"), (70 << 8, "ended with status 70")]
)
def test_how_a_process_ended(status: int, words: str) -> None:
    assert _death(status) == words
