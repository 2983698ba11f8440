"""A run: many messages over one connection after another, or over several at a time.

What is decided here is what happens when a connection ends.  A message that cannot have been taken
goes on a new connection, unasked and once; a message that may have been taken never does.  When no
session can be had, the run ends: trying again for every message would only lock an account.

So each connection settles a message or uses up the one replacement of a message, and no server can
keep a run going for ever.  What follows on a transaction, and waits, is in `smtpwire.run.rounds`.

With several connections there are a few rules more:

- The first is made alone: a login that is refused is refused once.  The others follow when it is
  ready, each for a message that is there.
- All are fed from one source, each when it can use a message, so that the work goes to whoever is
  free.  Nobody takes a message that would have to wait behind another of its own.
- A message that is sent again goes on a session that has carried none, since many a server ends a
  session after so many.  Where there may be no further one, one with nothing to send makes room.
- A connection that is still being made is waited for as long as there may be something for it: what
  is under way on others may come back.
- A server that refuses one while others are there has said how many it wants, and gets those.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectError, Interrupted
from smtpwire.run.candidates import Candidates
from smtpwire.run.job import BodyWatched
from smtpwire.run.lookout import Lookout
from smtpwire.run.messages import Messages
from smtpwire.run.nosession import another_may_do, costs_one, deciding
from smtpwire.run.rounds import Rounds
from smtpwire.run.servers import where_of
from smtpwire.run.session import Sessions
from smtpwire.run.slot import Slot
from smtpwire.run.slots import Slots
from smtpwire.run.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.client import Server
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import MessageError, SMTPError
    from smtpwire.net.contract import Readable
    from smtpwire.run.job import Job
    from smtpwire.run.report import Observer, RunReport
    from smtpwire.run.session import Session
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest


class Run:
    """One run in this process.  It owns the messages, and slots ask it for them.

    Attributes:
        loop: what drives its connections.
    """

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
        several = settings.jobs > 1 or settings.processes > 1
        self._sessions = Sessions(settings.client, observer, stop, several=several)
        self.loop = self._sessions.loop
        self._servers = Candidates(self._sessions, observer)
        self._rounds = Rounds(settings, self._sessions, self._tally, observer, self)
        self._waiting: deque[Job] = deque()
        """Open, and to be sent before all others."""
        self._slots = Slots()
        self._limit = settings.jobs
        """How many slots there may be."""
        self._proven = False
        """Whether the server whose turn it is has given a session."""
        self._flying = 0
        """How many messages are on all sessions."""
        self._starved: list[Session] = []
        """Sessions that wait for a message that is still to come."""
        self._lookout: Lookout | None = None
        """Who waits for the next name, if anybody does."""
        self._failure: SMTPError | None = None
        """Why no further session can be had."""
        self._failures: list[tuple[str, SMTPError]] = []
        """The same, server by server."""

    def run(self) -> RunReport:
        """Submit, and settle everything."""
        try:
            self._work()
            self._rounds.give_up()
            if self._failures:
                self._tally.no_session(self._failures)
            self._leave_the_rest(self._failure or self._stop.error())
        finally:
            self._close()
        return self._tally.report(self._messages.count, self._stop.signal)

    def serve(self) -> list[tuple[str, SMTPError]]:
        """Submit, and settle what was begun or cannot be used; the rest is somebody else's.

        Returns:
            Why no session can be had, server by server; empty when that is not why it ended.
        """
        try:
            self._work()
            self._rounds.give_up()
            self._leave([job for job in self._waiting if job.earlier is not None])
        finally:
            self._close()
        return self._failures

    def _work(self) -> None:
        self._fill()
        self.loop.run()

    def _close(self) -> None:
        """Let go of everything."""
        self._messages.close()
        self.loop.close()
        for job in self._waiting:
            job.close()
        self._slots.close()

    # -- messages --------------------------------------------------------------------------------

    def _next_job(self, slot: Slot | None = None, *, wait: bool = True) -> Job | None:
        """A message for the session of a slot, or for one that is still to be made."""
        if self.over():
            return None
        for waiting in self._waiting:
            if slot is None or slot.may_carry(waiting):
                self._waiting.remove(waiting)
                return waiting
        if self._rounds.first:
            return None
        if self._rounds.pending and self._messages.awaited is not None:
            wait = False  # somebody looks out for it
        while (job := self._messages.next(wait=wait)) is not None:
            if self.over():
                self._waiting.append(job)  # an unusable message came before it
                return None
            if self._rounds.admit(job):
                break
        return job

    @property
    def _anything_open(self) -> bool:
        """Whether there is a message that is open and not settled."""
        return bool(self._flying or self._waiting or self._rounds.pending or self._slots.keeping)

    def _more_may_come(self, slot: Slot) -> bool:
        """Whether a session that finds no message now may be given one later."""
        if self.over() or (self._waiting and len(self._slots) >= self._limit):
            return False  # what waits needs another session than this
        if not self._messages.ended and not self._rounds.first:
            return True
        return self._slots.may_bring(slot)

    def _unusable(self, index: int, name: str, error: MessageError) -> None:
        self._tally.unusable(index, name, *self._settings.messages.known, error)

    def _leave_the_rest(self, error: SMTPError | None) -> None:
        """Settle what is left when the run ends before its messages do."""
        error = self._leave(list(self._waiting), error)
        known = self._settings.messages.known
        for index, name in self._messages.rest():
            self._tally.untried(index, name, *known, error, Outcome.UNSENT)

    def _leave(self, jobs: list[Job], error: SMTPError | None = None) -> SMTPError:
        """Settle messages that are open and were not sent to all of their recipients."""
        error = error or self._failure or self._stop.error()
        error = error or Interrupted("the run was stopped at the first failure")
        for job in jobs:
            self._waiting.remove(job)
            job.widen()
        self._tally.leave(jobs, error)
        return error

    # -- slots -----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Open as many slots as there may be, and messages for them."""
        while len(self._slots) < self._limit and (self._proven or not self._slots):
            job = self._next_job(wait=not self._slots)
            if job is None:
                self._look_out()
                break
            if self._rounds.paused():
                self._waiting.appendleft(job)
                return
            if not self._servers:
                self._waiting.appendleft(job)
                self._servers.seek(lambda: self.loop.call(self._fill), self._no_servers)
                break
            slot = Slot(self, self._sessions, job)
            self._slots.add(slot)
            slot.open(self._servers.first)
        if not self._slots:
            self._rounds.rest()
        self._wait_for_no_session()

    def _wait_for_no_session(self) -> None:
        """Give up what is still being connected, where that is all there is, and nothing for it."""
        if self._slots.connected:
            return
        if self._slots and (self.over() or (self._messages.ended and not self._anything_open)):
            self.loop.interrupt(Interrupted("there is nothing left to send"))

    def _no_servers(self, failures: list[tuple[str, SMTPError]]) -> None:
        if failures:
            self._end(None, failures)
        else:
            self._failure = ConnectError("no server was named")

    def _look_out(self) -> None:
        """Wait for a name that is still to come; where no session is left, `Messages.next` does."""
        if self._lookout is not None:
            if not (self._slots or self._rounds.pending):
                self._lookout.over = True
                self.loop.nudge(self._lookout)
        elif (
            (self._slots or self._rounds.pending)
            and not self.over()
            and (fd := self._messages.awaited) is not None
        ):
            self._lookout = Lookout(fd, self._seen)
            self.loop.add(self._lookout)

    def _seen(self) -> None:
        self._lookout = None
        self.look_around()

    def _remove(self, slot: Slot | None) -> None:
        """Take a slot away, if there is one, and with it what it kept."""
        if slot is not None and (job := self._slots.remove(slot)) is not None:
            self._waiting.appendleft(job)
        self.look_around()

    def _try_another(self, slot: Slot, where: str, error: SMTPError) -> None:
        """Go on with the next server, if there is one that was not tried."""
        servers = self._servers
        slot.failures.append((where, error))
        if len(slot.failures) == len(servers):
            self._end(slot, [*servers.not_found, *slot.failures])
            return
        self._observer.warning(where, "trying the next server", error)
        servers.pass_over()
        self._proven, self._limit = False, self._settings.jobs
        slot.open(servers.first)

    def _end(
        self, slot: Slot | None, failures: list[tuple[str, SMTPError]], *, wait: bool = True
    ) -> None:
        """End the run: there is no session for this slot, nor would be for any other now."""
        error = deciding(error for _, error in failures)
        if self._failure is None and not (wait and self._rounds.wait_for(*failures[-1], error)):
            self._failures, self._failure = failures, error
        self._remove(slot)

    def _lose(self, slot: Slot, where: str, error: SMTPError) -> None:
        """Go on with fewer connections."""
        self._remove(slot)
        self._limit = max(1, self._limit - 1)
        text = f"going on with {len(self._slots)} of {self._settings.jobs} connections"
        self._observer.warning(where, text, error)

    def _ask_again(self) -> None:
        """Let sessions that had to wait for a message look for one."""
        for session in self._starved:
            self.loop.nudge(session.connection)
        self._starved.clear()

    # -- what the rounds of the messages ask and tell (run.rounds.Desk) ---------------------------

    def over(self) -> bool:
        """Whether no further message is to be begun."""
        if self._stop.signal is not None or self._failure is not None:
            return True
        return self._settings.stop_at_failure and self._tally.failed

    def again(self, job: Job) -> None:
        """Send a message to those who are left, before all others."""
        self._waiting.append(job)
        self.look_around()

    def look_around(self) -> None:
        """Look for something to send, and for whom to send it."""
        self.loop.call(self._fill)
        self._ask_again()

    def journal_failed(self, where: str, error: SMTPError) -> None:
        """End the run: nothing may go out without the journal."""
        if self._failure is None:
            self._failures, self._failure = [(where, error)], error
        self.loop.call(partial(self.loop.interrupt, error))

    # -- what a slot asks and tells (run.slot.Office) ---------------------------------------------

    def feed(self, slot: Slot, session: Session, *, ahead: bool) -> bool:
        """Give a session its next message, or say that there is none."""
        settings = self._settings
        if slot.flying and (settings.stop_at_failure or (ahead and settings.jobs > 1)):
            return False  # what comes next depends on what becomes of this one, or on who is free
        job = self._slots.take(slot)
        if job is None:
            # What is under way is not held up for what is still to come, not even by a look ahead.
            job = self._next_job(slot, wait=not self._anything_open)
        if job is None and not slot.flying:
            job = None if self.over() else self._slots.take_for(slot)
        connection = session.connection
        if job is None:
            if self._anything_open and self._more_may_come(slot):
                if not slot.flying:
                    self._starved.append(session)
                    self._look_out()
                return False
            slot.used = True
            connection.engine.finish()
            return True
        first, slot.used = not slot.used, True
        if not self._rounds.take(session, job, first=first):
            self._waiting.appendleft(job)
            connection.engine.finish()
            return True
        slot.flying[job.index] = job
        self._flying += 1
        body: Readable = job.body
        if settings.begun is not None:
            body = BodyWatched(body, partial(settings.begun, job.index))
        prefix = session.received_field() if settings.received else b""
        connection.submit(job.submission(prefix), body, prefix)
        if session.quota is not None and session.quota.spent:
            connection.engine.finish()
        return True

    def settle(self, job: Job, result: TransactionResult) -> None:
        """Take what became of a message."""
        self._rounds.settle(job, result)

    def landed(self) -> None:
        """Take it that a message is on a session no more."""
        self._flying -= 1
        self._rounds.landed(self._flying)
        if self._starved:
            self._ask_again()

    def ready(self) -> None:
        """Take it that a session is there: others may be had."""
        self._servers.not_found = []
        self._rounds.ready()
        if not self._proven:
            self._proven = True
            self.loop.call(self._fill)

    def failed(self, slot: Slot, server: Server, error: SMTPError) -> None:
        """Take it that a server gave no session."""
        where = where_of(server)
        if isinstance(error, Interrupted) or slot.job is None:
            self._remove(slot)  # nobody waits for it any more
        elif len(self._slots) > 1 and costs_one(error, domain=bool(server.domain)):
            self._lose(slot, where, error)
        elif not another_may_do(error, domain=bool(server.domain)):
            self._end(slot, [(where, error)])  # whatever other servers said: this decides the run
        else:
            self._try_another(slot, where, error)

    def left(self, slot: Slot, again: list[Job]) -> None:
        """Take it that a session has ended, and that these are to be sent on another."""
        self._waiting.extendleft(reversed(again))
        error = self._rounds.ended()
        if error is None:
            self._remove(slot)
        else:
            self._end(slot, [(where_of(self._servers.first), error)], wait=False)
