"""The driver against servers that do their worst; time is a number (tests/unit/net/world.py)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, cast

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Close, Ready, Settled
from smtpwire.core.session import Login, SessionOptions, TLSMode
from smtpwire.core.transaction import Envelope, Outcome, Submission, TransactionResult
from smtpwire.errors import (
    CertificateError,
    ConnectionLost,
    Interrupted,
    MessageUnreadable,
    RemoteProtocolError,
    ServerClosing,
    TimedOut,
    TLSError,
)
from smtpwire.message.reader import BodyReader
from smtpwire.net.connection import Connection
from tests.unit.net.peer import Peer, client_context
from tests.unit.net.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator

    from smtpwire.core.event import Event
    from smtpwire.core.reply import Reply
    from smtpwire.message.body import Body
    from smtpwire.net.poll import Poller
    from tests.unit.net.world import Server

ENVELOPE = Envelope(parse_address("a@x"), (parse_address("b@y"),))
CONTENT = b"Subject: test\r\n\r\nhello\r\n"
END = b".\r\n"

PIPELINING = ("250-mail.example", "250 PIPELINING")
CHUNKING = ("250-mail.example", "250-PIPELINING", "250 CHUNKING")

GROUP = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"


class Text:
    """A body made of these pieces; `broken` comes behind them."""

    def __init__(self, *pieces: bytes, broken: bool = False) -> None:
        self._content = pieces or (CONTENT,)
        self._broken = broken
        self.size = sum(map(len, self._content)) + broken * 100

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> BodyReader:
        return BodyReader(self._pieces(stuffed, prefix))

    def _pieces(self, stuffed: bool, prefix: bytes) -> Iterator[bytes]:
        if prefix:
            yield prefix
        yield from self._content
        if self._broken:
            raise MessageUnreadable("cannot be read to its end", where="broken.eml")
        if stuffed:
            yield END


class Watcher:
    """Owns some messages, and writes down what it is told."""

    def __init__(self, bodies: Iterable[Text], prefix: bytes = b"") -> None:
        self.connection: Connection | None = None
        self.events: list[Event] = []
        self.trace: list[tuple[str, bytes | int, bool]] = []
        self.secrets: list[bytes] = []
        self.begun = 0
        self._bodies = iter(bodies)
        self._prefix = prefix

    def feed(self) -> bool:
        assert self.connection is not None
        body = next(self._bodies, None)
        if body is None:
            self.connection.engine.finish()
        else:
            size = body.size + len(self._prefix)
            submission = Submission(self.begun, ENVELOPE, size=size, data_size=size)
            self.begun += 1
            self.connection.submit(submission, cast("Body", body), self._prefix)
        return True

    def happened(self, event: Event) -> None:
        self.events.append(event)

    @property
    def results(self) -> list[TransactionResult]:
        return [event.result for event in self.events if isinstance(event, Settled)]

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.recipients[0].outcome for result in self.results]

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        self.trace.append(("sent", line, tls))
        if secret:
            self.secrets.append(line)

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        self.trace.append(("last" if last else "body", len(data), tls))

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        self.trace.append(("failure" if failure else "reply", reply.code, tls))


class Played:
    """One connection, to its end."""

    def __init__(
        self,
        world: World,
        *bodies: Text,
        options: SessionOptions | None = None,
        timeout: float | None = None,
        context: ssl.SSLContext | None = None,
        name: str = "localhost",
        trace: bool = False,
        prefix: bytes = b"",
    ) -> None:
        self.options = (options or SessionOptions(helo="me.example"))._replace(trace=trace)
        self.watcher = Watcher(bodies or [Text()], prefix)
        self.connection = Connection(
            world.connect(),
            Engine(self.options),
            self.watcher,
            tls=lambda: (context or client_context(), name),
            timeout=timeout,
            tracer=self.watcher if trace else None,
        )
        self.watcher.connection = self.connection
        self.world = world

    def run(self) -> Close:
        close = self.connection.run(cast("Poller", self.world), self.world.stop)
        assert self.connection._transport.fileno() == -1, "it is closed whatever happened"
        return close

    @property
    def outcomes(self) -> list[Outcome]:
        return self.watcher.outcomes


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worlds]:
    worlds = Worlds(monkeypatch)
    yield worlds
    worlds.close()


class Worlds:
    """Makes a world around one server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._made: list[World] = []

    def __call__(self, server: Server) -> World:
        self._made.append(World(self._monkeypatch, server))
        return self._made[-1]

    def close(self) -> None:
        for made in self._made:
            made.close()


def greet(peer: Peer, *hello: str) -> Iterator[float]:
    """Greet, and answer EHLO."""
    peer.say("220 mail.example")
    yield 0
    assert peer.hear() == b"EHLO me.example\r\n"
    peer.say(*(hello or PIPELINING))
    yield 0


def take_envelope(peer: Peer, *hello: str) -> Iterator[float]:
    """Go on until the content is due."""
    yield from greet(peer, *hello)
    assert peer.hear() == GROUP
    peer.say("250 ok", "250 ok", "354 go on")
    yield 0


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


# -- time ------------------------------------------------------------------------------------------


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
    played.connection._transport.recv = lambda: played.connection._sock.recv(1)  # type: ignore[method-assign]
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


def test_a_closing_server_is_not_waited_for_long(world: Worlds) -> None:
    """A second end of data is out when the 421 comes: its reply may come yet, for five seconds."""

    def server(peer: Peer) -> Iterator[float]:
        yield from greet(peer, *CHUNKING)
        peer.hear()
        peer.say("250 ok", "250 ok", "421 closing")
        yield 100

    closing = world(server)
    options = SessionOptions(helo="me.example", no_wait=True)
    played = Played(closing, Text(), Text(), options=options)
    assert isinstance(played.run().error, ServerClosing)
    assert played.outcomes == [Outcome.DEFERRED, Outcome.UNKNOWN]
    assert closing.now == 1005


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


# -- TLS -------------------------------------------------------------------------------------------

STARTTLS = ("250-mail.example", "250 STARTTLS")
OPPORTUNISTIC = SessionOptions(helo="me.example", tls=TLSMode.OPPORTUNISTIC)
FROM_THE_START = SessionOptions(helo="me.example", tls=TLSMode.REQUIRED, secured=True)


def offer_tls(peer: Peer) -> Iterator[float]:
    yield from greet(peer, *STARTTLS)
    assert peer.hear() == b"STARTTLS\r\n"


def secure(peer: Peer, **how: str) -> Iterator[float]:
    """Go on until the first EHLO inside TLS is there."""
    yield from offer_tls(peer)
    peer.say("220 go ahead")
    yield 0
    yield from peer.shake(**how)  # type: ignore[arg-type]
    yield 0


def finish(peer: Peer, *last: str | bytes) -> Iterator[float]:
    """Go on with EHLO to the end of data."""
    assert peer.hear() == b"EHLO me.example\r\n"
    peer.say(*PIPELINING)
    yield 0
    assert peer.hear() == GROUP
    peer.say("250 ok", "250 ok", "354 go on")
    yield 0
    assert peer.hear() == CONTENT + END + b"QUIT\r\n"
    peer.say(*last)


def test_a_message_inside_tls(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, "250 queued", "221 bye")
        yield 0

    secured = world(server)
    played = Played(secured, options=OPPORTUNISTIC, trace=True)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]
    assert played.connection.peer is not None
    assert played.connection.peer.verified
    inside = [tls for _, _, tls in played.watcher.trace]
    assert inside == sorted(inside)
    assert ("sent", b"STARTTLS\r\n", False) in played.watcher.trace
    secured.peers[0].hear()
    assert secured.peers[0].close_notify, "RFC 8446 section 6.1"


def test_tls_from_the_start(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield 0
        yield from peer.shake()
        peer.say("220 mail.example")
        yield 0
        yield from finish(peer, "250 queued", "221 bye")
        peer.unwrap()
        peer.finish()
        yield 0

    played = Played(world(server), options=FROM_THE_START)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_a_server_that_ends_tls_without_a_word_after_its_answer(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, "250 queued")
        peer.finish()
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_an_answer_that_is_cut_off_is_no_answer(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, b"250 que")
        peer.finish()
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert isinstance(played.run().error, ConnectionLost)
    assert played.outcomes == [Outcome.UNKNOWN]


def test_plain_octets_inside_tls_break_it(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        peer.sock.send(b"250 mail.example\r\n")
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, ConnectionLost)
    assert str(error).startswith("the connection broke: ")
    assert "_ssl.c" not in str(error)


@pytest.mark.parametrize("early", ["250 forged", b"2", b"\r\n"])
@pytest.mark.parametrize("together", [True, False], ids=["in one segment", "later"])
def test_what_is_said_between_220_and_the_handshake(
    world: Worlds, early: str | bytes, together: bool
) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        if together:
            peer.say(b"220 go ahead\r\n" + (early if isinstance(early, bytes) else early.encode()))
        else:
            peer.say("220 go ahead")
            peer.say(early)
        yield 0
        assert peer.hear() == b"", "not one octet of a handshake"

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, RemoteProtocolError)


def test_what_comes_as_220_is_read(world: Worlds) -> None:
    """One recv takes the 220, and the look before the handshake finds what came behind it."""

    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        recv = played.connection._transport.recv

        def recv_one_reply() -> bytes | None:
            data = recv()
            peer.say("250 forged")
            return data

        played.connection._transport.recv = recv_one_reply  # type: ignore[method-assign]
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert isinstance(played.run().error, RemoteProtocolError)


def test_a_server_that_leaves_before_the_handshake(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        peer.finish()
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, TLSError)
    assert str(error) == "the server closed the connection before the TLS handshake"


def test_a_server_that_leaves_in_the_handshake(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        peer.hear()
        peer.finish()
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, TLSError)


@pytest.mark.parametrize("octets", [b"", b"\x16\x03\x03"])
def test_silence_in_the_handshake_has_a_limit(world: Worlds, octets: bytes) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        for octet in octets:
            peer.say(bytes([octet]))
            yield 10

    silent = world(server)
    error = Played(silent, options=OPPORTUNISTIC, timeout=25).run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "HANDSHAKE"
    assert str(error) == "waited 25 seconds for the TLS handshake"
    assert silent.now == 1025


def test_a_certificate_that_is_not_accepted(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        with pytest.raises(ssl.SSLError):
            yield from peer.shake("wrong name")

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, CertificateError)
    assert "it is not for localhost" in str(error)


def test_a_connection_that_ended_before_tls_could_take_it(world: Worlds) -> None:
    """`ssl` looks at the socket when it is given it, and may find that nobody is there."""

    def server(peer: Peer) -> Iterator[float]:
        yield 0
        raise AssertionError("nothing is waited for")

    class Refuses(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *args: object, **how: object) -> ssl.SSLSocket:
            sock.close()
            raise ConnectionResetError(104, "Connection reset by peer")

    context = Refuses(ssl.PROTOCOL_TLS_CLIENT)
    error = Played(world(server), options=FROM_THE_START, context=context).run().error
    assert isinstance(error, TLSError)
