"""An alarm: it rings once, in time, and lets nobody wait for nothing."""

from __future__ import annotations

import os
from time import monotonic

from smtpwire.errors import Interrupted
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.alarm import Alarm
from smtpwire.run.stop import StopRequest

LATER = 1000.0
"""Seconds that no test waits."""


class Bell:
    """An alarm, its loop, and when it rang."""

    def __init__(self) -> None:
        self.loop = Loop(Poller(-1), StopRequest())
        self.rang: list[float] = []
        self.alarm = Alarm(self.loop, lambda: self.rang.append(monotonic()))


def test_it_rings_in_time_and_the_loop_ends() -> None:
    bell = Bell()
    at = monotonic() + 0.02
    bell.alarm.set(at)
    bell.loop.run()
    assert len(bell.rang) == 1
    assert bell.rang[0] >= at


def test_the_earliest_time_counts() -> None:
    bell = Bell()
    bell.alarm.set(monotonic() + LATER)
    bell.alarm.set(monotonic() + 0.01)
    bell.alarm.set(monotonic() + LATER)
    bell.loop.run()
    assert len(bell.rang) == 1


def test_it_can_be_set_again() -> None:
    bell = Bell()
    for times in (1, 2):
        bell.alarm.set(monotonic())
        bell.loop.run()
        assert len(bell.rang) == times


def test_one_that_is_called_off_rings_at_once() -> None:
    bell = Bell()
    bell.alarm.cancel()
    bell.alarm.set(monotonic() + LATER)
    bell.alarm.cancel()
    bell.loop.run()
    assert len(bell.rang) == 1


def test_an_interruption_ends_it() -> None:
    bell = Bell()
    bell.alarm.set(monotonic() + LATER)
    bell.loop.interrupt(Interrupted("now"))
    bell.loop.run()
    assert len(bell.rang) == 1


def test_no_descriptor_is_left() -> None:
    before = len(os.listdir("/proc/self/fd"))
    bell = Bell()
    for _ in range(5):
        bell.alarm.set(monotonic())
        bell.loop.run()
    bell.alarm.set(monotonic() + LATER)
    bell.loop.close()
    assert len(os.listdir("/proc/self/fd")) == before
