"""Waiting for one descriptor, for a time, or for a signal."""

from __future__ import annotations

import os
import socket
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from smtpwire.net.poll import BROKEN, PIPED, READ, WRITE, Poller

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_what_is_asked_for_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    poller = Poller()
    assert poller.wait(one.fileno(), WRITE, None) == WRITE
    assert poller.wait(one.fileno(), READ, monotonic()) == 0
    other.send(b"x")
    assert poller.wait(one.fileno(), READ, None) == READ
    assert poller.wait(one.fileno(), READ | WRITE, None) == READ | WRITE


def test_an_end_is_told_though_nobody_asked(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.close()
    assert Poller().wait(one.fileno(), READ, None) & BROKEN


def test_what_is_ready_is_told_after_the_deadline_too(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    assert Poller().wait(pair[0].fileno(), WRITE, monotonic() - 3600) == WRITE


def test_one_descriptor_after_another(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    poller = Poller()
    other.send(b"x")
    assert poller.wait(one.fileno(), READ, None) == READ
    assert poller.wait(other.fileno(), READ, monotonic()) == 0, "the first is not watched any more"


def test_a_number_that_is_used_again_is_a_new_descriptor() -> None:
    poller = Poller()
    for _ in range(2):
        one, other = socket.socketpair()
        with one, other:
            other.send(b"x")
            assert poller.wait(one.fileno(), READ, None) == READ
            poller.forget()
    poller.forget()  # nothing is watched now, and that is no error


def test_a_signal_ends_a_wait_and_only_one(
    pair: tuple[socket.socket, socket.socket], bell: tuple[int, int]
) -> None:
    read, write = bell
    poller = Poller(read)
    os.write(write, b"\x0f\x0f")
    assert poller.wait(pair[0].fileno(), READ, None) == 0
    with pytest.raises(BlockingIOError):
        os.read(read, 1)


def test_a_signal_does_not_hide_what_is_ready(
    pair: tuple[socket.socket, socket.socket], bell: tuple[int, int]
) -> None:
    read, write = bell
    os.write(write, b"\x0f")
    assert Poller(read).wait(pair[0].fileno(), WRITE, None) == WRITE


def test_a_pipe_is_waited_for_together_with_the_descriptor(
    pair: tuple[socket.socket, socket.socket], bell: tuple[int, int]
) -> None:
    pipe, write = bell
    one, other = pair
    poller = Poller()
    assert poller.wait(one.fileno(), READ, monotonic(), pipe=pipe) == 0
    os.write(write, b"content")
    assert poller.wait(one.fileno(), READ, None, pipe=pipe) == PIPED
    other.send(b"x")
    assert poller.wait(one.fileno(), READ, None, pipe=pipe) == READ | PIPED
    assert poller.wait(one.fileno(), READ, None) == READ, "the pipe was for that one time"
    assert os.read(pipe, 100) == b"content", "the poller has read nothing of it"


def test_the_end_of_a_pipe_can_be_read(pair: tuple[socket.socket, socket.socket]) -> None:
    pipe, write = os.pipe()
    os.close(write)
    assert Poller().wait(pair[0].fileno(), READ, None, pipe=pipe) == PIPED
    os.close(pipe)
