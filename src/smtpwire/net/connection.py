"""One connection, as a party of the loop: a conversation that waits by poll(2).

The rule that is added here: input is read before anything is written, each time, so that a 421 or a
FIN that has come stops the write.  So a pipe with content, which may take its time, is waited for
together with the input, and never read between it and the write.

The look at the input is a call of poll(2), but for one case, which is that of most messages: what
was read ended in the 354 that asks for content, and nothing was behind it.  Then the content goes
out at once, and what is not urgent, the look-ahead to further messages above all, comes after it.
A message may ride behind it; where to open that took its time, the loop looks at the input again.
"""

from __future__ import annotations

from time import monotonic

from smtpwire.core.event import Content
from smtpwire.net.conversation import Conversation
from smtpwire.net.poll import BROKEN, ENDED, FRESH, PIPED, READ, WRITE
from smtpwire.net.transport import RECEIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

    from smtpwire.core.engine import Engine
    from smtpwire.errors import SMTPError
    from smtpwire.net.contract import Owner, Tracer
    from smtpwire.net.poll import Interruption
    from smtpwire.net.trust import Identity


class Connection(Conversation):
    """Drives one engine over one socket; a party of `smtpwire.net.loop`.

    Args:
        sock: connected and non-blocking; closed at the end.
        engine: fresh.
        owner: who has the messages.
        stop: ends the reading of a pipe.
        tls: as for `Conversation`, like the rest.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.
    """

    def __init__(
        self,
        sock: _socket.socket,
        engine: Engine,
        owner: Owner,
        *,
        stop: Interruption,
        tls: Callable[[], Identity],
        timeout: float | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(sock, engine, owner, tls=tls, timeout=timeout, tracer=tracer)
        self._stop = stop

    def start(self) -> None:
        """Begin; behind this call the loop drives it."""
        if self._tls_first:
            self._start_tls()
        self.go_on()

    # -- what the loop asks and tells (net.loop.Party) -------------------------------------------

    @property
    def events(self) -> int:
        """What to wait for."""
        if self._shaking is not None:
            return self._shaking.waits_for
        outbox = self._outbox
        if outbox and outbox.pipe is None and not (outbox.held or self._transport.deaf):
            return READ | WRITE
        return READ

    @property
    def pipe(self) -> int | None:
        """The pipe without which there is nothing to write."""
        return self._outbox.pipe

    @property
    def deadline(self) -> float | None:
        """When the wait that goes on is over, in monotonic seconds."""
        return self._deadline.at

    def ready(self, events: int) -> None:
        """Read what has come, or write what may go."""
        if self._shaking is not None:
            self._shake(self._shaking)
        elif events & (READ | BROKEN):
            self._read(events)
        elif events & PIPED:
            self._draw()
        else:
            self._hand_over()
        self.go_on()

    def go_on(self) -> None:
        """Take everything the engine has, and give it what it can use, until neither has more."""
        self._collect()
        self.over = self.engine.close is not None
        self._follow()

    def late(self) -> None:
        """Take it that the deadline has passed."""
        self._time_out()
        self.go_on()

    def interrupt(self, error: SMTPError) -> None:
        """End now; only replies to ends of data that are out are still waited for."""
        self.engine.interrupt(error)
        self.go_on()

    def end(self) -> None:
        """Close the socket, and tell the owner why."""
        self._part()
        self._transport.close()
        if self.engine.close is not None:
            self._owner.closed(self.engine.close)

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()

    # -- input and output ------------------------------------------------------------------------

    def _read(self, events: int) -> None:
        data = self._hear()
        looked = monotonic()
        # Inside TLS a record more may wait behind the one that was read.
        if data and len(data) < RECEIVE and not (self._transport.tls or events & (ENDED | BROKEN)):
            self._write_what_was_asked_for(looked)

    def _write_what_was_asked_for(self, looked: float) -> None:
        """Write the content that a 354 asked for in what was just read, if there was one.

        Args:
            looked: when that was read, in monotonic seconds.
        """
        outbox, engine = self._outbox, self.engine
        if outbox:
            return
        output = self._take_output()
        if not (output and isinstance(output[0], Content) and output[0].octets is None):
            return
        if self._tracer is not None:
            for event in engine.events():  # the 354 is shown before what follows it
                self._take(event)
        if self._ends_in_content and engine.hungry and self._owner.feed(ahead=False):
            self._take_output()
        if monotonic() - looked <= FRESH:
            self._hand_over()

    def _draw(self) -> None:
        # That may block all the same: another reader of the pipe may have been faster.
        self._content(lambda: self._stop.during(self._outbox.draw))
