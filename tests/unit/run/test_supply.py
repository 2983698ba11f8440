"""What is dealt out to processes, portion by portion, and what comes back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.run.messages import Messages, MessageSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.supply import COPIES, Supply

if TYPE_CHECKING:
    from pathlib import Path


def supply(*names: str, repeat: int = 1) -> Supply:
    messages = Messages(
        MessageSettings(names, repeat=repeat),
        StopRequest(),
        unusable=lambda *_: None,
        list_failed=lambda _: None,
        warn=lambda *_: None,
    )
    return Supply(messages, repeat)


def portions(source: Supply) -> list[tuple[int, str, int]]:
    found = []
    while (portion := source.portion(wait=True)) is not None:
        found.append(portion)
    return found


def test_one_message_is_a_portion() -> None:
    source = supply("a", "b")
    assert not source.ended
    assert portions(source) == [(0, "a", 1), (1, "b", 1)]
    assert source.ended


def test_what_comes_back_goes_first() -> None:
    source = supply("a", "b", "c")
    for _ in range(2):
        source.portion(wait=True)
    source.take_back([(0, "a"), (1, "b")])
    assert portions(source) == [(0, "a", 1), (1, "b", 1), (2, "c", 1)]
    source.take_back([(1, "b")])
    assert not source.ended


def test_the_rest_is_in_order() -> None:
    source = supply("a", "b", "c", "d")
    for _ in range(3):
        source.portion(wait=True)
    source.take_back([(1, "b")])
    source.take_back([(2, "c")])
    source.take_back([(0, "a")])
    assert list(source.rest()) == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert source.ended


@pytest.mark.parametrize("repeat", [2, COPIES, COPIES + 1])
def test_copies_go_together(repeat: int) -> None:
    first = [(0, "a", min(repeat, COPIES)), (COPIES, "a", 1)][: 1 + (repeat > COPIES)]
    second = [(index + repeat, "b", times) for index, _, times in first]
    assert portions(supply("a", "b", repeat=repeat)) == first + second


def test_copies_that_came_back_from_different_processes_are_apart() -> None:
    source = supply("a", repeat=5)
    source.portion(wait=True)
    source.take_back([(1, "a"), (2, "a"), (4, "a")])
    assert portions(source) == [(1, "a", 2), (4, "a", 1)]


def test_what_can_be_read_once_stays_together(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    assert portions(supply(pipe, repeat=COPIES + 9)) == [(0, pipe, COPIES + 9)]
