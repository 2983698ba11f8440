"""Waiting for names of messages that come through a pipe, while connections are at work.

A name may come at any time, or never, so somebody has to look out for it where connections could
use it: those that have nothing to send, or those that there could be more of.
"""

from __future__ import annotations

import os

from smtpwire.net.poll import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError


class Lookout:
    """Waits once; a party of `smtpwire.net.loop`.

    Args:
        fd: what the names come through; not read, and not closed.
        seen: called when there is something to read, or nothing more to come.
    """

    events = READ
    pipe = None
    deadline = None

    def __init__(self, fd: int, seen: Callable[[], object]) -> None:
        # A descriptor of its own: the list may be closed while it is waited for.
        self.fd = os.dup(fd)
        self.over = False
        self._seen = seen

    def start(self) -> None:
        """There is nothing to do but to wait."""

    def ready(self, events: int) -> None:  # noqa: ARG002 - it is what was waited for
        """Something has come."""
        self.over = True

    def go_on(self) -> None:
        """Look whether anybody waits for it still."""

    def late(self) -> None:
        """It never is."""

    def interrupt(self, error: SMTPError) -> None:  # noqa: ARG002 - whoever asked knows
        """Wait no longer."""
        self.over = True

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.fd)

    def end(self) -> None:
        """Tell whoever waits."""
        self.close()
        self._seen()
