"""Each mutant is caught by the checks of every session, within few thousands of them."""

from __future__ import annotations

import pytest

from tests.property.mutants import MUTANTS, Mutant, applied
from tests.property.replay import play
from tests.property.worlds import chance, world

SESSIONS = 6_000
"""The rarest of the situations that matter comes up a few times in so many."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_a_broken_rule_is_caught(mutant: Mutant) -> None:
    with applied(mutant):
        assert _first_failure(SESSIONS) is not None, f"nobody noticed: {mutant.rule}"


def test_the_engine_itself_passes() -> None:
    assert _first_failure(SESSIONS) is None


def _first_failure(sessions: int) -> int | None:
    for seed in range(sessions):
        try:
            play(world(chance(seed)), seed)
        except Exception:  # noqa: BLE001 - a mutant may fail in any way
            return seed
    return None
