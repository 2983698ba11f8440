"""Waiting: the one place where the program sleeps, and how a signal gets it out of there.

A signal's handler only takes a note and writes to `wake_fd`: the wait that goes on ends at once,
and nothing has to be raised in the middle of something.  What blocks elsewhere, reading a pipe
above all, is called through `Interruption.during`, and only that is cut short.
"""

from __future__ import annotations

import os
import select
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from smtpwire.errors import SMTPError

    Result = TypeVar("Result")

    class Interruption(Protocol):
        """Whether the caller asked for the end."""

        def error(self) -> SMTPError | None:
            """Why to end, once that is so."""

        def during(self, blocking: Callable[[], Result]) -> Result:
            """Call what may block for as long as it likes.

            Raises:
                Interrupted: the end was asked for, before or meanwhile.
            """
            ...


READ = select.POLLIN
WRITE = select.POLLOUT
BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
PIPED = 1 << 16
"""The pipe can be read without waiting, to its end maybe; above all that poll(2) reports."""


class Poller:
    """Waits for one descriptor, for the pipe that is to be sent on it, or for a signal.

    Args:
        wake_fd: a descriptor, not blocking, that becomes readable with a signal; or -1.
    """

    def __init__(self, wake_fd: int = -1) -> None:
        self._poll = select.poll()
        self._fd = -1
        self._events = 0
        if wake_fd >= 0:
            self._poll.register(wake_fd, READ)

    def wait(self, fd: int, events: int, deadline: float | None, *, pipe: int | None = None) -> int:
        """Wait until a descriptor is ready, `deadline` (monotonic seconds) has come, or a signal.

        What is ready is told even when the deadline has passed.

        Args:
            fd: waited for, now and probably the next time.
            events: what for: READ, WRITE or both.
            deadline: until when; None for as long as it takes.
            pipe: waited for this time only, until it can be read.

        Returns:
            The events of `fd`, of READ, WRITE and BROKEN, and PIPED for the pipe; 0 when neither
            of them ended it.
        """
        if fd != self._fd:
            self.forget()
            self._poll.register(fd, events)
            self._fd, self._events = fd, events
        elif events != self._events:
            self._poll.modify(fd, events)
            self._events = events
        timeout = None if deadline is None else max(0.0, (deadline - monotonic()) * 1000)
        if pipe is not None:
            self._poll.register(pipe, READ)
        found = 0
        try:
            for ready, mask in self._poll.poll(timeout):
                if ready == fd:
                    found |= mask
                elif ready == pipe:
                    found |= PIPED
                else:
                    os.read(ready, 64)  # or no later wait would wait
        finally:
            if pipe is not None:
                self._poll.unregister(pipe)
        return found

    def forget(self) -> None:
        """Stop watching: before the descriptor is closed, since its number may be used again."""
        if self._fd >= 0:
            self._poll.unregister(self._fd)
            self._fd = -1
