"""One submission on its way: the facts that replies fill in, and what they add up to.

The engine asks and records; nothing here sends.  What each recipient is told in the end is decided
in one place, `Exchange.result`, from the facts alone, so that no order of events can give two
answers.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.address import Address
    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError


def by_code(reply: Reply) -> Outcome:
    """What a final reply means for a recipient (RFC 5321 section 4.2.1)."""
    if reply.ok:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if reply.permanent else Outcome.DEFERRED


class Exchange:
    """The state of one transaction.  Facts only grow."""

    __slots__ = (
        "accepted",
        "asked",
        "begun",
        "committed",
        "cut_off",
        "data",
        "data_asked",
        "error",
        "failed",
        "final",
        "finished",
        "left",
        "mail",
        "mail_asked",
        "parameters",
        "pending",
        "premature",
        "remaining",
        "replies",
        "submission",
        "withheld",
    )

    def __init__(self, submission: Submission, parameters: str) -> None:
        self.submission = submission
        self.parameters = parameters
        """What stands on its MAIL line."""
        self.pending = 0
        """Commands of its own that are not answered."""
        self.mail_asked = False
        self.mail: Reply | None = None
        self.asked = 0
        """How many RCPT have been sent."""
        self.replies: list[Reply] = []
        """To RCPT, in the order of the recipients."""
        self.accepted = 0
        self.data_asked = False
        self.data: Reply | None = None
        self.remaining = submission.size or 0
        """Octets not yet promised to the server by a BDAT."""
        self.committed = False
        """Its end of data is in the output."""
        self.begun = False
        """An octet of its content was handed to the transport."""
        self.finished = False
        """So was its end of data."""
        self.premature = False
        """A reply to the end of data began to arrive before it was sent."""
        self.failed: Reply | None = None
        """The first refusal of DATA or of a chunk."""
        self.final: Reply | None = None
        """The reply to the end of data."""
        self.withheld = False
        """Aborted, because a recipient was refused and all are required."""
        self.left = False
        """Nothing more is sent for it."""
        self.cut_off = False
        """One of its commands was answered with 421."""
        self.error: SMTPError | None = None
        """Why its content could not be sent, when that is our own side's fault."""

    @property
    def envelope_answered(self) -> bool:
        """Whether the fate of every recipient is known."""
        return self.mail is not None and len(self.replies) == len(
            self.submission.envelope.recipients
        )

    @property
    def mail_refused(self) -> bool:
        """Whether MAIL is known to be refused."""
        return self.mail is not None and self.mail.refusal

    @property
    def nobody_accepted(self) -> bool:
        """Whether every recipient is known to be refused."""
        return not self.accepted and self.envelope_answered

    @property
    def recipient_refused(self) -> bool:
        """Whether any recipient is known to be refused."""
        return self.accepted < len(self.replies)

    @property
    def in_doubt(self) -> bool:
        """Whether the server may have taken it and has not said so."""
        return self.finished and self.final is None

    @property
    def server_forgot(self) -> bool:
        """Whether it is known that the server has no transaction open after this one.

        Everything else wants a RSET before the next MAIL: a server may keep an envelope after a
        refusal, and the next content must not be delivered under it.
        """
        if self.mail_refused:
            return True
        return self.final is not None and self.accepted > 0

    def result(self, lost: SMTPError | None) -> TransactionResult:
        """Add up what is known; `lost` is why nothing more will be known, if that is so."""
        recipients = self.submission.envelope.recipients
        outcomes = tuple(
            self._outcome(recipient, self.replies[i] if i < len(self.replies) else None, lost)
            for i, recipient in enumerate(recipients)
        )
        reply, command = self._deciding(lost)
        decided = (
            (self.mail is not None and self.mail.refusal and self.mail.code != 421)
            or self.final is not None
            or self.withheld
            or ((self.failed is not None or self.nobody_accepted) and not self.cut_off)
        )
        return TransactionResult(
            id=self.submission.id,
            recipients=outcomes,
            reply=reply,
            error=self.error or (None if decided else lost),
            command=command,
            resend=not (decided or self.begun or self.error),
        )

    def _outcome(
        self, recipient: Address, reply: Reply | None, lost: SMTPError | None
    ) -> RecipientOutcome:
        decision = reply
        if self.mail_refused:
            decision = self.mail
        elif reply is None or not reply.refusal:
            decision = self.final or self.failed
        if decision is not None:
            return RecipientOutcome(recipient, by_code(decision), decision)
        if self.finished:
            return RecipientOutcome(recipient, Outcome.UNKNOWN, None)
        if self.error is not None or self.withheld or isinstance(lost, Interrupted):
            return RecipientOutcome(recipient, Outcome.UNSENT, None)
        return RecipientOutcome(recipient, Outcome.DEFERRED, lost.reply if lost else None)

    def _deciding(self, lost: SMTPError | None) -> tuple[Reply | None, str]:
        """The one reply to name for the message as a whole, and the command it answers."""
        if self.mail_refused:
            return self.mail, "MAIL"
        if self.final is not None:
            return self.final, "end of data"
        refused = next((r for r in self.replies if r.refusal), None)
        attempted = self.committed or self.data_asked and self.accepted
        if self.failed is not None and (attempted or refused is None):
            return self.failed, "BDAT" if self.data is None else "DATA"
        if refused is not None and (self.withheld or self.nobody_accepted):
            return refused, "RCPT"
        if lost is not None and lost.reply is not None:
            return lost.reply, ""
        return None, ""
