"""What has become of each message: told to the observer, and added up for the report.

Every recipient of every message passes through here exactly once.
"""

from __future__ import annotations

from time import monotonic

from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import Interrupted
from smtpwire.record import new
from smtpwire.run.nosession import outcome_without_session
from smtpwire.run.report import MessageResult, Problem, RunReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smtpwire.core.address import Address
    from smtpwire.errors import MessageError, SMTPError
    from smtpwire.run.earlier import Earlier
    from smtpwire.run.job import Job
    from smtpwire.run.report import Observer

_ACCEPTED = Outcome.ACCEPTED
_FOR_THE_MESSAGE = (
    _ACCEPTED,
    Outcome.UNKNOWN,
    Outcome.DEFERRED,
    Outcome.REFUSED,
    Outcome.UNSENT,
)
"""A message's outcome is the first of these that any of its recipients has."""


class Tally:
    """Counts outcomes and collects problems."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._problems: dict[tuple[object, ...], Problem] = {}
        self.failed = False
        """Whether anything at all went wrong."""

    def settle(self, job: Job, result: TransactionResult) -> None:
        """Take the end of a message."""
        job.close()
        _, recipients, reply, error, command, _ = result
        fields = (
            job.index,
            job.name,
            job.reverse_path,
            recipients,
            job.octets,
            message_outcome(recipients),
            reply,
            command,
            error,
            monotonic() - job.started,
        )
        self._tell(new(MessageResult, fields), job.earlier)

    def settled_earlier(self, job: Job, error: SMTPError) -> None:
        """Take a message of which nothing is left to be sent, and which fails nothing now."""
        job.close()
        failed = self.failed
        result = _unsent(job.index, job.name, job.reverse_path, (), error)
        self._count_joined(result, job.earlier)
        self.failed = failed

    def lost(
        self,
        index: int,
        name: str,
        reverse_path: str | None,
        recipients: tuple[Address, ...],
        error: SMTPError,
        outcome: Outcome,
    ) -> None:
        """Take a message that was lost with who had it: begun and so unknown, or out of reach."""
        outcomes = _all(recipients, outcome)
        result = _unsent(index, name, reverse_path, outcomes, error)
        self._tell(result._replace(outcome=outcome))

    def unusable(
        self,
        index: int,
        name: str,
        reverse_path: str | None,
        recipients: tuple[Address, ...],
        error: MessageError,
    ) -> None:
        """Take a message that cannot be sent, with as much of its envelope as is known."""
        self.lost(index, name, reverse_path, recipients, error, Outcome.UNSENT)

    def untried(
        self,
        index: int,
        name: str,
        reverse_path: str | None,
        recipients: tuple[Address, ...],
        error: SMTPError,
        outcome: Outcome,
    ) -> None:
        """Take a message for which there was no session; why was reported elsewhere."""
        outcomes = _all(recipients, outcome)
        self.count(_unsent(index, name, reverse_path, outcomes, error))

    def leave(self, jobs: Iterable[Job], error: SMTPError) -> None:
        """Take messages that were opened, in order, and for which there is no session."""
        outcome = waited = outcome_without_session(error)
        for job in jobs:
            if job.replaced:
                outcome = waited  # it was tried before, on a session that ended
            outcomes = _all(job.envelope.recipients, outcome)
            result = _unsent(job.index, job.name, job.reverse_path, outcomes, error)
            self._count_joined(result, job.earlier)
            outcome = Outcome.UNSENT

    def list_failed(self, error: MessageError) -> None:
        """Take the reason why nobody knows what further messages there are."""
        self.problem(_elsewhere(error.where, error))

    def no_session(self, failures: Sequence[tuple[str, SMTPError]]) -> None:
        """Take the reasons, server by server, why no further message can be sent.

        All but the last were told of as warnings when the next server was tried; all of them count.
        """
        *before, last = (_elsewhere(*failure) for failure in failures)
        for problem in before:
            self._keep(problem)
        self.problem(last)

    def report(self, messages: int, signal: int | None) -> RunReport:
        """Add it all up."""
        return RunReport(messages, self._outcomes, tuple(self._problems.values()), signal)

    def count(self, result: MessageResult) -> bool:
        """Take a message that is settled; its problems are told apart.

        Returns:
            Whether there may be any: it was not accepted for every recipient.
        """
        outcomes, smooth = self._outcomes, result.error is None
        for _, outcome, _ in result.recipients:
            outcomes[outcome] += 1
            smooth = smooth and outcome is _ACCEPTED
        if result.outcome is not _ACCEPTED:
            self.failed = True
        self._observer.message(result)
        return not smooth

    def _tell(self, result: MessageResult, earlier: Earlier | None = None) -> None:
        if earlier is not None:
            self._count_joined(result, earlier, _problems(result))
        elif self.count(result):
            for problem in _problems(result):
                self.problem(problem)

    def _count_joined(
        self, result: MessageResult, earlier: Earlier | None, problems: Iterable[Problem] = ()
    ) -> None:
        """Take a message with what was settled of it before, and with what there is to say."""
        if earlier is None:
            self.count(result)
            return
        recipients = earlier.joined(result.recipients)
        self.count(result._replace(recipients=recipients, outcome=message_outcome(recipients)))
        for problem in (*problems, *earlier.problems(result.name)):
            self.problem(problem)

    def problem(self, problem: Problem) -> None:
        """Take a problem."""
        self._keep(problem)
        self._observer.problem(problem)

    def _keep(self, problem: Problem) -> None:
        self.failed = True
        reply = problem.reply
        kind = (type(problem.error), problem.command, problem.outcome, reply and reply.code)
        self._problems.setdefault(kind, problem)


def message_outcome(recipients: tuple[RecipientOutcome, ...]) -> Outcome:
    """What to say of the message as a whole."""
    if len(recipients) == 1:
        return recipients[0].outcome
    present = {recipient.outcome for recipient in recipients}
    return next((o for o in _FOR_THE_MESSAGE if o in present), Outcome.UNSENT)


def _all(recipients: tuple[Address, ...], outcome: Outcome) -> tuple[RecipientOutcome, ...]:
    return tuple(RecipientOutcome(recipient, outcome, None) for recipient in recipients)


def _elsewhere(where: str, error: SMTPError) -> Problem:
    """A problem that is about no message."""
    return Problem(where, error, error.reply, "", None, None)


def _unsent(
    index: int,
    name: str,
    reverse_path: str | None,
    recipients: tuple[RecipientOutcome, ...],
    error: SMTPError,
) -> MessageResult:
    return MessageResult(
        index,
        name,
        reverse_path,
        recipients,
        octets=None,
        outcome=message_outcome(recipients),
        reply=None,
        command="",
        error=error,
        seconds=0.0,
    )


def _problems(result: MessageResult) -> list[Problem]:
    """One for what befell the message, and one for each recipient with an answer of its own."""
    found: list[Problem] = []
    whole = result.reply is not None and result.reply.refusal and result.command != "RCPT"
    if (whole or result.error is not None) and not isinstance(result.error, Interrupted):
        found.append(
            Problem(result.name, result.error, result.reply, result.command, result.outcome, None)
        )
    for recipient, outcome, reply in result.recipients:
        if reply is not None and reply.refusal and not (whole and reply is result.reply):
            found.append(Problem(result.name, None, reply, "RCPT", outcome, str(recipient)))
    if not found and result.outcome is Outcome.UNKNOWN:
        found.append(Problem(result.name, result.error, None, "", Outcome.UNKNOWN, None))
    return found
