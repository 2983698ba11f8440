"""Trying again, after a while: messages that were deferred, and servers that give no session.

Rules
- The wait doubles each time, up to an hour, and is cut at random to between a half and the whole of
  that, so that what was sent away together does not come back together.
- A message waits opened, as it was.  Only so many do at a time, and no further message is begun
  before some of them have been tried again: a server that defers everything is not asked faster.
- What could not be had at all is tried for as often in a row as a message would be.  Sessions that
  were had and settled nothing are waited for too, and come to an end: each of them may be a login.
"""

from __future__ import annotations

from heapq import heappop, heappush
from time import monotonic

from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectionLost, HostNotFound, Interrupted, SMTPError
from smtpwire.run.earlier import Earlier, known_of
from smtpwire.run.nosession import outcome_without_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.core.transaction import TransactionResult
    from smtpwire.run.job import Job
    from smtpwire.run.report import Observer
    from smtpwire.run.settings import RetrySettings

LONGEST = 3600.0
"""Seconds that no wait exceeds, but for a first one that is longer."""
MOST_KEPT = 1000
"""Messages that wait at a time, at most;"""
OCTETS_KEPT = 32 * 1024 * 1024
"""and octets of theirs in memory;"""
LARGE = 256 * 1024
"""a larger one is not in memory, but has a descriptor,"""
LARGE_KEPT = 64
"""and so many of those."""
FUTILE = 10
"""Sessions in a row that settle nothing, at least, before the run ends for it."""


def backoff(delay: float, number: int) -> float:
    """Return the seconds to wait before the `number`-th further try, counted from 1."""
    from random import uniform

    longest = max(LONGEST, delay)
    whole = min(delay * 2 ** min(number - 1, 30), longest)
    return uniform(whole / 2, whole)  # noqa: S311 - nobody is to be surprised by it


class Retries:
    """The messages of a run that wait until they are tried again.

    Args:
        settings: how often, and how soon.
        observer: warned of each.
        all_required: one recipient who is not accepted keeps the message from all.
    """

    def __init__(self, settings: RetrySettings, observer: Observer, *, all_required: bool) -> None:
        self._settings = settings
        self._observer = observer
        self._all_required = all_required
        self._kept: list[tuple[float, int, Job, TransactionResult, Earlier]] = []
        """A heap, by the time when each is due."""
        self._octets = 0
        """In memory, of those that are kept."""
        self._large = 0

    def __bool__(self) -> bool:
        return bool(self._kept)

    @property
    def full(self) -> bool:
        """Whether no further message is to be begun."""
        return (
            len(self._kept) >= MOST_KEPT or self._octets >= OCTETS_KEPT or self._large >= LARGE_KEPT
        )

    @property
    def due(self) -> float | None:
        """When the next one is to be tried, in monotonic seconds."""
        return self._kept[0][0] if self._kept else None

    def wanted(self, job: Job, result: TransactionResult) -> bool:
        """Whether a message is to be tried again, as this transaction has ended."""
        if job.tries >= self._settings.times or isinstance(result.error, Interrupted):
            return False
        outcomes = {recipient.outcome for recipient in result.recipients}
        if job.earlier is not None:
            outcomes.update(known.outcome for known in job.earlier.known.values())
        if self._all_required and Outcome.REFUSED in outcomes:
            return False  # nothing that is deferred could help
        return Outcome.DEFERRED in outcomes

    def keep(self, job: Job, result: TransactionResult) -> float:
        """Keep a message until its time; return that time."""
        job.tries += 1
        job.replaced = False  # each try may have a new connection
        seconds = backoff(self._settings.delay, job.tries)
        due = monotonic() + seconds
        heappush(self._kept, (due, job.index, job, result, self._rest(job, result)))
        self._weigh(job, 1)
        self._observer.warning(
            job.name,
            f"it is tried again in {seconds:.3g} seconds ({job.tries} of {self._settings.times})",
            _cause(result),
        )
        return due

    def take(self) -> Iterator[Job]:
        """Take those whose time has come, ready to be sent to whoever is left."""
        now = monotonic()
        while self._kept and self._kept[0][0] <= now:
            _, _, job, _, rest = heappop(self._kept)
            self._weigh(job, -1)
            job.leave_out(rest)
            yield job

    def give_up(self) -> Iterator[tuple[Job, TransactionResult]]:
        """Take all, each with what it came to."""
        while self._kept:
            _, _, job, result, _ = heappop(self._kept)
            self._weigh(job, -1)
            yield job, result

    def _rest(self, job: Job, result: TransactionResult) -> Earlier:
        """Leave out all who are settled."""
        known = {} if job.earlier is None else dict(job.earlier.known)
        recipients = job.envelope.recipients if job.earlier is None else job.earlier.recipients
        if not self._all_required:
            for (place, _), now in zip(job.placed(), known_of(result), strict=True):
                known[place] = now
        left = {place: k for place, k in known.items() if k.outcome is not Outcome.DEFERRED}
        return Earlier(recipients, left)

    def _weigh(self, job: Job, sign: int) -> None:
        size = job.octets or 0
        if size > LARGE:
            self._large += sign
        else:
            self._octets += sign * size


class Outages:
    """When the next connection may be tried, and whether it is.

    Args:
        settings: how often in a row, and how soon.
    """

    def __init__(self, settings: RetrySettings) -> None:
        self._settings = settings
        self._not_before = 0.0
        self._failed = 0
        """Tries in a row that gave no session."""
        self._futile = 0
        """Sessions in a row that settled nothing."""
        self._progress = False

    @property
    def until(self) -> float | None:
        """Until when there is to be no new connection, in monotonic seconds; None for now."""
        return self._not_before if monotonic() < self._not_before else None

    def ready(self) -> None:
        """Take it that a session is there."""
        self._failed = 0

    def settled(self, result: TransactionResult) -> None:
        """Take what became of a message: replies about it are progress."""
        self._progress = self._progress or result.error is None

    def wait_for(self, error: SMTPError) -> float | None:
        """Take it that no session was to be had.

        Returns:
            After how many seconds it is tried again; None when it is not.
        """
        passing = outcome_without_session(error) is Outcome.DEFERRED
        if self._failed >= self._settings.times or not passing or isinstance(error, HostNotFound):
            return None
        self._failed += 1
        return self._pause(self._failed)

    def ended(self) -> SMTPError | None:
        """Take the end of a session; return why there is to be no further one, if that is so."""
        if self._progress or not self._settings.times:
            self._progress, self._futile = False, 0
            return None
        self._futile += 1
        if self._futile > max(FUTILE, 2 * (self._settings.times + 1)):
            return ConnectionLost(f"{self._futile} connections in a row ended with nothing settled")
        if self._futile > 1:  # the first one may have been about to end anyway
            self._pause(self._futile - 1)
        return None

    def _pause(self, number: int) -> float:
        seconds = backoff(self._settings.delay, number)
        self._not_before = max(self._not_before, monotonic() + seconds)
        return seconds


def _cause(result: TransactionResult) -> SMTPError:
    """Why a message was deferred, in one error."""
    if result.error is not None:
        return result.error
    for _, outcome, reply in result.recipients:
        if outcome is Outcome.DEFERRED and reply is not None:
            command = result.command if reply is result.reply else "RCPT"
            return SMTPError(f"{command} was answered for now", reply=reply)
    return SMTPError("it was deferred")
