"""The loop: who is called when, and who is not called any more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import Interrupted
from smtpwire.net import loop as loops
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from tests.unit.net.clock import Clock
from tests.unit.net.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.net.stops import Stop


def test_whoever_is_ready_is_called_until_it_is_over(loop: Loop) -> None:
    one, other = Reading(wants=2), Reading()
    os.write(one.write, b"ab")
    os.write(other.write, b"x")
    loop.add(one)
    loop.add(other)
    loop.run()
    assert one.told == ["start", "read a", "read b", "end"]
    assert other.told == ["start", "read x", "end"]


def test_what_was_found_is_looked_at_again_behind_whoever_took_his_time(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not ready any more is not told so."""
    clock = Clock()
    monkeypatch.setattr(loops, "monotonic", clock)
    slow, robbed, third = (Reading() for _ in range(3))
    os.set_blocking(robbed.fd, False)

    def take_time() -> None:
        clock.now += 0.1
        os.read(robbed.fd, 1)

    slow.at_end = take_time
    third.at_end = lambda: os.write(robbed.write, b"y")
    for party in (slow, robbed, third):
        os.write(party.write, b"x")
        loop.add(party)
    loop.run()
    assert third.told == ["start", "read x", "end"]
    assert robbed.told == ["start", "read y", "end"]


def test_what_one_costs_does_not_grow_with_how_many_are_ready(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks are counted: each time somebody is told of something, a look is old."""
    clock = Clock()
    monkeypatch.setattr(loops, "monotonic", clock)
    looked: list[int] = []

    class Counting(Poller):
        def wait(self, deadline: float | None) -> list[tuple[int, int]]:
            looked.append(len(found := super().wait(deadline)))
            return found

        def look(self, fds: Iterable[int]) -> list[tuple[int, int]]:
            looked.append(len(found := super().look(fds)))
            return found

    def take_time() -> None:
        clock.now += 0.1

    loop = Loop(Counting(), stop)
    parties = [Reading() for _ in range(200)]
    for party in parties:
        party.at_end = take_time
        os.write(party.write, b"x")
        loop.add(party)
    loop.run()
    assert [party.told for party in parties] == [["start", "read x", "end"]] * 200
    assert sum(looked) <= (1 + 16) * 200
    loop.close()


def test_all_that_were_found_are_told_though_a_look_is_for_a_few(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first of them takes time; and of those behind it, some are ready no more."""
    clock = Clock()
    monkeypatch.setattr(loops, "monotonic", clock)
    parties = [Reading() for _ in range(100)]
    robbed = parties[1:40]
    for party in parties:
        os.set_blocking(party.fd, False)
        os.write(party.write, b"x")
        loop.add(party)

    def take_time() -> None:
        clock.now += 0.1
        for party in robbed:
            os.read(party.fd, 1)

    def give_back() -> None:
        for party in robbed:
            os.write(party.write, b"y")

    parties[0].at_end, parties[-1].at_end = take_time, give_back
    loop.run()
    for party in parties:
        assert party.told == ["start", "read y" if party in robbed else "read x", "end"]


def test_nobody_is_nothing_to_wait_for(loop: Loop) -> None:
    loop.run()


def test_a_pipe_is_told_apart_from_the_descriptor(loop: Loop) -> None:
    party = Reading()
    beside, write = os.pipe()
    party.pipe = beside
    party.at_pipe = lambda: os.write(party.write, b"x")
    os.write(write, b"p")
    loop.add(party)
    loop.run()
    assert party.told == ["start", "piped", "read x", "end"]
    assert os.read(beside, 9) == b"p", "the loop has read nothing of it"
    os.close(beside)
    os.close(write)


def test_a_pipe_that_is_waited_for_to_the_end_is_forgotten(loop: Loop) -> None:
    party = Reading()
    beside, write = os.pipe()
    party.pipe = beside
    os.write(party.write, b"x")
    loop.add(party)
    loop.run()
    os.write(write, b"p")
    after = Reading()
    os.write(after.write, b"x")
    loop.add(after)
    loop.run()
    assert party.told == ["start", "read x", "end"]
    os.close(beside)
    os.close(write)


def test_a_successor_is_not_told_what_was_reported_for_another(loop: Loop) -> None:
    """It gets the number of a pipe that could be read in the same round."""
    first, successor = Reading(), Reading()
    beside, write = os.pipe()
    first.pipe = beside

    def succeed() -> None:
        os.dup2(successor.fd, beside)
        os.close(successor.fd)
        os.set_blocking(beside, False)
        successor.fd = beside
        successor.deadline = 0.0
        loop.add(successor)

    first.at_end = succeed
    os.write(first.write, b"x")
    os.write(write, b"p")
    loop.add(first)
    loop.run()
    assert first.told == ["start", "read x", "end"]
    assert successor.told == ["start", "late", "end"]
    os.close(write)


def test_what_is_late_is_told(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(loops, "monotonic", clock)
    late, patient = Reading(), Reading()
    late.deadline, patient.deadline = 999.0, 5000.0
    loop.add(late)
    loop.add(patient)
    late.at_end = lambda: os.write(patient.write, b"x")
    monkeypatch.setattr("smtpwire.net.poll.monotonic", clock)
    loop.run()
    assert late.told == ["start", "late", "end"]
    assert patient.told == ["start", "read x", "end"]


def test_what_had_come_by_then_counts(loop: Loop) -> None:
    party = Reading()
    party.deadline = 0.0
    os.write(party.write, b"x")
    loop.add(party)
    loop.run()
    assert party.told == ["start", "read x", "end"]


def test_a_signal_reaches_everybody_and_whoever_comes_after_it(loop: Loop, stop: Stop) -> None:
    parties = [Reading() for _ in range(3)]
    late = Reading()
    parties[0].at_end = lambda: loop.add(late)
    for party in parties:
        loop.add(party)
    stop.now = True
    loop.run()
    assert [party.told for party in parties] == [["start", "interrupt", "end"]] * 3
    assert late.told == ["interrupt", "end"], "it is not even begun"


def test_calls_come_before_any_wait(loop: Loop) -> None:
    party = Reading()
    loop.add(party)
    loop.call(lambda: loop.call(lambda: os.write(party.write, b"x")))
    loop.run()
    assert party.told == ["start", "read x", "end"]


def test_a_later_call_comes_behind_whoever_is_ready(loop: Loop) -> None:
    """And it waits for nobody who is not."""
    ready, other = Reading(), Reading()
    for party in (ready, other):
        loop.add(party)
    os.write(ready.write, b"x")

    def last() -> None:
        assert ready.told == ["start", "read x", "end"]
        os.write(other.write, b"y")

    loop.call_later(last)
    loop.run()
    assert other.told == ["start", "read y", "end"]


def test_a_nudge(loop: Loop) -> None:
    party, gone = Reading(), Reading()
    os.write(gone.write, b"x")

    def at_end() -> None:
        loop.nudge(party)
        loop.nudge(gone)
        os.write(party.write, b"x")

    gone.at_end = at_end
    loop.add(party)
    loop.add(gone)
    loop.run()
    assert party.told == ["start", "go on", "read x", "end"]
    assert gone.told == ["start", "read x", "end"], "who is gone is not called"


def test_the_descriptors_of_a_loop_that_broke_are_closed(stop: Stop) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    loop = Loop(Poller(), stop)
    party, other = Reading(), Reading()

    def fail() -> None:
        raise Interrupted("by a test")

    party.at_end = fail
    os.write(party.write, b"x")
    loop.add(party)
    loop.add(other)
    with pytest.raises(Interrupted):
        loop.run()
    loop.close()
    assert sorted(os.listdir("/proc/self/fd")) == before
