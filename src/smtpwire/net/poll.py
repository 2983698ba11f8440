"""Waiting: the one place where the program sleeps.

A signal's handler writes to `wake_fd`, so that a wait ends at once and no handler has to raise in
the middle of something.
"""

from __future__ import annotations

import select
from time import monotonic

READ = select.POLLIN
WRITE = select.POLLOUT
BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Poller:
    """Waits for one descriptor, or for a signal.

    Args:
        wake_fd: a descriptor that becomes readable with a signal, or -1.
    """

    def __init__(self, wake_fd: int = -1) -> None:
        self._poll = select.poll()
        self._fd = -1
        self._events = 0
        if wake_fd >= 0:
            self._poll.register(wake_fd, READ)

    def wait(self, fd: int, events: int, deadline: float | None) -> int:
        """Wait until `fd` is ready, `deadline` (monotonic seconds) has come, or a signal has.

        Returns:
            The events, of READ, WRITE and BROKEN; 0 when it was not the descriptor that ended it.
        """
        if fd != self._fd:
            self.forget()
            self._poll.register(fd, events)
            self._fd, self._events = fd, events
        elif events != self._events:
            self._poll.modify(fd, events)
            self._events = events
        timeout = None if deadline is None else max(0.0, (deadline - monotonic()) * 1000)
        for ready, mask in self._poll.poll(timeout):
            if ready == fd:
                return mask
        return 0

    def forget(self) -> None:
        """Stop watching: before the descriptor is closed, since its number may be used again."""
        if self._fd >= 0:
            self._poll.unregister(self._fd)
            self._fd = -1
