"""How long each wait may last: the table of RFC 5321 section 4.5.3.2, and what it leaves open.

The engine names the wait; the clock is here.  A limit is for one whole reply, however its octets
trickle, or for one write that does not advance.
"""

from __future__ import annotations

from time import monotonic

from smtpwire.core.command import Wait

SECONDS: dict[Wait, float] = {
    Wait.GREETING: 300,  # section 4.5.3.2.1
    Wait.HELLO: 300,  # not in the RFC; as for MAIL
    Wait.STARTTLS: 300,
    Wait.HANDSHAKE: 300,
    Wait.AUTH: 300,
    Wait.MAIL: 300,  # section 4.5.3.2.2
    Wait.RCPT: 300,  # section 4.5.3.2.3
    Wait.DATA: 120,  # section 4.5.3.2.4
    Wait.BLOCK: 180,  # section 4.5.3.2.5
    Wait.END_OF_DATA: 600,  # section 4.5.3.2.6
    Wait.RSET: 300,
    Wait.QUIT: 5,  # everything is settled by then; nobody waits for a courtesy
    Wait.CLOSING: 5,
    Wait.INTERRUPTED: 1,
}

FIXED = frozenset({Wait.HANDSHAKE, Wait.QUIT, Wait.CLOSING, Wait.INTERRUPTED})
"""Limits on a whole phase: nothing that happens in it extends them."""


def limit(wait: Wait, timeout: float | None) -> float | None:
    """Seconds for this wait; None for no limit.

    Args:
        wait: what is being waited for.
        timeout: seconds that no phase may exceed, or None.
    """
    seconds = SECONDS.get(wait)
    if seconds is None or timeout is None:
        return seconds
    return min(seconds, timeout)


class Deadline:
    """The end of the wait that goes on, set anew by progress and by nothing else.

    Args:
        timeout: seconds that no phase may exceed, or None.

    Attributes:
        at: when it is, in monotonic seconds; None when there is no limit.
    """

    __slots__ = ("_limits", "_progress", "at")

    def __init__(self, timeout: float | None) -> None:
        self._limits = {wait: limit(wait, timeout) for wait in SECONDS}
        self._progress: tuple[Wait, int, int, bool] | None = None
        self.at: float | None = None

    def follow(self, wait: Wait, *, replies: int, written: int, waiting: bool = False) -> bool:
        """Begin anew if there was progress since the last call.

        Args:
            wait: what is being waited for.
            replies: how many replies have come in all.
            written: how many octets have been taken in all.
            waiting: something is still to be written: its replies can come behind that only.

        Returns:
            Whether there was.
        """
        # Octets of commands say nothing about when their replies come.
        progress = (
            wait,
            0 if wait in FIXED else replies,
            written if wait is Wait.BLOCK else 0,
            waiting and wait not in FIXED,
        )
        if progress == self._progress:
            return False
        self._progress = progress
        seconds = self._limits.get(wait)
        self.at = None if seconds is None else monotonic() + seconds
        return True

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.at is not None and monotonic() >= self.at
