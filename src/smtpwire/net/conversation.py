"""What is said on one connection, whoever waits for it: an engine, a transport, and contents.

Three rules of the drivers are here.  When a write fails, the input is drained before the engine is
told: the reason may be waiting in it.  The engine is told what was handed over, never what was
merely meant to be.  And what a handshake, a lost connection or a deadline means is said in one
place.  The fourth, to look at the input before every write, is theirs: they know how to wait.
"""

from __future__ import annotations

from smtpwire.core.command import SecretLine, Wait
from smtpwire.core.event import Content, Replied, Settled, StartTLS
from smtpwire.errors import ConnectionLost, Interrupted, MessageError, TimedOut, TLSError
from smtpwire.net.handshake import Handshake
from smtpwire.net.outbox import Outbox
from smtpwire.net.timeouts import Deadline, limit
from smtpwire.net.transport import SocketTransport, TLSTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from smtpwire.core.engine import Engine
    from smtpwire.core.event import Event
    from smtpwire.core.sasl import ChannelBinding
    from smtpwire.core.transaction import Submission
    from smtpwire.message.reader import Reader
    from smtpwire.net.contract import Owner, Readable, Tracer
    from smtpwire.net.outbox import Piece
    from smtpwire.net.tls import TLSPeer
    from smtpwire.net.transport import Buffer, Transport
    from smtpwire.net.trust import Identity

    Result = TypeVar("Result")


class Conversation:
    """One engine over one socket; a driver decides when anything is done.

    Args:
        sock: connected and non-blocking; taken over.
        engine: fresh.
        owner: who has the messages.
        tls: says what a handshake is made with; called when needed.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.

    Attributes:
        engine: the engine.
        peer: what the TLS connection is, once its handshake is done; None in the clear.
        fd: the descriptor of `sock`.
        over: whether nothing more is to be done on the connection.
    """

    def __init__(
        self,
        sock: _socket.socket,
        engine: Engine,
        owner: Owner,
        *,
        tls: Callable[[], Identity],
        timeout: float | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.engine = engine
        self.peer: TLSPeer | None = None
        self.fd = sock.fileno()
        self.over = False
        self._sock = sock
        self._transport: Transport = SocketTransport(sock)
        self._owner = owner
        self._tls = tls
        self._timeout = timeout
        self._tracer = tracer
        self._outbox = Outbox(self._reader)
        self._ends_in_content = False
        """What the outbox was given last is content: a message may ride behind it."""
        self._bodies: dict[int, tuple[Readable, bytes]] = {}
        self._readers: dict[int, Reader] = {}
        self._written = 0
        self._deadline = Deadline(timeout)
        self._shaking: Handshake | None = None
        """The handshake that is going on."""
        self._tls_first = engine.secured
        """TLS begins with the connection, before the greeting."""

    def submit(self, submission: Submission, body: Readable, prefix: bytes = b"") -> None:
        """Give a message to the engine, from `Owner.feed`; `prefix` goes out in front of it."""
        self._bodies[submission.id] = (body, prefix)
        self.engine.submit(submission)

    def hold_ends(self, may_end: Callable[[int], bool], coming: Callable[[int], bool]) -> None:
        """Ask whether the end of a message's data may go out, each time that it could.

        Args:
            may_end: told which message; when it says no, the driver is to look again later.
            coming: as for `Outbox`.
        """
        self._outbox.may_end = may_end
        self._outbox.coming = coming

    # -- time ------------------------------------------------------------------------------------

    @property
    def _waiting_for(self) -> Wait:
        if self._shaking is not None:
            return Wait.HANDSHAKE
        wait = self.engine.waiting_for
        if wait is Wait.BLOCK and self._outbox.pipe is not None:
            return Wait.NOTHING  # the server has taken all there is: it is our turn
        return wait

    def _follow(self) -> None:
        """Move the deadline with what was read and written."""
        self._deadline.follow(
            self._waiting_for,
            replies=self.engine.replies,
            written=self._written,
            waiting=bool(self._outbox),
        )

    def _time_out(self) -> None:
        """Take it that the deadline has passed."""
        wait = self._waiting_for
        seconds = limit(wait, self._timeout)
        error = TimedOut(f"waited {seconds:g} seconds for {wait.value}", wait=wait.name)
        self.engine.connection_lost(error)

    # -- what the engine wants -------------------------------------------------------------------

    def _collect(self, *, asked: bool = False) -> None:
        """Take everything the engine has, and give it what it can use, until neither has more.

        Args:
            asked: the owner had nothing for it the last time, and there was only a write since; so
                it is not asked again where that brought nothing.
        """
        engine = self.engine
        while True:
            output = self._take_output()
            events = engine.events()
            if asked and not (output or events):
                break
            asked = False
            for event in events:
                self._take(event)
            fed = engine.hungry and self._owner.feed(ahead=self._would_wait)
            if not (fed or events):
                break
        if engine.muted:
            self._outbox.clear()

    def _take_output(self) -> list[bytes | Content]:
        output = self.engine.output()
        if output:
            self._outbox.extend(output)
            self._ends_in_content = isinstance(output[-1], Content)
        return output

    @property
    def _would_wait(self) -> bool:
        """Whether what is submitted now would wait for replies before any of it could go out."""
        return bool(self._bodies) and not (self._ends_in_content and self._outbox)

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

    def _reader(self, content: Content) -> Reader:
        """The reader of a message's content: one for all chunks of it."""
        reader = self._readers.get(content.id)
        if reader is None:
            body, prefix = self._bodies[content.id]
            reader = body.reader(stuffed=content.octets is None, prefix=prefix)
            self._readers[content.id] = reader
        return reader

    # -- input and output ------------------------------------------------------------------------

    def _hear(self) -> bytes | None:
        """Read once, and tell the engine what came of it; return what was read."""
        try:
            data = self._transport.recv()
        except OSError as error:
            self.engine.connection_lost(lost(error))
            return None
        if data:
            self.engine.receive(data)
        elif data is not None:
            self.engine.receive_eof()
        return data

    def _hand_over(self) -> bool:
        """Write what may go now, and tell the engine; False when nothing of it can be taken now."""
        buffers = self._content(self._outbox.buffers)
        return buffers is None or self._send(buffers)

    def _send(self, buffers: Sequence[Buffer]) -> bool:
        """Write what the outbox gave, and tell the engine; False when nothing can be taken."""
        try:
            sent = self._transport.send(buffers) if any(map(len, buffers)) else 0
        except OSError as error:
            self._write_failed(error)
        else:
            if sent is None:
                return False
            self._handed_over(sent)
        return True

    def _content(self, read: Callable[[], Result]) -> Result | None:
        """Call what reads content; None, and the engine told, when it could not be read."""
        try:
            return read()
        except Interrupted:
            pass  # whoever runs this asks for the reason anyway
        except MessageError as error:
            self.engine.content_failed(error)
        return None

    def _handed_over(self, octets: int) -> None:
        engine, tracer, tls = self.engine, self._tracer, self._transport.tls
        self._written += octets
        for piece in self._outbox.advance(octets):
            if piece.lines:
                engine.lines_sent(len(piece.lines))
            elif piece.last:
                engine.content_done()
            elif piece.first:
                engine.content_begun()
            if tracer is not None:
                _show(piece, tracer, tls=tls)

    def _write_failed(self, error: OSError) -> None:
        """Read what is waiting first: a 421 may be behind the reset, and is the better reason."""
        engine = self.engine
        try:
            while (data := self._transport.recv()) and engine.close is None:
                engine.receive(data)
        except OSError:
            pass
        engine.connection_lost(lost(error))

    def _part(self) -> None:
        """End TLS by the book after QUIT, unless the server has ended it already."""
        transport = self._transport
        if isinstance(transport, TLSTransport) and self.engine.waiting_for is Wait.NOTHING:
            try:
                if transport.recv() is None:
                    transport.say_goodbye()
            except OSError:
                pass  # it is over, one way or another

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
            self.engine.bind_logins(lambda: _binding(handshake))
            if not self._tls_first:
                self.engine.tls_established()
            self._tls_first = False


def _binding(handshake: Handshake) -> ChannelBinding | None:
    from smtpwire.net.binding import channel_binding

    return channel_binding(handshake.transport.connection, handshake.exporter)


def _show(piece: Piece, tracer: Tracer, *, tls: bool) -> None:
    """Show what was handed over."""
    for line in piece.lines:
        tracer.sent(line, tls=tls, secret=isinstance(line, SecretLine))
    if not piece.lines:
        tracer.sent_body(piece.data, tls=tls, last=piece.last)


def lost(error: OSError) -> ConnectionLost:
    """What a system call's failure means for the connection."""
    # The text of an ssl.SSLError ends in a line number of Python's source; its reason does not.
    reason = str(getattr(error, "reason", "")).lower().replace("_", " ")
    return ConnectionLost(f"the connection broke: {reason or error.strerror or error}")
