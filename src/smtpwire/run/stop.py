"""Signals: noted when they come, acted on where nothing is half done.

The handlers only take a note; a wake-up descriptor ends whatever wait is going on, so that the main
loop sees the signal at once and closes the connection without ending a message.  Only what is
called through `during` is cut short by an exception: reading a pipe may block for ever, and Python
goes on with an interrupted read by itself (PEP 475).

A second SIGINT ends the process at once: who asks twice does not want to wait, not even for what is
known to be listed.  One that follows closely on the first is the same request, which some programs
send to a process and to its group.

A signal that comes just before such a read begins does not interrupt it, and its handler, which is
Python, would wait for the read to end.  So an alarm goes off again and again meanwhile.
"""

from __future__ import annotations

import os
import signal
from time import monotonic

from smtpwire.errors import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import TypeVar

    Result = TypeVar("Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_SAME = 0.2
"""Seconds in which a second signal is no second request."""
_AGAIN = 0.1
"""Seconds after which a read that missed a signal is interrupted."""


class StopRequest:
    """Whether, and by which signal, the end of the run was asked for.

    Without `install` it is never set, and can be given to a run that nobody interrupts.

    Attributes:
        signal: the number of the first signal that came, or None.
        wake_fd: becomes readable with it; -1 before `install`.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.wake_fd = -1
        self._write_fd = -1
        self._before: list[tuple[signal.Signals, object]] = []
        self._noted = 0.0
        """When it came, in monotonic seconds."""
        self._cut_short = False
        """A signal that comes now is raised."""

    def install(self) -> None:
        """Take SIGINT, SIGTERM and SIGALRM from now on; only in the main thread.

        What is ignored stays so: a shell lets its background jobs ignore SIGINT.
        """
        self.wake_fd, self._write_fd = os.pipe()
        os.set_blocking(self.wake_fd, False)
        os.set_blocking(self._write_fd, False)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before.append((number, signal.signal(number, self._note)))
        alarm = signal.signal(signal.SIGALRM, lambda _number, _frame: None)
        self._before.append((signal.SIGALRM, alarm))

    def uninstall(self) -> None:
        """Give the signals back to whoever had them; `install` was called before."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned
        self._before.clear()
        signal.set_wakeup_fd(-1)
        for fd in (self.wake_fd, self._write_fd):
            os.close(fd)
        self.wake_fd = self._write_fd = -1

    def renew(self) -> None:
        """Take the signals of a process that was forked, and has them from its parent."""
        if self.wake_fd >= 0:
            self.uninstall()
            self.install()

    def error(self) -> Interrupted | None:
        """Why to stop, or None."""
        if self.signal is None:
            return None
        return Interrupted(f"stopped by {signal.Signals(self.signal).name}")

    def during(self, blocking: Callable[[], Result]) -> Result:
        """Call what may block for as long as it likes.

        Raises:
            Interrupted: a signal came, before or meanwhile.
        """
        if self.wake_fd >= 0:
            self._cut_short = True
            signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
        try:
            if (error := self.error()) is not None:
                raise error
            return blocking()
        finally:
            self._cut_short = False
            if self.wake_fd >= 0:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self._noted = number, monotonic()
        elif number == signal.SIGINT and monotonic() - self._noted > _SAME:
            os._exit(128 + number)
        if self._cut_short:
            self._cut_short = False
            raise Interrupted(f"stopped by {signal.Signals(number).name}")
