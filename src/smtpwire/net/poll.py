"""Waiting: the one place where the program sleeps, and how a signal gets it out of there.

A few descriptors are waited for by poll(2), which costs next to nothing to begin with; where there
are many, each call of it would look at every one of them, so epoll(7) takes over.  Nobody who waits
can tell which it is.

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
    from collections.abc import Callable, Iterable
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
ENDED = select.POLLRDHUP
"""The peer will send nothing more, though there may be something left to read."""
BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
PIPED = 1 << 16
"""The pipe can be read without waiting, to its end maybe; above all that poll(2) reports."""

FRESH = 0.001
"""Seconds for which a look at what has come stands for the moment of a write behind it.

What comes later than such a look may as well be on its way still, and no look would find it.
"""

MANY = 16
"""Descriptors beyond which epoll(7) is the cheaper one."""


class Poller:
    """Waits for descriptors, for a time, or for a signal.

    Args:
        wake_fd: a descriptor, not blocking, that becomes readable with a signal; or -1.
    """

    def __init__(self, wake_fd: int = -1) -> None:
        self._wake_fd = wake_fd
        self._poll = select.poll()
        self._epoll: select.epoll | None = None
        """Once there were many."""
        self._watched: dict[int, int] = {}
        self._always: set[int] = set()
        """What epoll(7) refuses, since it never has to be waited for: /dev/zero, say."""
        if wake_fd >= 0:
            self.watch(wake_fd, READ)

    def watch(self, fd: int, events: int) -> None:
        """Wait for a descriptor from now on, or for something else than before.

        Args:
            fd: the descriptor.
            events: READ, WRITE, both, or 0 for what is told unasked: BROKEN.  ENDED is told with
                READ.
        """
        known = fd in self._watched
        self._watched[fd] = events
        wanted = _asked(events)
        if self._epoll is None:
            self._poll.register(fd, wanted)
            if len(self._watched) > MANY:
                self._take_epoll()
        elif known and fd not in self._always:
            self._epoll.modify(fd, wanted)
        elif not known:
            self._register(self._epoll, fd, wanted)

    def forget(self, fd: int) -> None:
        """Stop watching: before the descriptor is closed, since its number may be used again."""
        del self._watched[fd]
        if self._epoll is None:
            self._poll.unregister(fd)
        elif fd in self._always:
            self._always.remove(fd)
        else:
            try:
                self._epoll.unregister(fd)
            except OSError:
                pass  # it was closed already: a TLS handshake that cannot begin closes its socket

    def wait(self, deadline: float | None) -> list[tuple[int, int]]:
        """Wait until a descriptor is ready, `deadline` (monotonic seconds) has come, or a signal.

        What is ready is told even when the deadline has passed.

        Args:
            deadline: until when; None for as long as it takes.

        Returns:
            Each descriptor that is ready, and for what: READ, WRITE, ENDED and BROKEN.
        """
        seconds = None if deadline is None else max(0.0, deadline - monotonic())
        if self._epoll is None:
            found = self._poll.poll(None if seconds is None else seconds * 1000)
        else:
            if self._always:
                seconds = 0.0
            found = self._epoll.poll(seconds, len(self._watched))
            found += [(fd, self._watched[fd]) for fd in self._always]
        if self._wake_fd >= 0:
            for ready in found:
                if ready[0] == self._wake_fd:
                    os.read(self._wake_fd, 64)  # or no later wait would wait
                    found.remove(ready)
                    break
        return found

    def look(self, fds: Iterable[int]) -> list[tuple[int, int]]:
        """See which of a few descriptors are ready now; what it costs grows with their number only.

        Args:
            fds: the descriptors; those that are not watched are passed over.

        Returns:
            As from `wait`, in the order of `fds`.
        """
        few = select.poll()
        for fd in fds:
            if fd in self._watched:
                few.register(fd, _asked(self._watched[fd]))
        return few.poll(0)

    def close(self) -> None:
        """Give back what the waiting itself holds open.  May be repeated."""
        if self._epoll is not None:
            self._epoll.close()

    def _take_epoll(self) -> None:
        self._epoll = select.epoll()
        for fd, events in self._watched.items():
            self._register(self._epoll, fd, _asked(events))

    def _register(self, epoll: select.epoll, fd: int, events: int) -> None:
        try:
            epoll.register(fd, events)
        except PermissionError:  # epoll_ctl(2): it is a file
            self._always.add(fd)


def _asked(events: int) -> int:
    """What the system is asked for."""
    return events | ENDED if events & READ else events
