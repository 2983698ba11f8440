"""One connection of the driver, played to its end in a world; and servers that go some way.

Used by whatever tests the driver: the bodies here need no files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from smtpwire.core.address import parse_address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Close, Settled
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Envelope, Outcome, Submission, TransactionResult
from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import PipeContent
from smtpwire.message.dots import DotStuffer
from smtpwire.message.eol import Normaliser
from smtpwire.message.reader import BodyReader, wire_pieces
from smtpwire.net.connection import Connection
from smtpwire.net.trust import Identity
from tests.unit.net.peer import Peer, client_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from smtpwire.core.event import Event
    from smtpwire.core.reply import Reply
    from smtpwire.message.body import Body
    from smtpwire.net.certificate import Connection as TLSConnection
    from tests.unit.net.world import World

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


class Piped(Text):
    """A body that comes through a pipe, as somebody writes it.

    Attributes:
        write: the end to write to.
    """

    def __init__(self) -> None:
        super().__init__()
        self._read, self.write = os.pipe()

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> BodyReader:
        pipe = PipeContent(self._read, name="-", head=b"", owned=False)
        pieces = wire_pieces(
            pipe.blocks(),
            name="-",
            size=None,
            normaliser=Normaliser(),
            stuffer=DotStuffer() if stuffed else None,
            prefix=prefix,
        )
        return BodyReader(pieces, pipe=pipe.pipe)

    def finish(self) -> None:
        """End what is written."""
        os.close(self.write)
        self.write = -1

    def close(self) -> None:
        """Let go of both ends."""
        os.close(self._read)
        if self.write >= 0:
            self.finish()


class Watcher:
    """Owns some messages, and writes down what it is told."""

    def __init__(self, bodies: Iterable[Text], prefix: bytes = b"") -> None:
        self.connection: Connection | None = None
        self.events: list[Event] = []
        self.trace: list[tuple[str, bytes | int, bool]] = []
        self.secrets: list[bytes] = []
        self.begun = 0
        self.ahead: list[bool] = []
        """Of each call of `feed`, whether it was ahead of its time."""
        self.close: Close | None = None
        self._bodies = iter(bodies)
        self._prefix = prefix

    def feed(self, *, ahead: bool) -> bool:
        self.ahead.append(ahead)
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

    def closed(self, close: Close) -> None:
        self.close = close

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
        prove: Callable[[TLSConnection], str] | None = None,
        trace: bool = False,
        prefix: bytes = b"",
        owner: Watcher | None = None,
    ) -> None:
        self.options = (options or SessionOptions(helo="me.example"))._replace(trace=trace)
        self.watcher = owner or Watcher(bodies or [Text()], prefix)
        self.connection = Connection(
            world.connect(),
            Engine(self.options),
            self.watcher,
            stop=world.stop,
            tls=lambda: Identity(context or client_context(), name, prove or (lambda _: "CA")),
            timeout=timeout,
            tracer=self.watcher if trace else None,
        )
        self.watcher.connection = self.connection
        self.world = world

    def run(self) -> Close:
        loop = self.world.loop
        loop.add(self.connection)
        loop.run()
        assert self.connection._transport.fileno() == -1, "it is closed whatever happened"
        assert self.watcher.close is not None
        return self.watcher.close

    @property
    def outcomes(self) -> list[Outcome]:
        return self.watcher.outcomes


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
