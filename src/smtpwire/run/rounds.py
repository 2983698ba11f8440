"""What follows on a transaction: nothing, or a further one for the same message.

- A recipient for whom there was no room, by what the server announced or by its 452, follows in a
  transaction of its own as soon as the one before has ended (RFC 5321 section 4.5.3.1.10).  Each
  such transaction had somebody accepted, so that this comes to an end.
- What was deferred waits, where the user wants it tried again.
- All else is settled, and told of once, with all its recipients.
"""

from __future__ import annotations

from smtpwire.core.exchange import too_many_recipients
from smtpwire.core.transaction import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
    from smtpwire.run.alarm import Alarm
    from smtpwire.run.earlier import Earlier, Known
    from smtpwire.run.job import Job
    from smtpwire.run.journaled import Journaled
    from smtpwire.run.quota import Quota
    from smtpwire.run.report import Observer
    from smtpwire.run.retry import Outages, Retries
    from smtpwire.run.session import Session, Sessions
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.tally import Tally

    class Desk(Protocol):
        """Who has all messages and all sessions."""

        def over(self) -> bool:
            """Whether no further message is to be begun."""
            ...

        def again(self, job: Job) -> None:
            """Send a message, now, to those who are left."""

        def look_around(self) -> None:
            """Go on: a wait for messages or for connections is over."""

        def journal_failed(self, where: str, error: SMTPError) -> None:
            """Take it that the journal cannot be written any more: its path, and why."""


class Rounds:
    """The transactions of each message, one after the other.

    Args:
        settings: of the run.
        sessions: whose loop waits.
        tally: takes what is settled.
        observer: warned of what is tried again.
        desk: sends.
    """

    def __init__(
        self,
        settings: RunSettings,
        sessions: Sessions,
        tally: Tally,
        observer: Observer,
        desk: Desk,
    ) -> None:
        self._settings = settings
        self._loop = sessions.loop
        self._tally = tally
        self._observer = observer
        self._desk = desk
        self._divide = not settings.client.require_all
        self._most = 1 if settings.disconnect else settings.max_per_connection
        """Messages on a session; None for any number."""
        self._flying = 0
        """How many messages are on sessions."""
        self._journaled: Journaled | None = None
        if settings.journal is not None:
            from smtpwire.run.journaled import Journaled

            self._journaled = Journaled(
                settings.journal, sessions, tally, observer, desk.journal_failed
            )
        self._alarm: Alarm | None = None
        self._retries: Retries | None = None
        self._outages: Outages | None = None
        if settings.retry.times:
            from smtpwire.run.alarm import Alarm
            from smtpwire.run.retry import Outages, Retries

            required = settings.client.require_all
            self._alarm = Alarm(self._loop, self._rung)
            self._retries = Retries(settings.retry, observer, all_required=required)
            self._outages = Outages(settings.retry)

    # -- messages --------------------------------------------------------------------------------

    def settle(self, job: Job, result: TransactionResult) -> None:
        """Take what became of a message in a transaction."""
        if self._outages is not None:
            self._outages.settled(result)
        rest = self._rest(job, result)
        later = rest is None and self._wanted_later(job, result)
        if self._journaled is not None:
            self._journaled.settle(job, result, over=rest is None and not later)
        if rest is not None:
            job.leave_out(rest)
            self._desk.again(job)
        elif later and self._retries is not None and self._alarm is not None:
            self._alarm.set(self._retries.keep(job, result))
        else:
            self._tally.settle(job, result)

    def admit(self, job: Job) -> bool:
        """Whether anything of a message is to be sent; if not, it is settled."""
        return self._journaled is None or self._journaled.admit(job)

    def landed(self, flying: int) -> None:
        """Take it that a message is on a session no more, and how many still are."""
        self._flying = flying
        if self._journaled is not None and not flying:
            self._loop.call(self._write_down)

    def _write_down(self) -> None:
        if self._journaled is not None and not self._flying:
            self._journaled.rest()

    def give_up(self) -> None:
        """Settle what waits, as it was deferred; nothing is on any session."""
        if self._journaled is not None:
            self._journaled.finish()
        if self._retries is not None:
            for job, result in self._retries.give_up():
                self._tally.settle(job, result)

    @property
    def pending(self) -> bool:
        """Whether a message waits until it is tried again."""
        return bool(self._retries)

    @property
    def first(self) -> bool:
        """Whether what waits is to be settled before a further message is begun."""
        if self._retries is None:
            return False
        return self._retries.full or (self._settings.stop_at_failure and self.pending)

    def _wanted_later(self, job: Job, result: TransactionResult) -> bool:
        retries = self._retries
        return retries is not None and not self._desk.over() and retries.wanted(job, result)

    def _rest(self, job: Job, result: TransactionResult) -> Earlier | None:
        """What is settled when the message goes on at once, to those for whom there was no room."""
        accepted = result.accepted
        crowded = self._divide and 0 < accepted < len(result.recipients)
        if not (crowded or job.divided):
            return None
        from smtpwire.run.earlier import Earlier, known_of

        known = {} if job.earlier is None else dict(job.earlier.known)
        recipients = job.envelope.recipients if job.earlier is None else job.earlier.recipients
        for (place, _), now in zip(job.placed(), known_of(result), strict=True):
            if not (crowded and _left_over(now)):
                known[place] = now
        if len(known) == len(recipients):
            return None
        if len(job.envelope.recipients) > 1 and crowded:
            job.at_most = accepted
        return Earlier(recipients, known)

    # -- sessions --------------------------------------------------------------------------------

    def take(self, session: Session, job: Job, *, first: bool) -> bool:
        """Take room for a message on a session, if there is any.

        Args:
            session: the session.
            job: the message.
            first: it is the first one on that session.
        """
        if first:
            session.quota = self._quota(session)
        if session.quota is None and job.at_most is not None:
            session.quota = self._made_quota(session)
        return session.quota is None or session.quota.take(job)

    def _quota(self, session: Session) -> Quota | None:
        """What a session that is ready may carry; None for all that there is."""
        announced = session.ready is not None and session.ready.capabilities.offers("LIMITS")
        return self._made_quota(session) if announced or self._most is not None else None

    def _made_quota(self, session: Session) -> Quota:
        from smtpwire.core.limits import NO_LIMITS, limits
        from smtpwire.run.quota import Quota

        found = NO_LIMITS if session.ready is None else limits(session.ready.capabilities)
        return Quota(found, self._most, divide=self._divide)

    def ready(self) -> None:
        """Take it that a session is there."""
        if self._outages is not None:
            self._outages.ready()

    def ended(self) -> SMTPError | None:
        """Take the end of a session; return why there is to be no further one, if that is so."""
        return None if self._outages is None else self._outages.ended()

    def wait_for(self, where: str, last: SMTPError, deciding: SMTPError) -> bool:
        """Take it that no session was to be had; return whether it is tried again, after a while.

        Args:
            where: the server that was tried last.
            last: why it gave none.
            deciding: of all that were tried, the reason that counts.
        """
        seconds = None if self._outages is None else self._outages.wait_for(deciding)
        if seconds is not None:
            self._observer.warning(where, f"trying again in {seconds:.3g} seconds", last)
        return seconds is not None

    def paused(self) -> bool:
        """Whether there is to be no new connection yet; `awake` is called when there may be."""
        until = None if self._outages is None else self._outages.until
        if until is not None and self._alarm is not None:
            self._alarm.set(until)
        return until is not None

    # -- waiting ---------------------------------------------------------------------------------

    def rest(self) -> None:
        """Wait no longer than there is something to wait for: nothing is left to be sent now."""
        if self._alarm is not None and (self._desk.over() or not self.pending):
            self._alarm.cancel()

    def _rung(self) -> None:
        if self._desk.over() or self._retries is None or self._alarm is None:
            return
        for job in self._retries.take():
            self._desk.again(job)
        if self._retries.due is not None:
            self._alarm.set(self._retries.due)
        self._desk.look_around()


def _left_over(known: Known) -> bool:
    """Whether there was no room for a recipient in a transaction that accepted others."""
    return (
        known.outcome is Outcome.DEFERRED
        and known.command == "RCPT"
        and known.reply is not None
        and too_many_recipients(known.reply)
    )
