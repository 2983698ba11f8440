"""A run with a journal: what it leaves out, and what it writes down when.

Rules
- A message is given to no connection before the journal was asked.  Accepted and refused are
  settled; so is `unknown`, but where the user wants it sent again.  Deferred and unsent are not.
- The end of a message's data is held until it is durable that it may go out; so after a crash only
  what was on its way then is unknown.
- What became of a message is durable with the next commit.  There is one for all connections
  together: what came while one was going on is the next, and nobody waits for it but the ends of
  data that need it.
- A journal that fails ends the run, for without it nothing may go out.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome
from smtpwire.errors import JournalError, SettledEarlier
from smtpwire.run.earlier import Earlier, known_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.core.address import Address
    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.net.loop import Party
    from smtpwire.run.job import Job
    from smtpwire.run.journal import Entry, Journal
    from smtpwire.run.report import Observer
    from smtpwire.run.session import Sessions
    from smtpwire.run.tally import Tally
else:
    from smtpwire.record import NamedTuple

_BY_AN_EARLIER_RUN = "settled by an earlier run"
_IN_DOUBT = "an earlier run ended, or lost the connection, before the answer to its end of data"
_STDIN = "-"
SMALL = 65_536
"""Octets of a message of which nothing is sent before it is noted that all of it may have been."""


class JournalSettings(NamedTuple):
    """How a run is to use its journal."""

    journal: Journal
    resend_unknown: bool = False
    """What may have been taken is sent again."""
    all_or_none: bool = False
    """A recipient who was refused is asked again together with those who are not settled."""
    hide: Callable[[Reply], Reply] | None = None
    """Takes out of a reply what is not to be written down: a server may repeat a secret."""


class Journaled:
    """Stands between a run and its journal.

    Args:
        settings: the journal, and how it is used.
        sessions: which of them hold ends of data.
        tally: takes what is not sent.
        observer: warned of contents that have changed.
        failed: told its path and why when the journal fails, once.
    """

    def __init__(
        self,
        settings: JournalSettings,
        sessions: Sessions,
        tally: Tally,
        observer: Observer,
        failed: Callable[[str, JournalError], object],
    ) -> None:
        self._settings = settings
        self._journal = settings.journal
        self._loop = sessions.loop
        sessions.holder = self
        self._tally = tally
        self._observer = observer
        self._failed = failed
        self._broken = False
        self._entered: dict[int, tuple[Entry, Job]] = {}
        """Messages that are not settled, by index."""
        self._asked: dict[int, Party] = {}
        """Messages whose end is held, and on which connection."""
        self._durable: set[int] = set()
        """Messages whose end may go out."""

    def admit(self, job: Job) -> bool:
        """Ask the journal for a message, and leave out whoever is settled.

        Returns:
            Whether anybody is left; if not, all has been told, and the message is closed.
        """
        if self._broken:
            return True  # and nothing of it will go out
        recipients = job.envelope.recipients
        try:
            entry = self._journal.enter(job.name, job.digest, job.reverse_path, recipients)
        except JournalError as error:
            self._break(error)
            return True
        if entry.changed and job.name != _STDIN:
            self._observer.warning(
                job.name, "its content is not that of an earlier run: it is a new message"
            )
        earlier = self._settled(entry, recipients) if entry.known else None
        if earlier is not None:
            job.leave_out(earlier)
            if not job.envelope.recipients:
                known = next(iter(earlier.known.values()))
                self._tally.settled_earlier(
                    job, SettledEarlier(str(known.error), reply=known.reply)
                )
                return False
        self._entered[job.index] = (entry, job)
        return True

    def _settled(self, entry: Entry, recipients: tuple[Address, ...]) -> Earlier | None:
        """What is settled by the journal, if anything is."""
        final = {Outcome.ACCEPTED, Outcome.REFUSED}
        if not self._settings.resend_unknown:
            final.add(Outcome.UNKNOWN)
        settled = {
            place: known
            for place, known in enumerate(entry.known)
            if known is not None and known.outcome in final
        }
        if self._settings.all_or_none and len(settled) < len(recipients):
            settled = {p: k for p, k in settled.items() if k.outcome is not Outcome.REFUSED}
        if not settled:
            return None
        told = {
            place: known._replace(
                error=SettledEarlier(
                    _IN_DOUBT if known.outcome is Outcome.UNKNOWN else _BY_AN_EARLIER_RUN
                )
            )
            for place, known in settled.items()
        }
        return Earlier(recipients, told)

    def may_end(self, party: Party, number: int) -> bool:
        """Whether the end of a message's data may go out; if not, it may with the next commit."""
        if number in self._durable:
            return True
        if self._broken:
            return False
        if number not in self._asked:
            entry, job = self._entered[number]
            if not self._asked:
                self._loop.call_later(self._commit)
            for place, _ in job.placed():
                self._journal.begin(entry, place)
        self._asked[number] = party
        return False

    def coming(self, party: Party, number: int) -> bool:
        """Take it that the end of a message's data is queued.

        Returns:
            Whether the message is so small that there is no use in sending its begin before.
        """
        _, job = self._entered[number]
        small = job.octets is not None and job.octets <= SMALL
        if small:
            self.may_end(party, number)
        return small

    def settle(self, job: Job, result: TransactionResult, *, over: bool) -> None:
        """Write down what became of a message in a transaction.

        Args:
            job: the message.
            result: what became of it.
            over: there is to be no further one for it.
        """
        entered = self._entered.get(job.index)
        if over:
            self._entered.pop(job.index, None)
        self._durable.discard(job.index)
        self._asked.pop(job.index, None)
        if self._broken or entered is None:
            return
        entry, _ = entered
        hide = self._settings.hide
        for (place, _), known in zip(job.placed(), known_of(result), strict=True):
            if hide is not None and known.reply is not None:
                known = known._replace(reply=hide(known.reply))  # noqa: PLW2901 - the same, masked
            self._journal.settle(entry, place, known)

    def rest(self) -> None:
        """Make durable what is known: nothing is on its way, and there may be a long wait."""
        self._commit()

    def finish(self) -> None:
        """Make all durable; the last call."""
        self._commit()

    def _commit(self) -> None:
        if self._broken:
            return
        asked, self._asked = self._asked, {}
        try:
            self._journal.commit()
        except JournalError as error:
            self._break(error)
            return
        self._durable.update(asked)
        for party in set(asked.values()):
            self._loop.look_again(party)

    def _break(self, error: JournalError) -> None:
        if self._broken:
            return
        self._broken = True
        self._failed(self._journal.path, error)
