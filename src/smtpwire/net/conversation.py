"""What is said on one connection, whoever waits for it: an engine, a transport, and contents.

Two rules of the drivers are here.  When a write fails, the input is drained before the engine is
told: the reason may be waiting in it.  And the engine is told what was handed over, never what was
merely meant to be.  The third, to look at the input before every write, is theirs: they know how to
wait.
"""

from __future__ import annotations

from smtpwire.core.command import SecretLine, Wait
from smtpwire.core.event import Content, Replied, Settled, StartTLS
from smtpwire.errors import ConnectionLost, TimedOut, TLSError
from smtpwire.net.handshake import Handshake
from smtpwire.net.outbox import Outbox
from smtpwire.net.timeouts import limit
from smtpwire.net.transport import SocketTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    import ssl
    from collections.abc import Callable
    from typing import Protocol

    from smtpwire.core.engine import Engine
    from smtpwire.core.event import Close, Event
    from smtpwire.core.transaction import Submission
    from smtpwire.message.reader import BodyReader
    from smtpwire.net.connection import Tracer
    from smtpwire.net.tls import TLSPeer
    from smtpwire.net.transport import Transport

    class Source(Protocol):
        """Who has the content of a message: its `Body`, or whoever has that."""

        def reader(self, *, stuffed: bool, prefix: bytes = b"") -> BodyReader:
            """Begin to send the content; see `Body.reader`.

            Raises:
                MessageError: it is not to be sent after all.
            """
            ...

    class Owner(Protocol):
        """Who has the messages and is told what becomes of them."""

        def feed(self, *, ahead: bool) -> bool:
            """Call `submit` or `Engine.finish`; False if there is nothing to say now.

            Args:
                ahead: what is given now cannot go out before replies have come.
            """
            ...

        def happened(self, event: Event) -> None:
            """Take an event of the engine."""

        def closed(self, close: Close) -> None:
            """Take the end of the connection, and why."""


class Conversation:
    """One engine over one socket; a driver decides when anything is done.

    Args:
        sock: connected and non-blocking; taken over.
        engine: fresh.
        owner: who has the messages.
        tls: makes the context and says the name to ask for and to verify; called when needed.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.

    Attributes:
        engine: the engine.
        peer: what the TLS connection is, once its handshake is done; None in the clear.
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
        self._transport: Transport = SocketTransport(sock)
        self._owner = owner
        self._tls = tls
        self._timeout = timeout
        self._tracer = tracer
        self._outbox = Outbox(self._reader)
        self._contents = 0
        """In the outbox."""
        self._bodies: dict[int, tuple[Source, bytes]] = {}
        self._readers: dict[int, BodyReader] = {}
        self._written = 0
        self._shaking: Handshake | None = None
        """The handshake that is going on."""
        self._tls_first = engine.secured
        """TLS begins with the connection, before the greeting."""

    def submit(self, submission: Submission, body: Source, prefix: bytes = b"") -> None:
        """Give a message to the engine, from `Owner.feed`; `prefix` goes out in front of it."""
        self._bodies[submission.id] = (body, prefix)
        self.engine.submit(submission)

    @property
    def _waiting_for(self) -> Wait:
        return Wait.HANDSHAKE if self._shaking is not None else self.engine.waiting_for

    def _time_out(self) -> None:
        wait = self._waiting_for
        seconds = limit(wait, self._timeout)
        error = TimedOut(f"waited {seconds:g} seconds for {wait.value}", wait=wait.name)
        self.engine.connection_lost(error)

    # -- what the engine wants -------------------------------------------------------------------

    def _collect(self) -> None:
        """Take everything the engine has, and give it what it can use, until neither has more."""
        engine = self.engine
        while True:
            output = engine.output()
            if output:
                self._outbox.extend(output)
                for item in output:
                    if isinstance(item, Content):
                        self._contents += 1
            events = engine.events()
            for event in events:
                self._take(event)
            ahead = not self._contents and bool(self._bodies)
            if not (engine.hungry and self._owner.feed(ahead=ahead)) and not events:
                break
        if engine.muted:
            self._outbox.clear()

    def _take(self, event: Event) -> None:
        if isinstance(event, Replied):
            if self._tracer is not None:
                reply = event.reply
                self._tracer.received(reply, tls=self._transport.tls, failure=reply.refusal)
            return
        if isinstance(event, StartTLS):
            self._begin_tls()
            return
        if isinstance(event, Settled):
            self._readers.pop(event.result.id, None)
            del self._bodies[event.result.id]
        self._owner.happened(event)

    def _reader(self, content: Content) -> BodyReader:
        """The reader of a message's content: one for all chunks of it."""
        reader = self._readers.get(content.id)
        if reader is None:
            body, prefix = self._bodies[content.id]
            reader = body.reader(stuffed=content.octets is None, prefix=prefix)
            self._readers[content.id] = reader
        return reader

    # -- input and output ------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            data = self._transport.recv()
        except OSError as error:
            self.engine.connection_lost(lost(error))
            return
        if data:
            self.engine.receive(data)
        elif data is not None:
            self.engine.receive_eof()

    def _handed_over(self, octets: int) -> None:
        engine, tracer, tls = self.engine, self._tracer, self._transport.tls
        self._written += octets
        for data, line, first, last in self._outbox.advance(octets):
            if line is not None:
                engine.lines_sent(1)
                if tracer is not None:
                    tracer.sent(line, tls=tls, secret=isinstance(line, SecretLine))
                continue
            if first:
                engine.content_begun()
            if tracer is not None:
                tracer.sent_body(data, tls=tls, last=last)
            if last:
                self._contents -= 1
                engine.content_done()

    def _write_failed(self, error: OSError) -> None:
        """Read what is waiting first: a 421 may be behind the reset, and is the better reason."""
        engine = self.engine
        try:
            while (data := self._transport.recv()) and engine.close is None:
                engine.receive(data)
        except OSError:
            pass
        engine.connection_lost(lost(error))

    # -- TLS -------------------------------------------------------------------------------------

    def _begin_tls(self) -> None:
        """After the 220: what is already here in the clear is not TLS, and ends the connection."""
        try:
            early = self._transport.recv()
        except OSError as error:
            self.engine.connection_lost(lost(error))
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
        try:
            self._shaking = Handshake(self._sock, *self._tls())
        except TLSError as error:
            self.engine.connection_lost(error)
            return
        self._transport = self._shaking.transport
        self._shake(self._shaking)

    def _shake(self, handshake: Handshake) -> None:
        try:
            self.peer = handshake.go_on()
        except TLSError as error:
            self._shaking = None
            self.engine.connection_lost(error)
            return
        if self.peer is not None:
            self._shaking = None
            if not self._tls_first:
                self.engine.tls_established()
            self._tls_first = False


def lost(error: OSError) -> ConnectionLost:
    """What a system call's failure means for the connection."""
    # The text of an ssl.SSLError ends in a line number of Python's source; its reason does not.
    reason = str(getattr(error, "reason", "")).lower().replace("_", " ")
    return ConnectionLost(f"the connection broke: {reason or error.strerror or error}")
