"""One submission on its way: the facts that replies fill in, and what they add up to.

The engine sends and records; nothing here sends.  What each recipient is told in the end is decided
in one place, `Exchange.result`, from the facts alone, so that no order of events can give two
answers.

A 421 is never a fact about a message: it is recorded as the reply that it is, and then speaks for
the connection, so that the message may be sent again where nothing of it was taken.  Where the end
of data is out and is not what it answers, it leaves the message unknown: it may have come out of
turn, from a server that takes the message all the same.
"""

from __future__ import annotations

from smtpwire.core.command import DATA, DOT, LAST, LONE_DOT, MAIL, RCPT
from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import Interrupted
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from smtpwire.core.command import Verb
    from smtpwire.core.group import Group
    from smtpwire.core.reply import Reply
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError


_ACCEPTED = Outcome.ACCEPTED
_END_OF_DATA = DOT.label
_TOO_MANY = {452: "4.5.3", 552: "5.5.3"}
"""Codes that say so, each with the enhanced status code that does."""


def by_code(reply: Reply) -> Outcome:
    """What a final reply means for a recipient (RFC 5321 section 4.2.1)."""
    if reply.ok:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if reply.permanent else Outcome.DEFERRED


def too_many_recipients(reply: Reply) -> bool:
    """Whether a refusal of RCPT, after recipients were accepted, means that there are too many.

    RFC 5321 section 4.5.3.1.10: that is 452, but servers that follow RFC 821 say 552, which is to
    be taken as temporary.  With another enhanced status code either means what that says, a full
    mailbox for example.
    """
    if reply.code not in _TOO_MANY:
        return False
    status = reply.status
    return status is None or str(status) == _TOO_MANY[reply.code]


def unsent(submission: Submission, error: SMTPError | None, *, resend: bool) -> TransactionResult:
    """The result of a submission that was not begun."""
    recipients = tuple(
        RecipientOutcome(recipient, Outcome.UNSENT, None)
        for recipient in submission.envelope.recipients
    )
    return TransactionResult(submission.id, recipients, None, error, "", resend)


def _refusal(lost: SMTPError | None) -> Reply | None:
    """The refusal behind a lost connection: a 2yz that broke the rules explains nothing."""
    reply = lost.reply if lost is not None else None
    return reply if reply is not None and reply.refusal else None


class Exchange:
    """The state of one transaction.  Facts only grow."""

    __slots__ = (
        "accepted",
        "all_required",
        "asked",
        "bdat_unknown",
        "begun",
        "chunked",
        "contradicted",
        "data",
        "doomed",
        "error",
        "failed",
        "failed_at",
        "final",
        "finished",
        "first_accepted",
        "insists",
        "left",
        "mail",
        "mail_asked",
        "mail_refused",
        "parameters",
        "pending",
        "recipients",
        "refused",
        "remaining",
        "replies",
        "submission",
        "taken",
    )

    def __init__(
        self, submission: Submission, parameters: str, options: SessionOptions, *, chunked: bool
    ) -> None:
        self.submission = submission
        self.recipients = len(submission.envelope.recipients)
        self.parameters = parameters
        """What stands on its MAIL line."""
        self.all_required = options.require_all
        self.insists = options.send_anyway
        self.chunked = chunked
        """Its content goes by BDAT."""
        self.pending = 0
        """Commands of its own that are not answered, and contents that are not sent."""
        self.mail_asked = False
        self.mail: Reply | None = None
        self.mail_refused = False
        self.asked = 0
        """How many RCPT have been sent."""
        self.replies: list[Reply] = []
        """To RCPT, in the order of the recipients."""
        self.accepted = 0
        """How many of them are 2yz."""
        self.first_accepted = self.recipients
        """The index of the first of those."""
        self.refused = 0
        """How many are refusals, other than 421."""
        self.data: Reply | None = None
        """The 354."""
        self.remaining = submission.size or 0
        """Octets not yet promised to the server by a BDAT."""
        self.begun = False
        """An octet of its content was handed to the transport."""
        self.finished = False
        """So was its end of data."""
        self.failed: Reply | None = None
        """The first refusal of DATA or of a chunk."""
        self.failed_at = DATA
        """What that refusal answers."""
        self.taken = False
        """A chunk was accepted."""
        self.bdat_unknown = False
        """A chunk was refused by a server that seems not to know BDAT."""
        self.contradicted = False
        """The server seems not to know BDAT, and it accepted the end of data."""
        self.final: Reply | None = None
        """The reply to the end of data."""
        self.doomed = False
        """It is known that nothing more need be tried."""
        self.left = False
        """Nothing more is sent for it."""
        self.error: SMTPError | None = None
        """Why its content could not be sent, when that is our own side's fault."""

    def may_record(self, verb: Verb, reply: Reply) -> bool:
        """Whether a reply of this kind can answer the command (RFC 5321 section 4.3.2)."""
        code = reply.code
        if verb is DATA and code < 400:
            # 354 after a refused MAIL: whose envelope does the server have open?
            return code == 354 and not self.mail_refused
        return code < 300 or code >= 400

    def record(self, verb: Verb, reply: Reply) -> None:
        """Take the reply to one of its commands."""
        if verb is RCPT:
            if reply.ok:
                if not self.accepted:
                    self.first_accepted = len(self.replies)
                self.accepted += 1
            elif reply.code != 421:
                self.refused += 1
                self.doomed = self.doomed or self._useless
            self.replies.append(reply.shortened())
        elif verb is MAIL:
            self.mail = reply
            self.mail_refused = self.doomed = reply.refusal
        elif verb is DOT:
            self.final = reply
        elif verb is not LONE_DOT:
            self._record_content(verb, reply)

    def record_all(self, group: Group, replies: Sequence[Reply]) -> None:
        """Take the replies to a group of its commands, which are what was hoped for."""
        first, recipients = group.first, group.recipients
        if MAIL in group.verbs:
            self.mail = replies[first - 1]
        if recipients:
            if not self.accepted:
                self.first_accepted = len(self.replies)
            self.accepted += recipients
            self.replies += [r.shortened() for r in replies[first : first + recipients]]
        if group.verbs[-1] is DATA:
            self.data = replies[-1]

    def _record_content(self, verb: Verb, reply: Reply) -> None:
        """Take the reply to DATA or to a chunk."""
        if reply.refusal:
            if self.failed is None:
                self.failed, self.failed_at = reply, verb
            self.doomed = True
        elif verb is DATA:
            self.data = reply
        else:
            self.taken = True
        if verb is LAST:
            self.final = self.failed or reply
            self.contradicted = reply.ok and self.bdat_unknown

    def unsay(self, reply: Reply) -> None:
        """Take back a reply that was no answer to its end of data after all."""
        if self.final is reply:
            self.final = None

    # -- what is known ---------------------------------------------------------------------------

    @property
    def envelope_answered(self) -> bool:
        """Whether the fate of every recipient is known."""
        return len(self.replies) == self.recipients

    @property
    def nobody_accepted(self) -> bool:
        """Whether every recipient is known to be refused."""
        return self.refused == self.recipients

    @property
    def _all_accepted(self) -> bool:
        """Whether the envelope was accepted as a whole."""
        return self.accepted == self.recipients and not self.mail_refused

    @property
    def withheld(self) -> bool:
        """Whether it is kept from all, because one was refused and all are required."""
        return self.all_required and self.refused > 0

    @property
    def _useless(self) -> bool:
        return self.withheld or (self.nobody_accepted and not self.insists)

    @property
    def in_doubt(self) -> bool:
        """Whether the server may have taken it and has not said so."""
        return self.finished and self.final is None

    @property
    def server_forgot(self) -> bool:
        """Whether it is known that the server has no transaction open after this one.

        Everything else wants a RSET before the next MAIL: a server may keep an envelope after a
        refusal, and the next content must not be delivered under it.  The end of data clears it
        whatever the answer (RFC 5321 section 4.1.1.4); a refused BDAT leaves the state
        indeterminate (RFC 3030 section 2).
        """
        if self.mail_refused:
            return True
        final = self.final
        return final is not None and self.accepted > 0 and (final.ok or not self.chunked)

    @property
    def unread(self) -> bool:
        """Whether its content went to a server that took no part of it for content."""
        return self.bdat_unknown and not self.taken

    # -- what it adds up to ----------------------------------------------------------------------

    def result(self, lost: SMTPError | None) -> TransactionResult:
        """Add up what is known; `lost` is why nothing more will be known, if that is so."""
        if self.unread:
            self.begun = self.finished = False
            self.failed = self.final = None
        final = self.final
        if final is not None and final.ok and self._all_accepted:
            return self._accepted_by_all(final)
        decided = self.decided
        reply, command = self._deciding()
        if reply is None or self._says_nothing(reply):
            reply, command = _refusal(lost), ""
        return TransactionResult(
            id=self.submission.id,
            recipients=tuple(self._outcome(index, lost) for index in range(self.recipients)),
            reply=reply,
            error=self.error or (None if decided else lost),
            command=command,
            resend=not (decided or self.begun or self.error),
        )

    def _accepted_by_all(self, final: Reply) -> TransactionResult:
        """The ordinary end, which the rest of this class would come to as well."""
        submission = self.submission
        outcomes = [
            new(RecipientOutcome, (recipient, _ACCEPTED, final))
            for recipient in submission.envelope.recipients
        ]
        fields = (submission.id, tuple(outcomes), final, self.error, _END_OF_DATA, False)
        return new(TransactionResult, fields)

    @property
    def decided(self) -> bool:
        """Whether replies about the message decided, whatever became of the connection."""
        return (
            self.final is not None
            or self.withheld
            or (self.nobody_accepted and not self._attempted)
            or any(self._settles(reply) for reply in (self.mail, self.failed))
        )

    def _settles(self, reply: Reply | None) -> bool:
        if reply is None or not reply.refusal:
            return False
        return reply.code != 421 and not self._says_nothing(reply)

    def _outcome(self, index: int, lost: SMTPError | None) -> RecipientOutcome:
        recipient = self.submission.envelope.recipients[index]
        own = self.replies[index] if index < len(self.replies) else None
        if self.mail_refused:
            reply = self.mail
        elif self._attempted and not (self.final is not None and self.final.ok):
            reply = self.final or self.failed
        elif own is not None and own.refusal:
            if self.first_accepted < index and too_many_recipients(own):
                return RecipientOutcome(recipient, Outcome.DEFERRED, own)
            reply = own
        elif self.withheld:
            # RCPT is answered before any content, so a refused chunk comes too late to decide.
            reply = None
        else:
            reply = self.final or self.failed
        if reply is None or self._says_nothing(reply):
            return RecipientOutcome(recipient, *self._without_reply(lost))
        return RecipientOutcome(recipient, by_code(reply), reply)

    def _says_nothing(self, reply: Reply) -> bool:
        """Whether this reply leaves open what became of an end of data that is out."""
        if reply is self.failed and (self.contradicted or self.bdat_unknown):
            return self.contradicted or self.in_doubt
        return reply.code == 421 and self.in_doubt

    def _without_reply(self, lost: SMTPError | None) -> tuple[Outcome, Reply | None]:
        """The outcome for a recipient about whom no reply decided."""
        if self.finished:
            return Outcome.UNKNOWN, None
        if self.error is not None or self.withheld or isinstance(lost, Interrupted):
            return Outcome.UNSENT, None
        return Outcome.DEFERRED, _refusal(lost)

    def _deciding(self) -> tuple[Reply | None, str]:
        """The one reply to name for the message as a whole, and the command it answers."""
        if self.mail_refused:
            return self.mail, MAIL.label
        if self.withheld or (self.nobody_accepted and not self._attempted):
            return next(reply for reply in self.replies if reply.refusal), RCPT.label
        if self.failed is not None:
            return self.failed, self.failed_at.label
        if self.final is not None:
            return self.final, _END_OF_DATA
        return None, ""

    @property
    def _attempted(self) -> bool:
        """Whether content was tried, as it was told to, though every recipient was refused.

        Then the answer to it is what is reported; a 2yz, though, accepts nobody who was refused.
        """
        tried = self.finished or self.final is not None or self.failed is not None
        return self.insists and self.nobody_accepted and tried
