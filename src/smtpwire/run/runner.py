"""A run: many messages over one connection after another.

What is decided here is what happens when a connection ends.  A message that cannot have been taken
goes on a new connection, unasked and once; a message that may have been taken never does.  When no
session can be had, the run ends: trying again for every message would only lock an account.

So each connection settles a message or uses up the one replacement of a message, and no server can
keep a run going for ever.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    ConnectError,
    ConnectionLost,
    Interrupted,
    ServerClosing,
)
from smtpwire.run.messages import Messages
from smtpwire.run.nosession import another_may_do, deciding, outcome_without_session
from smtpwire.run.report import Observer
from smtpwire.run.session import Sessions, where_of
from smtpwire.run.stop import StopRequest
from smtpwire.run.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import MessageError, SMTPError
    from smtpwire.run.messages import Job, MessageSettings
    from smtpwire.run.report import RunReport
    from smtpwire.run.session import Session
else:
    from smtpwire.record import NamedTuple


class RunSettings(NamedTuple):
    """All that decides a run."""

    client: ClientSettings
    messages: MessageSettings
    received: bool = False
    """A Received field goes in front of each message (RFC 5321 section 4.4)."""
    disconnect: bool = False
    """A connection for each message."""
    stop_at_failure: bool = False
    """The first failure ends the run."""


def submit(
    settings: RunSettings, observer: Observer | None = None, stop: StopRequest | None = None
) -> RunReport:
    """Submit all messages; every recipient of every one of them comes to exactly one outcome.

    Args:
        settings: what to do.
        observer: told of everything as it happens; None to be told only at the end.
        stop: consulted between all steps; a signal ends the run without ending a message.
            None for a run that nothing interrupts.

    Returns:
        The outcomes in numbers, and the problems in the order met.
    """
    return _Run(settings, observer or Observer(), stop or StopRequest()).run()


class _Run:
    """The state of one run.  It owns the messages, and sessions ask it for them."""

    def __init__(self, settings: RunSettings, observer: Observer, stop: StopRequest) -> None:
        self._settings = settings
        self._observer = observer
        self._stop = stop
        self._tally = Tally(observer)
        self._messages = Messages(
            settings.messages,
            stop,
            unusable=self._unusable,
            list_failed=self._tally.list_failed,
            warn=observer.warning,
        )
        self._sessions = Sessions(settings.client, observer, stop)
        self._servers = deque(settings.client.servers)
        """In the order in which they are tried."""
        self._waiting: deque[Job] = deque()
        """Open, and to be sent before all others."""
        self._flying: dict[int, Job] = {}
        """Given to the session, by index."""
        self._returned: list[tuple[Job, TransactionResult]] = []
        """What the session gave back unsent, in order."""
        self._used = False
        """Whether the session was given a message."""

    def run(self) -> RunReport:
        failure: SMTPError | None = None
        try:
            while failure is None and (job := self._next_job()) is not None:
                self._waiting.appendleft(job)
                failure = self._connect_to_any()
            self._leave_the_rest(failure or self._stop.error())
        finally:
            self._messages.close()
            for job in (*self._waiting, *self._flying.values()):
                job.body.close()
        return self._tally.report(self._messages.count, self._stop.signal)

    # -- messages --------------------------------------------------------------------------------

    def _next_job(self, *, wait: bool = True) -> Job | None:
        if self._over():
            return None
        if self._waiting:
            return self._waiting.popleft()
        job = self._messages.next(wait=wait)
        if job is not None and self._over():
            self._waiting.append(job)  # an unusable message came before it
            return None
        return job

    def _unusable(self, index: int, name: str, error: MessageError) -> None:
        self._tally.unusable(index, name, *self._settings.messages.known, error)

    def _over(self) -> bool:
        """Whether no further message is to be begun."""
        if self._stop.signal is not None:
            return True
        return self._settings.stop_at_failure and self._tally.failed

    def _leave_the_rest(self, error: SMTPError | None) -> None:
        """Settle what is left when the run ends before its messages do."""
        if error is None:
            error = Interrupted("the run was stopped at the first failure")
        outcome = outcome_without_session(error)
        for job in self._waiting:
            recipients = job.envelope.recipients
            self._tally.untried(job.index, job.name, job.reverse_path, recipients, error, outcome)
            outcome = Outcome.UNSENT
        known = self._settings.messages.known
        for index, name in self._messages.rest():
            self._tally.untried(index, name, *known, error, Outcome.UNSENT)

    # -- sessions --------------------------------------------------------------------------------

    def _connect_to_any(self) -> SMTPError | None:
        """Have one session with the first server that gives one; why not, if none does."""
        servers = self._servers
        failures: list[tuple[str, SMTPError]] = []
        for others in reversed(range(len(servers))):
            server = servers[0]
            error = self._have_session(server)
            if error is None or isinstance(error, Interrupted):
                return None
            where = where_of(server)
            if not another_may_do(error):
                failures = [(where, error)]  # whatever the others said: this decides the run
                break
            failures.append((where, error))
            if others:
                self._observer.warning(where, "trying the next server", error)
                servers.rotate(-1)  # who could not be had is the last to be tried from now on
        if not failures:
            return ConnectError("no server was named")
        self._tally.no_session(failures)
        return deciding(error for _, error in failures)

    def _have_session(self, server: Server) -> SMTPError | None:
        """Connect, submit what there is, and close; the error if no message could be given."""
        try:
            session = self._sessions.open(server, self)
        except (ConnectError, Interrupted) as failure:
            return failure
        self._used = False
        close = self._sessions.run(session)
        if self._used:
            self._take_back(close)
            return None
        error = close.error or ConnectionLost("the server closed the connection")
        if session.ready is None and self._sessions.fall_back(server, error):
            return self._have_session(server)
        return error

    def _take_back(self, close: Close) -> None:
        """Decide about the messages that a session gave back, in their order."""
        error = close.error
        replaceable = error is None or isinstance(error, (ConnectionLost, ServerClosing))
        counted = not close.without_chunking
        again: list[Job] = []
        for job, result in self._returned:
            begun = any(r.outcome is not Outcome.UNSENT for r in result.recipients)
            if isinstance(error, Interrupted) or (begun and not replaceable):
                self._tally.settle(job, result)
            elif counted and job.replaced:
                self._tally.settle(job, _deferred(result))
            else:
                job.replaced = job.replaced or counted
                again.append(job)
            counted = False  # the others were only behind it
        self._returned.clear()
        self._waiting.extendleft(reversed(again))

    # -- what a session asks and tells (run.session.Desk) -----------------------------------------

    def feed(self, session: Session) -> bool:
        """Give the session its next message, or say that there is none."""
        if self._settings.stop_at_failure and self._flying:
            return False  # what comes next depends on what becomes of this one
        connection = session.connection
        # What is under way is not held up for what is still to come, not even by a look ahead.
        job = self._next_job(wait=not self._flying)
        if job is None:
            if self._flying and not (self._messages.ended or self._over()):
                return False
            connection.engine.finish()
            return True
        self._used = True
        self._flying[job.index] = job
        prefix = session.received_field() if self._settings.received else b""
        connection.submit(job.submission(prefix), job.body, prefix)
        if self._settings.disconnect:
            connection.engine.finish()
        return True

    def settled(self, result: TransactionResult) -> None:
        """Take what became of a message on this session."""
        job = self._flying.pop(result.id)
        if result.resend:
            self._returned.append((job, result))
        else:
            self._tally.settle(job, result)

    def name_of(self, number: int) -> str:
        """The name of a message that is on this session."""
        return self._flying[number].name


def _deferred(result: TransactionResult) -> TransactionResult:
    """The result of a message that no connection stayed for: tried, and to be tried again."""
    recipients = tuple(r._replace(outcome=Outcome.DEFERRED) for r in result.recipients)
    return result._replace(recipients=recipients)
