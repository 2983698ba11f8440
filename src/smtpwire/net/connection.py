"""One connection: an engine, a transport, and the content of messages between them.

The driver's whole logic is here, and it is three rules.  Input is read before anything is written,
each time: a 421 or a FIN that has come stops the write.  When a write fails, the input is drained
before the engine is told: the reason may be waiting in it.  And the engine is told what was handed
over, never what was merely meant to be.
"""

from __future__ import annotations

from time import monotonic

from smtpwire.core.command import SecretLine, Wait
from smtpwire.core.event import Replied, Settled, StartTLS
from smtpwire.errors import ConnectionLost, MessageError, TimedOut, TLSError
from smtpwire.net.outbox import Outbox
from smtpwire.net.poll import BROKEN, READ, WRITE
from smtpwire.net.timeouts import FIXED, limit
from smtpwire.net.transport import SocketTransport, TLSTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Protocol

    import _socket

    from smtpwire.core.engine import Engine
    from smtpwire.core.event import Close, Content, Event
    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError
    from smtpwire.message.body import Body
    from smtpwire.message.reader import BodyReader
    from smtpwire.net.poll import Poller
    from smtpwire.net.tls import TLSPeer

    class Tracer(Protocol):
        """Who is shown every line said and heard."""

        def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
            """A line was handed over."""

        def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
            """A piece of content was."""

        def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
            """A reply came."""

    class Owner(Protocol):
        """Who has the messages and is told what becomes of them."""

        def feed(self, connection: Connection) -> bool:
            """Call `submit` or `Engine.finish`; False if there is nothing to say now."""

        def happened(self, connection: Connection, event: Event) -> None:
            """Take an event of the engine."""


class Connection:
    """Drives one engine over one socket.

    Args:
        sock: connected and non-blocking; closed by `run`.
        engine: fresh.
        owner: who has the messages.
        tls: makes the context and says the name to ask for and to verify; called when needed.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.
    """

    def __init__(
        self,
        sock: _socket.socket,
        engine: Engine,
        owner: Owner,
        *,
        tls: Callable[[], tuple[ssl.SSLContext, str]],
        timeout: float | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.engine = engine
        self.peer: TLSPeer | None = None
        self._sock = sock
        self._transport: SocketTransport | TLSTransport = SocketTransport(sock)
        self._owner = owner
        self._tls = tls
        self._server_name = ""
        self._timeout = timeout
        self._tracer = tracer
        self._outbox = Outbox(self._reader)
        self._bodies: dict[int, tuple[Body, bytes]] = {}
        self._readers: dict[int, BodyReader] = {}
        self._written = 0
        self._handshaking = False
        self._from_the_start = engine.secured
        """TLS begins with the connection, before the greeting."""
        self._wants_write = False
        self._progress: tuple[object, ...] = ()
        self._deadline: float | None = None

    def submit(self, submission: Submission, body: Body, prefix: bytes = b"") -> None:
        """Give a message to the engine; `prefix` goes out in front of its content."""
        self._bodies[submission.id] = (body, prefix)
        self.engine.submit(submission)

    def run(self, poller: Poller, interrupted: Callable[[], SMTPError | None]) -> Close:
        """Drive the connection to its end, and close it.

        Args:
            poller: waits.
            interrupted: why to end now, once that is so.
        """
        engine = self.engine
        stopping = False
        try:
            if self._from_the_start:
                self._start_tls()
            while True:
                self._collect()
                close = engine.close
                if close is not None:
                    return close
                if not stopping and (error := interrupted()) is not None:
                    stopping = True
                    engine.interrupt(error)
                    continue
                self._watch_clock()
                ready = poller.wait(self._transport.fileno(), self._interest(), self._deadline)
                if ready:
                    self._ready(ready)
                elif self._deadline is not None and monotonic() >= self._deadline:
                    self._time_out()
        finally:
            poller.forget()
            self._transport.close()

    # -- what the engine wants -------------------------------------------------------------------

    def _collect(self) -> None:
        """Take everything the engine has, and give it what it can use, until neither has more."""
        engine = self.engine
        while True:
            self._outbox.extend(engine.output())
            events = engine.events()
            for event in events:
                self._take(event)
            fed = engine.hungry and self._owner.feed(self)
            if not (fed or events):
                break
        if engine.muted:
            self._outbox.clear()

    def _take(self, event: Event) -> None:
        if isinstance(event, Replied):
            if self._tracer is not None:
                reply = event.reply
                tls = isinstance(self._transport, TLSTransport)
                self._tracer.received(reply, tls=tls, failure=reply.refusal)
            return
        if isinstance(event, StartTLS):
            self._begin_tls()
            return
        if isinstance(event, Settled):
            self._readers.pop(event.result.id, None)
            del self._bodies[event.result.id]
        self._owner.happened(self, event)

    def _reader(self, content: Content) -> BodyReader:
        """The reader of a message's content: one for all chunks of it."""
        reader = self._readers.get(content.id)
        if reader is None:
            body, prefix = self._bodies[content.id]
            reader = body.reader(stuffed=content.octets is None, prefix=prefix)
            self._readers[content.id] = reader
        return reader

    # -- time ------------------------------------------------------------------------------------

    def _watch_clock(self) -> None:
        """Set the deadline anew when there was progress: a whole reply, or octets taken."""
        engine = self.engine
        wait = self._waiting_for
        progress: tuple[object, ...] = (wait,)
        if wait not in FIXED:
            progress = (wait, engine.replies, self._written)
        if progress != self._progress:
            self._progress = progress
            seconds = limit(wait, self._timeout)
            self._deadline = None if seconds is None else monotonic() + seconds

    @property
    def _waiting_for(self) -> Wait:
        return Wait.HANDSHAKE if self._handshaking else self.engine.waiting_for

    def _time_out(self) -> None:
        wait = self._waiting_for
        seconds = limit(wait, self._timeout)
        error = TimedOut(f"waited {seconds:g} seconds for {wait.value}", wait=wait.name)
        self.engine.connection_lost(error)

    # -- input and output ------------------------------------------------------------------------

    def _interest(self) -> int:
        if self._handshaking:
            return WRITE if self._wants_write else READ
        return READ | WRITE if self._outbox else READ

    def _ready(self, ready: int) -> None:
        if self._handshaking:
            self._handshake()
        elif ready & (READ | BROKEN):
            self._read()
        else:
            self._write()

    def _read(self) -> None:
        try:
            data = self._transport.recv()
        except OSError as error:
            self.engine.connection_lost(_lost(error))
            return
        if data:
            self.engine.receive(data)
        elif data is not None:
            self.engine.receive_eof()

    def _write(self) -> None:
        try:
            buffers = self._outbox.buffers()
        except MessageError as error:
            self.engine.content_failed(error)
            return
        try:
            sent = self._transport.send(buffers) if any(map(len, buffers)) else 0
        except OSError as error:
            self._write_failed(error)
            return
        if sent is not None:
            self._handed_over(sent)

    def _handed_over(self, octets: int) -> None:
        engine, tracer = self.engine, self._tracer
        self._written += octets
        tls = isinstance(self._transport, TLSTransport)
        for piece in self._outbox.advance(octets):
            if piece.content:
                if piece.first:
                    engine.content_begun()
                if tracer is not None:
                    tracer.sent_body(piece.data, tls=tls, last=piece.last)
                if piece.last:
                    engine.content_done()
            elif tracer is not None:
                secret = isinstance(piece.data, SecretLine)
                tracer.sent(bytes(piece.data), tls=tls, secret=secret)

    def _write_failed(self, error: OSError) -> None:
        """Read what is waiting first: a 421 may be behind the reset, and is the better reason."""
        engine = self.engine
        try:
            while (data := self._transport.recv()) and engine.close is None:
                engine.receive(data)
        except OSError:
            pass
        engine.connection_lost(_lost(error))

    # -- TLS -------------------------------------------------------------------------------------

    def _begin_tls(self) -> None:
        """After the 220: what is already here in the clear is not TLS, and ends the connection."""
        try:
            early = self._transport.recv()
        except OSError as error:
            self.engine.connection_lost(_lost(error))
            return
        if early:
            self.engine.receive(early)
        elif early is not None:
            self.engine.connection_lost(
                TLSError("the server closed the connection before the TLS handshake")
            )
        else:
            self._start_tls()

    def _start_tls(self) -> None:
        context, self._server_name = self._tls()
        self._transport = TLSTransport(self._sock, context, self._server_name)
        self._handshaking = True
        self._handshake()

    def _handshake(self) -> None:
        transport = self._transport
        assert isinstance(transport, TLSTransport), "a handshake follows _start_tls"
        from smtpwire.net import tls

        try:
            want = transport.handshake()
        except OSError as error:
            self._handshaking = False
            self.engine.connection_lost(tls.tls_error(error, self._server_name, transport.sock))
            return
        self._wants_write = want == "write"
        if want is None:
            self._handshaking = False
            self.peer = tls.describe(transport.sock)
            if not self._from_the_start:
                self.engine.tls_established()
            self._from_the_start = False


def _lost(error: OSError) -> ConnectionLost:
    return ConnectionLost(f"the connection broke: {error.strerror or error}")
