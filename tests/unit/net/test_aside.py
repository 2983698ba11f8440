"""Calls in a thread: what came of them is told in the loop, or where they are waited for."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import ConnectError, Interrupted
from smtpwire.net.aside import aside, within
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from tests.unit.net.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smtpwire.errors import SMTPError

LATE = ConnectError("too late")


class Call:
    """A call that goes on until the test is over."""

    def __init__(self) -> None:
        self._release, self._over = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self._release.wait()
        self._over.set()

    def end(self) -> None:
        self._release.set()
        assert self._over.wait(20)


@pytest.fixture
def endless() -> Iterator[Call]:
    call = Call()
    yield call
    call.end()


def told_of(
    call: Callable[[], object],
    stop: Stop | None = None,
    limit: tuple[float, SMTPError] | None = None,
) -> list[object]:
    """What is told of a call."""
    told: list[object] = []
    before = os.listdir("/proc/self/fd")
    loop = Loop(Poller(), stop or Stop())
    aside(loop, call, done=told.append, failed=told.append, limit=limit)
    loop.run()
    if limit is None:  # else the thread has its end of the pipe still
        assert os.listdir("/proc/self/fd") == before
    return told


def test_what_it_returns_is_told() -> None:
    assert told_of(lambda: 7) == [7]


def test_what_it_raises_is_told() -> None:
    error = ConnectError("no")

    def fail() -> None:
        raise error

    assert told_of(fail) == [error]


def test_a_defect_is_raised_from_the_loop() -> None:
    with pytest.raises(ZeroDivisionError):
        told_of(lambda: 1 // 0)


def test_it_may_have_a_limit(endless: Call) -> None:
    assert told_of(endless, limit=(0.01, LATE)) == [LATE]


def test_the_loop_goes_on_meanwhile(endless: Call) -> None:
    told: list[object] = []
    loop = Loop(Poller(), Stop())
    aside(loop, endless, done=told.append, failed=told.append, limit=(20, LATE))
    aside(loop, lambda: "other", done=lambda _: endless.end(), failed=told.append)
    loop.run()
    assert told == [None]


def test_a_signal_ends_the_wait(endless: Call) -> None:
    stop = Stop()
    told: list[object] = []
    loop = Loop(Poller(), stop)
    aside(loop, endless, done=told.append, failed=told.append)
    stop.now = True
    loop.run()
    assert [type(error) for error in told] == [Interrupted]


def test_behind_a_signal_nothing_is_called() -> None:
    loop = Loop(Poller(), Stop())
    loop.interrupt(Interrupted("a signal came"))
    told: list[object] = []
    before = os.listdir("/proc/self/fd")
    aside(loop, lambda: 7, done=told.append, failed=told.append)
    assert [type(error) for error in told] == [Interrupted]
    assert os.listdir("/proc/self/fd") == before


def test_what_it_returns_is_returned_to_who_waits() -> None:
    assert within(20, lambda: 7) == 7


def test_what_it_raises_is_raised_where_it_is_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        within(20, lambda: 1 // 0)


def test_the_wait_has_a_limit(endless: Call) -> None:
    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 seconds"):
        within(0.01, endless)
