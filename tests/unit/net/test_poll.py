"""Waiting for descriptors, for a time, or for a signal; the same for a few and for many."""

from __future__ import annotations

import os
import socket
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from smtpwire.net.poll import BROKEN, ENDED, MANY, READ, WRITE, Poller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    MakePoller = Callable[..., Poller]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture
def bell() -> Iterator[tuple[int, int]]:
    """A pipe of the kind that a signal's handler writes to."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    yield read, write
    os.close(read)
    os.close(write)


@pytest.fixture(params=["few", "many"])
def poller(request: pytest.FixtureRequest) -> Iterator[MakePoller]:
    """Makes a poller that watches nothing yet, or many descriptors on which nothing happens."""
    made: list[Poller] = []
    pipes = [os.pipe() for _ in range((MANY + 1) * (request.param == "many"))]

    def make(wake_fd: int = -1) -> Poller:
        made.append(Poller(wake_fd))
        for read, _ in pipes:
            made[-1].watch(read, READ)
        return made[-1]

    yield make
    for each in made:
        each.close()
        each.close()  # may be repeated
    for ends in pipes:
        for end in ends:
            os.close(end)


def test_what_is_asked_for_is_told(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    fd, waiting = one.fileno(), poller()
    waiting.watch(fd, WRITE)
    assert waiting.wait(None) == [(fd, WRITE)]
    waiting.watch(fd, READ)
    assert waiting.wait(monotonic()) == []
    other.send(b"x")
    assert waiting.wait(None) == [(fd, READ)]
    waiting.watch(fd, READ | WRITE)
    assert waiting.wait(None) == [(fd, READ | WRITE)]
    waiting.watch(fd, 0)
    assert waiting.wait(monotonic()) == []


def test_a_look_is_at_what_was_asked_and_is_watched(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    waiting = poller()
    waiting.watch(one.fileno(), READ)
    waiting.watch(other.fileno(), WRITE)
    assert waiting.look([one.fileno()]) == []
    other.send(b"x")
    assert waiting.look([one.fileno()]) == [(one.fileno(), READ)]
    both = [(other.fileno(), WRITE), (one.fileno(), READ)]
    assert waiting.look([other.fileno(), one.fileno()]) == both
    other.shutdown(socket.SHUT_WR)
    assert waiting.look([one.fileno()]) == [(one.fileno(), READ | ENDED)]
    waiting.forget(one.fileno())
    assert waiting.look([one.fileno()]) == []


def test_an_end_is_told_with_what_can_be_read(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    waiting = poller()
    waiting.watch(one.fileno(), READ)
    other.send(b"x")
    other.shutdown(socket.SHUT_WR)
    assert waiting.wait(None) == [(one.fileno(), READ | ENDED)]


def test_what_is_broken_is_told_though_nobody_asked(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    waiting = poller()
    waiting.watch(one.fileno(), 0)
    other.close()
    ((_, events),) = waiting.wait(None)
    assert events & BROKEN


def test_what_is_ready_is_told_after_the_deadline_too(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket]
) -> None:
    waiting = poller()
    waiting.watch(pair[0].fileno(), WRITE)
    assert waiting.wait(monotonic() - 3600) == [(pair[0].fileno(), WRITE)]


def test_several_at_once(poller: MakePoller, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    waiting = poller()
    waiting.watch(one.fileno(), WRITE)
    waiting.watch(other.fileno(), WRITE)
    assert sorted(waiting.wait(None)) == sorted([(one.fileno(), WRITE), (other.fileno(), WRITE)])


def test_a_number_that_is_used_again_is_a_new_descriptor(poller: MakePoller) -> None:
    waiting = poller()
    for _ in range(2):
        one, other = socket.socketpair()
        with one, other:
            other.send(b"x")
            waiting.watch(one.fileno(), READ)
            assert waiting.wait(None) == [(one.fileno(), READ)]
            waiting.forget(one.fileno())
    assert waiting.wait(monotonic()) == []


def test_what_was_closed_can_still_be_forgotten(poller: MakePoller) -> None:
    waiting = poller()
    one, other = socket.socketpair()
    fd = one.fileno()
    waiting.watch(fd, READ)
    one.close()
    other.close()
    waiting.forget(fd)
    assert waiting.wait(monotonic()) == []


def test_a_file_is_always_ready(poller: MakePoller) -> None:
    """epoll_ctl(2) refuses it, and poll(2) says that it can be read."""
    waiting = poller()
    with open("/dev/zero", "rb") as file:
        waiting.watch(file.fileno(), READ)
        assert waiting.wait(None) == [(file.fileno(), READ)]
        waiting.watch(file.fileno(), READ)
        waiting.forget(file.fileno())
        assert waiting.wait(monotonic()) == []


def test_a_signal_ends_a_wait_and_only_one(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket], bell: tuple[int, int]
) -> None:
    read, write = bell
    waiting = poller(read)
    waiting.watch(pair[0].fileno(), READ)
    os.write(write, b"\x0f\x0f")
    assert waiting.wait(None) == []
    with pytest.raises(BlockingIOError):
        os.read(read, 1)


def test_a_signal_does_not_hide_what_is_ready(
    poller: MakePoller, pair: tuple[socket.socket, socket.socket], bell: tuple[int, int]
) -> None:
    read, write = bell
    os.write(write, b"\x0f")
    waiting = poller(read)
    waiting.watch(pair[0].fileno(), WRITE)
    assert waiting.wait(None) == [(pair[0].fileno(), WRITE)]
