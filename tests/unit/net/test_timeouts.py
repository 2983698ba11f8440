"""Limits of time, and what extends them; for a driver, too, on a clock that is a number."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.command import Wait
from smtpwire.core.event import Close
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Outcome
from smtpwire.errors import ServerClosing, TimedOut
from smtpwire.net import timeouts
from smtpwire.net.timeouts import FIXED, SECONDS, Deadline, limit
from tests.unit.net.clock import Clock
from tests.unit.net.played import CHUNKING, PIPELINING, Played, Text, greet, take_envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.net.peer import Peer
    from tests.unit.net.played import Piped
    from tests.unit.net.world import Worlds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timeouts, "monotonic", clock)
    return clock


def test_every_wait_for_a_peer_has_a_limit() -> None:
    assert set(SECONDS) == set(Wait) - {Wait.NOTHING}


@pytest.mark.parametrize(
    ("wait", "minutes"),
    [
        (Wait.GREETING, 5),
        (Wait.MAIL, 5),
        (Wait.RCPT, 5),
        (Wait.DATA, 2),
        (Wait.BLOCK, 3),
        (Wait.END_OF_DATA, 10),
    ],
)
def test_rfc_5321_section_4_5_3_2(wait: Wait, minutes: int) -> None:
    assert limit(wait, None) == minutes * 60


def test_timeout_only_shortens() -> None:
    assert limit(Wait.MAIL, 20) == 20
    assert limit(Wait.QUIT, 20) == SECONDS[Wait.QUIT]
    assert limit(Wait.NOTHING, 20) is None


def test_nothing_to_wait_for_has_no_deadline(clock: Clock) -> None:
    deadline = Deadline(20)
    assert deadline.follow(Wait.NOTHING, replies=1, written=0)
    assert deadline.at is None
    clock.now += 1e9
    assert not deadline.passed


def test_a_deadline_passes(clock: Clock) -> None:
    deadline = Deadline(None)
    assert deadline.follow(Wait.DATA, replies=3, written=0)
    assert deadline.at == clock.now + 120
    assert not deadline.passed
    clock.now += 120
    assert deadline.passed


@pytest.mark.parametrize(
    ("wait", "replies", "written", "extends"),
    [
        (Wait.MAIL, 3, 100, False),
        (Wait.MAIL, 4, 100, True),
        (Wait.RCPT, 3, 100, True),
        (Wait.MAIL, 3, 101, False),  # octets of commands say nothing about replies
    ],
)
def test_only_a_reply_or_another_wait_extends_a_deadline(
    clock: Clock, wait: Wait, replies: int, written: int, extends: bool
) -> None:
    deadline = Deadline(None)
    deadline.follow(Wait.MAIL, replies=3, written=100)
    clock.now += 299
    assert deadline.follow(wait, replies=replies, written=written) is extends
    clock.now += 2
    assert deadline.passed is not extends


def test_content_that_is_taken_extends_a_deadline(clock: Clock) -> None:
    deadline = Deadline(None)
    deadline.follow(Wait.BLOCK, replies=3, written=100)
    clock.now += 179
    assert deadline.follow(Wait.BLOCK, replies=3, written=101)
    clock.now += 179
    assert not deadline.follow(Wait.BLOCK, replies=3, written=101)
    clock.now += 1
    assert deadline.passed


@pytest.mark.parametrize("wait", [wait for wait in Wait if wait in FIXED])
def test_nothing_extends_the_last_waits(clock: Clock, wait: Wait) -> None:
    deadline = Deadline(None)
    deadline.follow(wait, replies=3, written=100)
    clock.now += SECONDS[wait]
    assert not deadline.follow(wait, replies=4, written=200)
    assert deadline.passed


# -- of a driver -----------------------------------------------------------------------------------


def test_octets_that_trickle_do_not_extend_the_wait_for_a_reply(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        for octet in b"220-" + b"x" * 1000:
            peer.say(bytes([octet]))
            yield 20

    patient = world(server)
    error = Played(patient).run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "GREETING"
    assert str(error) == "waited 300 seconds for the greeting"
    assert patient.now == 1300


def test_octets_that_never_pause_do_not_extend_it_either(world: Worlds) -> None:
    """There is something to read at every look, and it is never a reply."""

    def server(peer: Peer) -> Iterator[float]:
        peer.say(b"220-")
        while True:
            peer.say(b"x")
            peer.say(b"x")
            yield 0

    busy = world(server)
    busy.tick = 0.5
    played = Played(busy, timeout=60)
    played.connection._transport.recv = lambda: played.connection._sock.recv(1)  # type: ignore[method-assign] # a stand-in
    assert isinstance(played.run().error, TimedOut)
    assert busy.now <= 1061


def test_each_line_of_a_reply_is_on_the_same_clock(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        peer.say("220 mail.example")
        yield 0
        for _ in range(1000):
            peer.say("250-more")
            yield 100

    patient = world(server)
    error = Played(patient).run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "HELLO"
    assert patient.now == 1300


def test_each_reply_has_its_own_time(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield 299
        peer.say("220 mail.example")
        yield 299
        peer.say(*PIPELINING)
        yield 299
        peer.say("250 ok")
        yield 299
        peer.say("250 ok")
        yield 119
        peer.say("354 go on")
        yield 599
        peer.say("250 queued")
        yield 4
        peer.say("221 bye")
        yield 0

    played = Played(world(server))
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_timeout_is_for_every_phase(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer)
        yield 21

    short = world(server)
    error = Played(short, timeout=20).run().error
    assert str(error) == "waited 20 seconds for the reply to MAIL"
    assert short.now == 1020


def test_what_had_come_by_the_deadline_counts(world: Worlds) -> None:
    """The process was stopped for an hour (SIGSTOP, or a laptop that slept)."""

    def server(peer: Peer) -> Iterator[float]:
        for _ in take_envelope(peer):
            stopped.now += 3600
            yield 0
        peer.say("250 queued", "221 bye")
        stopped.now += 3600
        yield 0

    stopped = world(server)
    played = Played(stopped)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_a_server_that_takes_no_content(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)

    deaf = world(server)
    played = Played(deaf, Text(*[b"x" * 78 + b"\r\n"] * 50_000))
    error = played.run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "BLOCK"
    assert deaf.now == 1180
    assert played.outcomes == [Outcome.DEFERRED]


def test_a_server_that_takes_content_slowly_is_waited_for(world: Worlds) -> None:
    body = Text(*[b"x" * 78 + b"\r\n"] * 50_000)

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        heard = b""
        while not heard.endswith(b"QUIT\r\n"):
            heard += peer.hear()
            yield 170
        peer.say("250 queued", "221 bye")
        yield 0

    slow = world(server)
    played = Played(slow, body)
    assert played.run() == Close(None)
    assert slow.now > 1000 + 2 * 180


def test_no_answer_to_the_end_of_data(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)

    silent = world(server)
    played = Played(silent)
    error = played.run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "END_OF_DATA"
    assert silent.now == 1600
    assert played.outcomes == [Outcome.UNKNOWN]


@pytest.mark.parametrize("answer", [(), ("250-still here",)])
def test_quit_is_not_waited_for_long(world: Worlds, answer: tuple[str, ...]) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        peer.say("250 queued")
        yield 1
        while answer:
            peer.say(*answer)
            yield 1

    silent = world(server)
    played = Played(silent)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]
    assert silent.now == 1005


def test_a_server_that_refused_bdat_is_not_waited_for_long(world: Worlds) -> None:
    """A second end of data is out when BDAT is refused: its reply may come, for five seconds."""

    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, *CHUNKING)
        peer.hear()
        peer.say("250 ok", "250 ok", "502 what?")
        yield 100

    refusing = world(server)
    options = SessionOptions(helo="me.example", no_wait=True)
    played = Played(refusing, Text(), Text(), options=options)
    assert isinstance(played.run().error, ServerClosing)
    assert played.outcomes == [Outcome.DEFERRED, Outcome.UNKNOWN]
    assert refusing.now == 1005


def test_a_server_that_takes_nothing_is_not_waited_for_whatever_the_pipe_has(
    world: Worlds, pipe: Piped
) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        os.set_blocking(pipe.write, False)
        while True:
            try:
                os.write(pipe.write, b"x" * 40_000 + b"\n")
            except BlockingIOError:  # nor does the client take any more
                break
            yield 1

    full = world(server)
    played = Played(full, pipe, timeout=20)
    error = played.run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "BLOCK"
    assert played.outcomes == [Outcome.DEFERRED]


def test_the_wait_for_a_reply_begins_when_the_command_is_out(clock: Clock) -> None:
    deadline = Deadline(2.0)
    deadline.follow(Wait.MAIL, replies=1, written=10, waiting=True)
    clock.now += 3.0
    deadline.follow(Wait.MAIL, replies=1, written=30, waiting=False)
    assert deadline.at == clock.now + 2.0


def test_what_is_limited_as_a_whole_is_not_begun_anew_by_a_write(clock: Clock) -> None:
    deadline = Deadline(2.0)
    deadline.follow(Wait.QUIT, replies=1, written=10, waiting=True)
    clock.now += 1.0
    deadline.follow(Wait.QUIT, replies=1, written=30, waiting=False)
    assert deadline.at == clock.now + 1.0
