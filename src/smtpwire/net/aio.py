"""One connection in an asyncio event loop: an engine, a transport, and contents between them.

The contract is that of `smtpwire.net.connection`.  Input is read before anything is written, each
time: a 421 or a FIN that has come stops the write.  When a write fails, the input is drained before
the engine is told.  And the engine is told what the system has taken, never what was merely meant
for it: this decides whether a message may be sent again.

That is why the loop is asked only when the socket is ready and when time is up.  asyncio's own
transports keep a buffer of which nobody learns how much was sent when a connection breaks, drop
what is still to be read then, and tell nothing of a certificate that they refuse.  Nothing is
awaited here, and no task is made: a reply costs one callback.
"""

from __future__ import annotations

import select
from time import monotonic

from smtpwire.core.command import SecretLine, Wait
from smtpwire.core.event import Content, Replied, Settled, StartTLS
from smtpwire.errors import ConnectionLost, MessageError, TimedOut, TLSError
from smtpwire.net.handshake import Handshake
from smtpwire.net.outbox import BLOCK, Outbox
from smtpwire.net.poll import WRITE
from smtpwire.net.timeouts import Deadline, limit
from smtpwire.net.transport import SocketTransport, TLSTransport

TURN = 4 * BLOCK
"""Octets written in one turn of the loop: then other connections have theirs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import ssl
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable
    from typing import Protocol

    from smtpwire.core.engine import Engine
    from smtpwire.core.event import Close, Event
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError
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


class AsyncConnection:
    """Drives one engine over one socket, as an event loop calls it.

    Args:
        loop: the event loop, in whose thread everything happens.
        sock: connected and non-blocking; taken over, and closed at the end.
        engine: fresh.
        owner: who has the messages.
        tls: makes the context and says the name to ask for and to verify; called when needed.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.

    Attributes:
        engine: the engine.
        peer: what the TLS connection is, once its handshake is done; None in the clear.
        over: whether the connection is closed.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        sock: socket.socket,
        engine: Engine,
        owner: Owner,
        *,
        tls: Callable[[], tuple[ssl.SSLContext, str]],
        timeout: float | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.engine = engine
        self.peer: TLSPeer | None = None
        self.over = False
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
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
        self._input = select.poll()
        self._input.register(self._fd, select.POLLIN)
        self._paused = False
        """Nothing is written before the loop says that there is room."""
        self._writer_called = False
        """The loop calls `_writable`."""
        self._deadline = Deadline(timeout)
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0
        self._shaking: Handshake | None = None
        """The handshake that is going on."""
        self._tls_first = engine.secured
        """TLS begins with the connection, before the greeting."""

    def start(self) -> None:
        """Begin; from now on the loop calls."""
        self._loop.add_reader(self._fd, self._readable)
        if self._tls_first:
            self._start_tls()
        self.go_on()

    def submit(self, submission: Submission, body: Source, prefix: bytes = b"") -> None:
        """Give a message to the engine, from `Owner.feed`; `prefix` goes out in front of it."""
        self._bodies[submission.id] = (body, prefix)
        self.engine.submit(submission)

    def interrupt(self, error: SMTPError) -> None:
        """End now; only replies to ends of data that are out are still waited for."""
        if not self.over:
            self.engine.interrupt(error)
            self.go_on()

    def go_on(self) -> None:
        """Take everything the engine has, give it what it can use, and write what may go."""
        if self.over:
            return
        engine = self.engine
        turn = self._written + TURN
        self._collect()
        while engine.close is None and self._write():
            self._collect()
            if self._written >= turn and self._outbox:
                self._paused = True
                break
        if engine.close is not None:
            self._end(engine.close)
            return
        self._watch()
        self._follow()

    # -- what the loop calls ---------------------------------------------------------------------

    def _readable(self) -> None:
        if self._shaking is not None:
            self._shake(self._shaking)
        else:
            self._read()
        self.go_on()

    def _writable(self) -> None:
        self._paused = False
        if self._shaking is not None:
            self._shake(self._shaking)
        self.go_on()

    def _tick(self) -> None:
        self._timer = None
        if self._deadline.passed:
            wait = self._waiting_for
            seconds = limit(wait, self._timeout)
            error = TimedOut(f"waited {seconds:g} seconds for {wait.value}", wait=wait.name)
            self.engine.connection_lost(error)
        self.go_on()

    # -- what is asked of the loop ---------------------------------------------------------------

    def _watch(self) -> None:
        """Be called when there is room, if that is what is missing."""
        wanted = self._paused if self._shaking is None else self._shaking.waits_for == WRITE
        if wanted and not self._writer_called:
            self._loop.add_writer(self._fd, self._writable)
        elif self._writer_called and not wanted:
            self._loop.remove_writer(self._fd)
        self._writer_called = wanted

    def _follow(self) -> None:
        """Be called at the deadline, or before: a timer that is set is left where it is early.

        Deadlines move with every reply, and to set a timer costs more than to find it early once.
        """
        self._deadline.follow(self._waiting_for, replies=self.engine.replies, written=self._written)
        at = self._deadline.at
        if at is None:
            return
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - monotonic()), self._tick)

    @property
    def _waiting_for(self) -> Wait:
        return Wait.HANDSHAKE if self._shaking is not None else self.engine.waiting_for

    def _end(self, close: Close) -> None:
        """Close the connection, and say why."""
        self.over = True
        self._part()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._transport.close()
        self._owner.closed(close)

    def _part(self) -> None:
        """End TLS by the book after QUIT, unless the server has ended it already."""
        transport = self._transport
        if (
            isinstance(transport, TLSTransport)
            and self.engine.waiting_for is Wait.NOTHING
            and not self._input.poll(0)
        ):
            transport.say_goodbye()

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
            self.engine.connection_lost(_lost(error))
            return
        if data:
            self.engine.receive(data)
        elif data is not None:
            self.engine.receive_eof()

    def _write(self) -> bool:
        """Hand over what may go now; whether anything changed by that."""
        outbox = self._outbox
        if self._paused or not outbox or self._shaking is not None:
            return False
        if self._transport.deaf or self._input.poll(0):
            return False  # what has come is read first, and this is tried again behind it
        try:
            buffers = outbox.buffers()
        except MessageError as error:
            self.engine.content_failed(error)
            return True
        try:
            sent = self._transport.send(buffers) if any(map(len, buffers)) else 0
        except OSError as error:
            self._write_failed(error)
            return True
        if sent is None:
            self._paused = True
            return False
        self._handed_over(sent)
        return True

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


def _lost(error: OSError) -> ConnectionLost:
    # The text of an ssl.SSLError ends in a line number of Python's source; its reason does not.
    reason = str(getattr(error, "reason", "")).lower().replace("_", " ")
    return ConnectionLost(f"the connection broke: {reason or error.strerror or error}")
