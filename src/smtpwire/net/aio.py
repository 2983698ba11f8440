"""One connection in an asyncio event loop: an engine, a transport, and contents between them.

The contract is that of `smtpwire.net.connection`.  Input is read before anything is written, each
time: a 421 or a FIN that has come stops the write.  Where it took its time to make ready what is
written, that is a second look.  When a write fails, the input is drained before
the engine is told.  And the engine is told what the system has taken, never what was merely meant
for it: this decides whether a message may be sent again.

That is why the loop is asked only when the socket is ready and when time is up.  asyncio's own
transports keep a buffer of which nobody learns how much was sent when a connection breaks, drop
what is still to be read then, and tell nothing of a certificate that they refuse.  Nothing is
awaited here, and no task is made: a reply costs one callback.

Nobody waits for what the loop calls, so an exception in it would be told to nobody, and leave those
who wait for their messages waiting for ever.  So whatever the caller's own code raises (a password
that is asked for, an observer) ends the connection, with an error that has it as its cause.
"""

from __future__ import annotations

import select
from time import monotonic

from smtpwire.errors import LocalProtocolError
from smtpwire.net.conversation import Conversation
from smtpwire.net.outbox import BLOCK
from smtpwire.net.poll import FRESH, WRITE

TURN = 2 * BLOCK
"""Octets written in one turn of the loop: then other connections have theirs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable

    from smtpwire.core.engine import Engine
    from smtpwire.core.event import Close
    from smtpwire.errors import SMTPError
    from smtpwire.net.contract import Owner, Tracer
    from smtpwire.net.trust import Identity


def _guarded(action: Callable[[AsyncConnection], None]) -> Callable[[AsyncConnection], None]:
    """Have an exception end the connection on which it came."""

    def guarded(self: AsyncConnection) -> None:
        try:
            action(self)
        except Exception as error:
            if self.over:
                raise
            self.break_off(error)
        except BaseException as error:
            if not self.over:
                self.break_off(error)
            raise

    guarded.__doc__ = action.__doc__
    return guarded


class AsyncConnection(Conversation):
    """Drives one conversation, as an event loop calls it.

    Args:
        loop: the event loop, in whose thread everything happens.
        sock: connected and non-blocking; taken over, and closed at the end.
        engine: fresh.
        owner: who has the messages.
        tls: as for `Conversation`, like the rest.
        timeout: seconds that no phase may exceed, or None.
        tracer: shown every line, or None.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        sock: socket.socket,
        engine: Engine,
        owner: Owner,
        *,
        tls: Callable[[], Identity],
        timeout: float | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(sock, engine, owner, tls=tls, timeout=timeout, tracer=tracer)
        self._loop = loop
        self._input = select.poll()
        self._input.register(self.fd, select.POLLIN)
        self._paused = False
        """Nothing is written before the loop says that there is room."""
        self._writer_called = False
        """The loop calls `_writable`."""
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0

    @_guarded
    def start(self) -> None:
        """Begin; from now on the loop calls."""
        self._loop.add_reader(self.fd, self._readable)
        if self._tls_first:
            self._start_tls()
        self.go_on()

    def interrupt(self, error: SMTPError) -> None:
        """End now; only replies to ends of data that are out are still waited for."""
        if not self.over:
            self.engine.interrupt(error)
            self.go_on()

    @_guarded
    def go_on(self) -> None:
        """Take everything the engine has, give it what it can use, and write what may go."""
        if self.over:
            return
        engine = self.engine
        turn = self._written + TURN
        self._collect()
        while engine.close is None and self._write():
            self._collect(asked=True)
            if self._written >= turn and self._outbox:
                self._paused = True
                break
        if engine.close is not None:
            self._end(engine.close)
            return
        self._watch()
        self._set_timer()

    def break_off(self, error: BaseException) -> None:
        """End at once, since something was raised in the middle of it."""
        why = LocalProtocolError(f"what the program has called here raised {type(error).__name__}")
        why.__cause__ = error
        self.engine.connection_lost(why)
        try:
            self._collect()
        finally:
            if self.engine.close is not None:
                self._end(self.engine.close)

    # -- what the loop calls ---------------------------------------------------------------------

    @_guarded
    def _readable(self) -> None:
        if self._shaking is not None:
            self._shake(self._shaking)
        else:
            self._hear()
        self.go_on()

    @_guarded
    def _writable(self) -> None:
        self._paused = False
        if self._shaking is not None:
            self._shake(self._shaking)
        self.go_on()

    @_guarded
    def _tick(self) -> None:
        self._timer = None
        if self._deadline.passed:
            self._time_out()
        self.go_on()

    # -- what is asked of the loop ---------------------------------------------------------------

    def _watch(self) -> None:
        """Be called when there is room, if that is what is missing."""
        wanted = self._paused if self._shaking is None else self._shaking.waits_for == WRITE
        if wanted and not self._writer_called:
            self._loop.add_writer(self.fd, self._writable)
        elif self._writer_called and not wanted:
            self._loop.remove_writer(self.fd)
        self._writer_called = wanted

    def _set_timer(self) -> None:
        """Be called at the deadline, or before: a timer that is set is left where it is early.

        Deadlines move with every reply, and to set a timer costs more than to find it early once.
        """
        self._follow()
        at = self._deadline.at
        if at is None:
            return
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - monotonic()), self._tick)

    def _end(self, close: Close) -> None:
        """Close the connection, and say why."""
        self.over = True
        self._part()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self.fd)
        self._loop.remove_writer(self.fd)
        self._transport.close()
        self._owner.closed(close)

    def _write(self) -> bool:
        """Hand over what may go now; whether anything changed by that."""
        outbox = self._outbox
        if self._paused or not outbox or self._shaking is not None:
            return False
        if self._transport.deaf or self._input.poll(0):
            return False  # what has come is read first, and this is tried again behind it
        looked = monotonic()
        buffers = self._content(outbox.buffers)
        if buffers is None:
            return True
        # A content in memory may be of any size, and is made ready for DATA as a whole.
        if monotonic() - looked > FRESH and self._input.poll(0):
            return False
        if self._send(buffers):
            return True
        self._paused = True
        return False
