"""What comes next in a transaction, given what is known now: the one place that knows.

A pure function of an exchange's facts.  It is asked again before every command, so a refusal needs
no course correction of its own: it changes the next answer.  Whether anything may be sent at all is
not decided here but by the group rule (`smtpwire.core.command.MAY_CONTINUE_GROUP`).
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.exchange import Exchange


class Step(Enum):
    """The next move of one transaction."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CHUNK = "CHUNK"
    """BDAT, once it may go."""
    CONTENT = "CONTENT"
    """The content after DATA, dot included."""
    LONE_DOT = "LONE_DOT"
    """The dot without content: there is nobody to get any."""
    WAIT = "WAIT"
    LEAVE = "LEAVE"
    """Nothing more is said for this message."""


# CPython 3.11 takes nine times as long to find a member of an Enum as to find a name.
MAIL, RCPT, DATA, CHUNK = Step.MAIL, Step.RCPT, Step.DATA, Step.CHUNK
CONTENT, LONE_DOT = Step.CONTENT, Step.LONE_DOT
WAIT, LEAVE = Step.WAIT, Step.LEAVE

COMMANDS = (MAIL, RCPT, DATA)
"""The steps that are commands."""


def next_step(exchange: Exchange) -> Step:
    """Choose the next step; the caller is free to send now."""
    x = exchange
    if not x.mail_asked:
        return MAIL
    if x.data is not None:
        # RFC 2920 section 3.1: after a 354 that nobody is to profit from, a single dot is sent.
        return CONTENT if x.accepted or x.insists else LONE_DOT
    if x.doomed:
        return LEAVE
    if x.asked < x.recipients:
        return RCPT
    if x.chunked:
        return CHUNK
    if x.all_required and not x.envelope_answered:
        # In the group, a 354 would be a trap: the lone dot would deliver an empty message to
        # those recipients that were accepted.
        return WAIT
    return DATA
