"""The loop, where somebody has taken his time: who is late, and who was merely kept waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.net import loop as loops
from tests.unit.net.clock import Clock
from tests.unit.net.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.net.loop import Loop
    from tests.unit.net.stops import Stop


def take_long(clock: Clock, party: Reading, *then: Callable[[], object]) -> None:
    """Have a party that is read and over take ten seconds of everybody's time."""

    def take_time() -> None:
        clock.now += 10.0
        for action in then:
            action()

    party.at_end = take_time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(loops, "monotonic", clock)
    monkeypatch.setattr("smtpwire.net.poll.monotonic", clock)
    return clock


def test_what_came_while_somebody_took_his_time_is_told_before_who_is_late(
    loop: Loop, clock: Clock
) -> None:
    """None of it had come when those who are ready were looked for."""
    slow, others, silent = Reading(), [Reading() for _ in range(40)], Reading()
    take_long(clock, slow, *(lambda p=p: os.write(p.write, b"x") for p in others))
    os.write(slow.write, b"x")
    for party in (slow, *others, silent):
        loop.add(party)
        party.deadline = clock.now + 2.0
        loop.look_again(party)
    loop.run()
    assert slow.told == ["start", "read x", "end"]
    assert [party.told for party in others] == [["start", "read x", "end"]] * 40
    assert silent.told == ["start", "late", "end"]


def test_a_pipe_that_can_be_read_counts_as_well(loop: Loop, clock: Clock) -> None:
    slow, party = Reading(), Reading()
    beside, write = os.pipe()
    party.pipe = beside
    take_long(clock, slow, lambda: os.write(write, b"p"))
    os.write(slow.write, b"x")
    loop.add(slow)
    party.deadline = clock.now + 2.0
    loop.add(party)

    def begin_anew() -> None:
        party.deadline = None
        os.write(party.write, b"x")

    party.at_pipe = begin_anew
    loop.run()
    assert party.told == ["start", "piped", "read x", "end"]
    os.close(beside)
    os.close(write)


def test_whoever_gets_no_further_by_what_came_is_late(loop: Loop, clock: Clock) -> None:
    """A server that always has one octet more would never be."""
    slow, party = Reading(), Reading(wants=4)
    take_long(clock, slow, lambda: os.write(party.write, b"abc"))
    os.write(slow.write, b"x")
    loop.add(slow)
    party.deadline = clock.now + 2.0
    party.at_read = lambda: setattr(clock, "now", clock.now + 5.0)
    loop.add(party)
    loop.run()
    assert party.told == ["start", "read a", "read b", "late", "end"]


def test_whoever_was_kept_waiting_has_time_for_an_answer(loop: Loop, clock: Clock) -> None:
    """The second flight of a handshake, of which only the first had come."""
    slow, party = Reading(), Reading(wants=2)
    take_long(clock, slow, lambda: os.write(party.write, b"a"))
    os.write(slow.write, b"x")
    loop.add(slow)
    party.deadline = clock.now + 2.0

    def answer() -> None:
        if not party.over:
            clock.now += 8.0
            os.write(party.write, b"b")

    party.at_read = answer
    loop.add(party)
    loop.run()
    assert party.told == ["start", "read a", "read b", "end"]


def test_who_is_late_may_end_others(loop: Loop, clock: Clock) -> None:
    one, other = Reading(), Reading()
    for party in (one, other):
        party.deadline = clock.now - 1.0
        loop.add(party)

    def end_the_other() -> None:
        other.over = True
        loop.look_again(other)

    one.at_end = end_the_other
    loop.run()
    assert one.told == ["start", "late", "end"]
    assert other.told == ["start", "end"]


def test_a_signal_while_somebody_took_his_time_comes_before_all_that_is_left(
    loop: Loop, stop: Stop, clock: Clock
) -> None:
    slow, ready, late = Reading(), Reading(), Reading()
    take_long(clock, slow, lambda: setattr(stop, "now", True))
    for party in (slow, ready):
        os.write(party.write, b"x")
    late.deadline = clock.now + 2.0
    for party in (slow, ready, late):
        loop.add(party)
    loop.run()
    assert slow.told == ["start", "read x", "end"]
    assert ready.told == ["start", "interrupt", "end"]
    assert late.told == ["start", "interrupt", "end"]
