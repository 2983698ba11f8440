"""Signals: noted by the handlers, told to whoever asks, and raised only where that was allowed."""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import Interrupted
from smtpwire.run.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stop() -> Iterator[StopRequest]:
    """One that takes the signals of this process."""
    request = StopRequest()
    request.install()
    yield request
    request.uninstall()


def wakes(stop: StopRequest) -> bool:
    poll = select.poll()
    poll.register(stop.wake_fd, select.POLLIN)
    return bool(poll.poll(0))


def test_nothing_is_asked_for_at_first(stop: StopRequest) -> None:
    assert stop.error() is None
    assert stop.signal is None
    assert not wakes(stop)
    assert stop.during(lambda: 7) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_raises_nothing(stop: StopRequest, number: signal.Signals) -> None:
    signal.raise_signal(number)
    assert stop.signal == number
    assert wakes(stop)
    assert str(stop.error()) == f"stopped by {number.name}"


def test_the_first_signal_is_the_one_that_counts(stop: StopRequest) -> None:
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert stop.signal == signal.SIGTERM


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interrupt_ends_the_process_at_once(
    stop: StopRequest, first: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, left = [5.0], list[int]()
    monkeypatch.setattr("smtpwire.run.stop.monotonic", lambda: times[-1])
    monkeypatch.setattr(os, "_exit", left.append)
    signal.raise_signal(first)
    times.append(5.1)
    signal.raise_signal(signal.SIGINT)  # the same request
    times.append(5.3)
    signal.raise_signal(signal.SIGTERM)
    assert left == []
    signal.raise_signal(signal.SIGINT)
    assert left == [130]
    assert stop.signal == first


def test_what_blocks_is_cut_short(stop: StopRequest) -> None:
    """A read that would never end: the handler raises out of it."""
    read, write = os.pipe()

    def blocking() -> bytes:
        signal.raise_signal(signal.SIGTERM)
        return os.read(read, 1)

    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        stop.during(blocking)
    assert stop.signal == signal.SIGTERM
    os.close(read)
    os.close(write)


def test_a_signal_that_comes_just_before_a_read_ends_it_too(stop: StopRequest) -> None:
    """Its handler has not run when the read begins, and nothing interrupts the read any more."""
    read, write = os.pipe()

    def blocking() -> bytes:
        # To note the signal as the system does, without a step of Python between it and the read.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        signal.raise_signal(signal.SIGTERM)
        os.read(read, 1)
        return b""

    watchdog = threading.Timer(20, os.write, (write, b"x"))
    alarms: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: _unblock(alarms, number))
    watchdog.start()
    try:
        with pytest.raises(Interrupted, match="stopped by SIGTERM"):
            stop.during(blocking)
    finally:
        watchdog.cancel()
        signal.signal(signal.SIGALRM, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    assert alarms
    os.close(read)
    os.close(write)


def _unblock(alarms: list[int], number: int) -> None:
    alarms.append(number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def test_nothing_that_blocks_is_begun_after_a_signal(stop: StopRequest) -> None:
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(Interrupted, match="stopped by SIGINT"):
        stop.during(lambda: pytest.fail("begun"))


def test_after_a_call_signals_are_only_noted_again(stop: StopRequest) -> None:
    stop.during(lambda: None)
    signal.raise_signal(signal.SIGTERM)
    assert stop.signal == signal.SIGTERM


def test_an_error_of_the_call_passes_through(stop: StopRequest) -> None:
    with pytest.raises(ZeroDivisionError):
        stop.during(lambda: 1 // 0)
    signal.raise_signal(signal.SIGTERM)


def test_the_signals_are_given_back() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    fds = sorted(os.listdir("/proc/self/fd"))
    request = StopRequest()
    request.install()
    assert signal.getsignal(signal.SIGINT) != before[0]
    request.uninstall()
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert request.wake_fd == -1
    assert sorted(os.listdir("/proc/self/fd")) == fds


def test_without_handlers_it_can_be_given_to_any_run() -> None:
    request = StopRequest()
    assert request.wake_fd == -1
    assert request.error() is None
    assert request.during(lambda: 7) == 7
