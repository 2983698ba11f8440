"""What the engine is given to submit, and what it answers.

Values only.  A server's "no" is one of these values, for each recipient, and never an exception.
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from smtpwire.core.address import Address
    from smtpwire.core.reply import Reply
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


class Outcome(Enum):
    """How it ended for one recipient of one message; exactly one of these, always."""

    ACCEPTED = "accepted"
    """The end of data was answered with 2yz."""
    REFUSED = "refused"
    """A 5yz reply, to the recipient or to the whole message."""
    DEFERRED = "deferred"
    """A 4yz reply, or the connection was lost before the end of data was out."""
    UNSENT = "unsent"
    """Never tried, or withheld."""
    UNKNOWN = "unknown"
    """The end of data was sent and no reply came: it may have been delivered."""

    __hash__ = object.__hash__  # an Enum's own is slow, and these are counted with every message


class Envelope(NamedTuple):
    """Reverse-path and recipients of one transaction (RFC 5321 section 2.3.1)."""

    reverse_path: Address | None
    """None is the null reverse-path, `<>`."""
    recipients: tuple[Address, ...]


class Submission(NamedTuple):
    """One message, as far as the engine needs to know it: never its content."""

    id: int
    envelope: Envelope
    size: int | None = None
    """Octets as BDAT sends them; None when they were not counted, which rules BDAT out."""
    data_size: int | None = None
    """Octets as DATA sends them, dots undoubled: with the CRLF that a raw message may lack."""
    eightbit: bool = False
    """An octet over 127 is in it."""


class RecipientOutcome(NamedTuple):
    """What became of one recipient."""

    recipient: Address
    outcome: Outcome
    reply: Reply | None
    """The reply that decided, or None where none did."""


class TransactionResult(NamedTuple):
    """What became of one submission, recipient by recipient."""

    id: int
    recipients: tuple[RecipientOutcome, ...]
    reply: Reply | None
    """The reply that decided for the message as a whole."""
    error: SMTPError | None
    """What broke, where it was not a reply about the message that decided."""
    command: str
    """The command that `reply` answers: MAIL, RCPT, DATA, "end of data", or BDAT for a chunk before
    that; "" for none."""
    resend: bool
    """Nothing of it can have been taken: it may be sent again, unasked, on another connection."""

    @property
    def accepted(self) -> int:
        """How many recipients were accepted."""
        return sum(r.outcome is Outcome.ACCEPTED for r in self.recipients)
