"""One connection of the driver for asyncio, played to its end; its owner, and what servers say.

The servers are those of `tests.scripted`, in threads: the event loop is a real one.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from smtpwire.core.address import parse_address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Close, Ready, Settled
from smtpwire.core.session import SessionOptions, TLSMode
from smtpwire.core.transaction import Envelope, Outcome, Submission, TransactionResult
from smtpwire.errors import Interrupted, MessageUnreadable
from smtpwire.message.memory import body_of
from smtpwire.net.aio import AsyncConnection
from smtpwire.net.trust import Identity
from tests.scripted import Expect, Send, Server
from tests.unit.net.peer import client_context

if TYPE_CHECKING:
    from smtpwire.core.event import Event
    from smtpwire.core.reply import Reply
    from smtpwire.message.reader import BodyReader
    from smtpwire.net.contract import Readable

ENVELOPE = Envelope(parse_address("a@x"), (parse_address("b@y"),))
CONTENT = b"Subject: test\n\n.hello\n"
WIRE = b"Subject: test\r\n\r\n.hello\r\n"
OPTIONS = SessionOptions(helo="me.example")
TLS = OPTIONS._replace(tls=TLSMode.REQUIRED)

EHLO = (Send("220 mail.example"), Expect("EHLO"))
OPENING = (*EHLO, Send("250-mail.example\n250 PIPELINING"))
ENVELOPE_READ = (Expect("MAIL"), Expect("RCPT"), Expect("DATA"))
GO_ON = Send("250 ok\n250 ok\n354 go on")


class Broken:
    """A content that cannot be read to its end."""

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> BodyReader:
        raise MessageUnreadable("gone", where="broken.eml")


class Owner:
    """Has some messages, and writes down what it is told."""

    def __init__(self, *contents: bytes | Readable) -> None:
        self.contents = list(contents)
        self.events: list[Event] = []
        self.trace: list[tuple[str, object, bool]] = []
        self.ended: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.connection: AsyncConnection
        self.given = 0
        self.stay = False
        """There may be more messages later."""
        self.ready = asyncio.Event()

    def feed(self, *, ahead: bool) -> bool:
        if self.contents and not ahead:
            content = self.contents.pop(0)
            body = body_of(content, name="m") if isinstance(content, bytes) else content
            facts = getattr(body, "facts", None)
            size = facts.size if facts else 1
            self.connection.submit(
                Submission(self.given, ENVELOPE, size, size), body, b"X: 1\r\n"[:0]
            )
            self.given += 1
            return True
        if not (self.contents or self.stay):
            self.connection.engine.finish()
            return True
        return False

    def happened(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Ready):
            self.ready.set()

    def closed(self, close: Close) -> None:
        self.ended.set_result(close)

    @property
    def results(self) -> list[TransactionResult]:
        return [event.result for event in self.events if isinstance(event, Settled)]

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.recipients[0].outcome for result in self.results]

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        self.trace.append(("secret" if secret else "sent", line, tls))

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        self.trace.append(("last" if last else "body", len(data), tls))

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        self.trace.append(("failure" if failure else "reply", reply.code, tls))


async def begin(
    server: Server,
    owner: Owner,
    options: SessionOptions = OPTIONS,
    *,
    seconds: float | None = None,
    name: str = "localhost",
) -> AsyncConnection:
    """Connect, and start."""
    context = client_context()  # made here: the server's thread asks for the same authority
    sock = socket.create_connection((server.host, server.port))
    sock.setblocking(False)
    owner.connection = AsyncConnection(
        asyncio.get_running_loop(),
        sock,
        Engine(options),
        owner,
        tls=lambda: Identity(context, name, lambda _: "CA"),
        timeout=seconds,
        tracer=owner if options.trace else None,
    )
    owner.connection.start()
    return owner.connection


def play(
    server: Server,
    *contents: bytes | Readable,
    options: SessionOptions = OPTIONS,
    timeout: float | None = None,
    name: str = "localhost",
) -> tuple[Close, Owner]:
    """Have one connection, to its end."""

    async def main() -> tuple[Close, Owner]:
        owner = Owner(*(contents or (CONTENT,)))
        connection = await begin(server, owner, options, seconds=timeout, name=name)
        close = await owner.ended
        assert connection.over
        assert connection._transport.fileno() == -1
        connection.go_on()
        connection.interrupt(Interrupted("too late"))
        assert asyncio.get_running_loop().remove_reader(connection.fd) is False
        return close, owner

    return asyncio.run(main())
