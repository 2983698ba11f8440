"""The driver against servers that do their worst: order, content that fails, signals."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Close, Ready
from smtpwire.core.session import Login, SessionOptions
from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectionLost, Interrupted, MessageUnreadable, ServerClosing
from tests.unit.net.played import (
    CHUNKING,
    CONTENT,
    END,
    GROUP,
    Played,
    Text,
    Watcher,
    greet,
    take_envelope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.message.reader import BodyReader
    from tests.unit.net.peer import Peer
    from tests.unit.net.played import Piped
    from tests.unit.net.world import Worlds


# -- the usual way ---------------------------------------------------------------------------------


def test_a_message_by_data(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        assert peer.hear() == b"X: 1\r\n" + CONTENT + END + b"QUIT\r\n"
        peer.say("250 queued", "221 bye")
        yield 0

    played = Played(world(server), prefix=b"X: 1\r\n")
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]
    assert isinstance(played.watcher.events[0], Ready)


def test_a_message_by_bdat_in_chunks(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, *CHUNKING)
        assert peer.hear() == GROUP.removesuffix(b"DATA\r\n")
        peer.say("250 ok", "250 ok")
        yield 0
        said = b"BDAT 20\r\n" + CONTENT[:20] + b"BDAT 4 LAST\r\n" + CONTENT[20:] + b"QUIT\r\n"
        assert peer.hear() == said
        peer.say("250 20 octets", "250 queued", "221 bye")
        yield 0

    options = SessionOptions(helo="me.example", chunk_size=20)
    played = Played(world(server), options=options)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_a_large_message_goes_as_the_server_takes_it(world: Worlds) -> None:
    body = Text(*[b"x" * 78 + b"\r\n"] * 50_000)

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        heard = b""
        while not heard.endswith(b"QUIT\r\n"):
            heard += peer.hear()
            yield 0
        assert len(heard) == body.size + len(END + b"QUIT\r\n")
        peer.say("250 queued", "221 bye")
        yield 0

    played = Played(world(server), body)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_an_observer_sees_every_line_and_how_much_content(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer)
        peer.say("250 ok", "250 ok", "354 go on")
        yield 0
        peer.say("550 no", "221 bye")
        yield 0

    played = Played(world(server), trace=True)
    played.run()
    assert played.watcher.trace == [
        ("reply", 220, False),
        ("sent", b"EHLO me.example\r\n", False),
        ("reply", 250, False),
        ("sent", b"MAIL FROM:<a@x>\r\n", False),
        ("sent", b"RCPT TO:<b@y>\r\n", False),
        ("sent", b"DATA\r\n", False),
        ("reply", 250, False),
        ("reply", 250, False),
        ("reply", 354, False),
        ("body", len(CONTENT), False),
        ("last", len(END), False),
        ("sent", b"QUIT\r\n", False),
        ("failure", 550, False),
        ("reply", 221, False),
    ]
    assert played.watcher.secrets == []


def test_an_observer_is_told_what_is_secret(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, "250-mail.example", "250 AUTH PLAIN")
        peer.say("535 no")
        yield 0
        peer.say("221 bye")
        yield 0

    login = Login("me", lambda: "secret")
    options = SessionOptions(helo="me.example", login=login, loopback=True)
    played = Played(world(server), options=options, trace=True)
    played.run()
    (secret,) = played.watcher.secrets
    assert secret.startswith(b"AUTH PLAIN ")


# -- reading before writing ------------------------------------------------------------------------


@pytest.mark.parametrize("last_words", ["", "421 busy"])
def test_nothing_is_written_to_a_server_that_has_gone(world: Worlds, last_words: str) -> None:
    def server(peer: Peer) -> Iterator[float]:
        peer.say("220 mail.example", *filter(None, [last_words]))
        peer.finish()
        yield 0
        assert peer.hear() == b""

    played = Played(world(server))
    error = played.run().error
    assert isinstance(error, ServerClosing if last_words else ConnectionLost)


@pytest.mark.parametrize("seconds", [0.0, 0.1], ids=["at once", "taking its time"])
def test_what_a_354_asked_for_waits_for_a_look_where_what_rides_behind_took_its_time(
    world: Worlds, seconds: float
) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)

    class Slow(Watcher):
        def feed(self, *, ahead: bool) -> bool:
            if ahead:
                return False  # as where several connections share the messages
            if self.begun:
                asking.now += seconds
                asking.peers[0].finish()
            return super().feed(ahead=ahead)

    asking = world(server)
    played = Played(asking, owner=Slow([Text(), Text()]))
    assert isinstance(played.run().error, ConnectionLost)
    wrote = not seconds
    assert asking.peers[0].hear().startswith(CONTENT) is wrote
    assert [result.resend for result in played.watcher.results] == [not wrote, True]


@pytest.mark.parametrize("last_words", ["", "421 busy"])
def test_no_further_message_is_begun_with_a_server_that_has_gone(
    world: Worlds, last_words: str
) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, "250 mail.example")
        for reply in ("250 ok", "250 ok", "354 go on"):
            peer.hear()
            peer.say(reply)
            yield 0
        assert peer.hear() == CONTENT + END
        peer.say("250 queued", *filter(None, [last_words]))
        peer.finish()
        yield 0
        assert peer.hear() == b""

    played = Played(world(server), Text(), Text())
    error = played.run().error
    assert isinstance(error, ServerClosing if last_words else ConnectionLost)
    assert played.outcomes[0] is Outcome.ACCEPTED
    assert [result.resend for result in played.watcher.results] == [False, True]


def test_a_421_that_crosses_a_write_is_the_reason_that_is_told(world: Worlds) -> None:
    """The write was tried before the 421 was there to be seen, and failed."""

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer, "250-mail.example", "250 PIPELINING")
        peer.say("421 shutting down")
        peer.vanish()
        crossing.blind = True
        yield 0

    crossing = world(server)
    played = Played(crossing, Text(*[b"x" * 78 + b"\r\n"] * 50_000))
    assert isinstance(played.run().error, ServerClosing)
    assert played.outcomes == [Outcome.DEFERRED]


def test_a_write_that_fails_for_no_reason_that_is_told(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        peer.vanish()
        crossing.blind = True
        yield 0

    crossing = world(server)
    played = Played(crossing, Text(*[b"x" * 78 + b"\r\n"] * 50_000))
    error = played.run().error
    assert isinstance(error, ConnectionLost)
    assert str(error) == "the connection broke: Broken pipe"
    assert played.outcomes == [Outcome.DEFERRED]


# -- content that takes its time -------------------------------------------------------------------


def test_content_goes_as_a_pipe_gives_it(world: Worlds, pipe: Piped) -> None:
    """However long that takes: it is not the server that is waited for."""

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        heard = b""
        for block in (b"one\n", b"two\n", b"\r", b"\n.three\n"):
            yield 1000
            os.write(pipe.write, block)
            heard += peer.hear()
        yield 1000
        assert heard + peer.hear() == b"one\r\ntwo\r\n", "the rest may be the end, and waits for it"
        pipe.finish()
        yield 0
        assert peer.hear() == b"\r\n..three\r\n" + END + b"QUIT\r\n"
        peer.say("250 queued", "221 bye")
        yield 0

    played = Played(world(server), pipe, timeout=20)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


@pytest.mark.parametrize("rest", [False, True], ids=["silent", "the rest comes too"])
@pytest.mark.parametrize(
    "word", ["250 early", "421 closing", "552 too big", ""], ids=["250", "421", "552", "FIN"]
)
def test_fault_139_140_141_a_server_is_heard_while_a_pipe_is_silent(
    world: Worlds, pipe: Piped, word: str, rest: bool
) -> None:
    """And nothing is written behind its word: least of all an end of data."""

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        os.write(pipe.write, b"one\n")
        yield 1
        os.write(pipe.write, b"two\n")
        yield 1
        if rest:
            os.write(pipe.write, b"three\n")
            pipe.finish()
        heard.append(peer.hear())
        if word:
            peer.say(word)
        else:
            peer.finish()
        yield 0

    heard: list[bytes] = []
    slow = world(server)
    played = Played(slow, pipe, timeout=20)
    played.run()
    assert slow.now < 1010, "at once"
    assert slow.peers[0].hear() == b""
    assert played.outcomes == [Outcome.REFUSED if word.startswith("5") else Outcome.DEFERRED]
    assert END not in heard[0]


def test_a_signal_while_a_pipe_is_silent(world: Worlds, pipe: Piped) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        os.write(pipe.write, b"one\n")
        yield 1
        silent.stop.now = True
        yield 1

    silent = world(server)
    played = Played(silent, pipe)
    assert isinstance(played.run().error, Interrupted)
    assert played.outcomes == [Outcome.UNSENT]


# -- content that fails ----------------------------------------------------------------------------


def test_a_message_that_cannot_be_read_is_never_ended(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        heard.append(peer.hear())

    heard: list[bytes] = []
    played = Played(world(server), Text(b"half", broken=True))
    played.run()
    (result,) = played.watcher.results
    assert isinstance(result.error, MessageUnreadable)
    assert played.outcomes == [Outcome.UNSENT]
    assert not result.resend
    assert heard in ([], [b"half"])


def test_it_does_not_take_those_before_it_along(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, *CHUNKING)
        assert peer.hear().count(b"LAST") == 2
        peer.say("250 ok", "250 ok", "250 queued", "250 reset", "250 ok", "250 ok")
        yield 0

    options = SessionOptions(helo="me.example", no_wait=True)
    played = Played(world(server), Text(), Text(b"half", broken=True), options=options)
    played.run()
    assert played.outcomes == [Outcome.ACCEPTED, Outcome.UNSENT]


# -- signals ---------------------------------------------------------------------------------------


def test_a_signal_before_the_end_of_data(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer)
        interrupted.stop.now = True
        yield 0
        raise AssertionError("nothing is waited for")

    interrupted = world(server)
    played = Played(interrupted)
    assert isinstance(played.run().error, Interrupted)
    assert played.outcomes == [Outcome.UNSENT]
    assert interrupted.peers[0].hear() == GROUP, "and no QUIT"


def test_a_signal_in_the_content(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        interrupted.stop.now = True
        yield 0
        raise AssertionError("nothing is waited for")

    interrupted = world(server)
    played = Played(interrupted, Text(*[b"x" * 78 + b"\r\n"] * 50_000))
    assert isinstance(played.run().error, Interrupted)
    assert played.outcomes == [Outcome.UNSENT]
    assert END not in interrupted.peers[0].hear()


def test_a_signal_while_a_pipe_is_read(world: Worlds) -> None:
    """The reading is cut short; then the signal is what it is anywhere else."""

    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)

    class Pipe(Text):
        def reader(self, *, stuffed: bool, prefix: bytes = b"") -> BodyReader:
            interrupted.stop.now = True
            raise Interrupted("in the middle of a read")

    interrupted = world(server)
    played = Played(interrupted, Pipe())
    assert isinstance(played.run().error, Interrupted)
    assert played.outcomes == [Outcome.UNSENT]


@pytest.mark.parametrize("answered", [True, False])
def test_a_signal_with_an_end_of_data_out(world: Worlds, answered: bool) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from take_envelope(peer)
        interrupted.stop.now = True
        yield 0.5
        if answered:
            peer.say("250 queued")
        yield 100

    interrupted = world(server)
    played = Played(interrupted, Text(), Text())
    assert isinstance(played.run().error, Interrupted)
    assert played.outcomes[0] is (Outcome.ACCEPTED if answered else Outcome.UNKNOWN)
    assert played.outcomes[1] is Outcome.UNSENT
    assert interrupted.now == (1000.5 if answered else 1001)
