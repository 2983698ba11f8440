"""Waiting for a time, while connections are at work or none is there.

A party of the loop is what has a descriptor.  The one of an alarm is the end of a pipe into which
nobody writes, so that nothing but its deadline can come.
"""

from __future__ import annotations

import os

from smtpwire.net.poll import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError
    from smtpwire.net.loop import Loop


class Alarm:
    """Rings once, at the earliest time that it was set to.

    Args:
        loop: lets it wait; it goes on for as long as an alarm is set.
        ring: called at that time, when the alarm is not set any more; also when the run is
            interrupted.
    """

    def __init__(self, loop: Loop, ring: Callable[[], object]) -> None:
        self._loop = loop
        self._ring = ring
        self._wait: _Wait | None = None

    def set(self, at: float) -> None:
        """Ring at `at`, in monotonic seconds, if it is not to ring earlier anyway."""
        if self._wait is None:
            self._wait = _Wait(at, self._rung)
            self._loop.add(self._wait)
        elif at < self._wait.deadline:
            self._wait.deadline = at
            self._loop.nudge(self._wait)

    def cancel(self) -> None:
        """Do not wait any longer; it rings soon."""
        if self._wait is not None:
            self._wait.over = True
            self._loop.nudge(self._wait)

    def _rung(self) -> None:
        self._wait = None
        self._ring()


class _Wait:
    """Waits once; a party of `smtpwire.net.loop`."""

    events = READ
    pipe = None

    def __init__(self, at: float, rung: Callable[[], object]) -> None:
        self.fd, self._other_end = os.pipe()
        self.deadline = at
        self.over = False
        self._rung = rung

    def start(self) -> None:
        """There is nothing to do but to wait."""

    def ready(self, events: int) -> None:
        """It never is."""

    def go_on(self) -> None:
        """Look at the time anew."""

    def late(self) -> None:
        """It is time."""
        self.over = True

    def interrupt(self, error: SMTPError) -> None:  # noqa: ARG002 - whoever asked knows
        """Wait no longer."""
        self.over = True

    def close(self) -> None:
        """Close both ends."""
        os.close(self.fd)
        os.close(self._other_end)

    def end(self) -> None:
        """Tell whoever waits."""
        self.close()
        self._rung()
