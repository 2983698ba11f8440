"""How long each wait may last: the table of RFC 5321 section 4.5.3.2, and the few waits it leaves open.

The engine names the wait; the clock is here.  A limit is for one whole reply, however its octets
trickle, or for one write that does not advance.
"""

from __future__ import annotations

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

FIXED = frozenset({Wait.QUIT, Wait.CLOSING, Wait.INTERRUPTED})
"""Limits on all that is left of a connection: progress does not extend them."""


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
