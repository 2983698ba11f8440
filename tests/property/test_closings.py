"""No octet is written once the server's FIN can be read, wherever in a session it comes."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tests.property.closings import Closing
from tests.property.mutants import Edit, Mutant, applied
from tests.property.worlds import chance
from tests.unit.net.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

RUNS, LONG = 1_000, 20_000


def play(
    monkeypatch: pytest.MonkeyPatch, seeds: Iterable[int], *, blind: bool = False
) -> dict[int, tuple[bool, int]]:
    """By seed, whether the server closed in the middle, and the octets behind its FIN."""
    played = {}
    for seed in seeds:
        closing = Closing(chance(seed))
        world = World(monkeypatch, closing.serve)
        world.blind = blind
        try:
            late = closing.run(world)
        finally:
            world.close()
        if not blind:
            closing.check()
        played[seed] = (closing.cut, late)
    return played


def test_nothing_is_written_behind_a_fin(monkeypatch: pytest.MonkeyPatch, soak: bool) -> None:
    played = play(monkeypatch, range(LONG if soak else RUNS))
    assert {seed: late for seed, (_, late) in played.items() if late} == {}
    cut = sum(cut for cut, _ in played.values())
    assert cut > len(played) // 3, "most sessions were over before the server closed"


LOOKS_ONCE = Mutant(
    "the input is looked at again where the next message took long to open",
    (
        Edit(
            "smtpwire.net.connection",
            "Connection._write_what_was_asked_for",
            "if monotonic() - looked <= FRESH:",
            "if True:",
        ),
    ),
)


@pytest.mark.parametrize(
    ("mutant", "blind"),
    [(nullcontext(), True), (applied(LOOKS_ONCE), False)],
    ids=["never", "once"],
)
def test_a_client_that_does_not_look_before_it_writes_is_found_out(
    monkeypatch: pytest.MonkeyPatch, mutant: AbstractContextManager[None], blind: bool
) -> None:
    with mutant:
        played = play(monkeypatch, range(RUNS), blind=blind)
    assert any(late for _, late in played.values())
