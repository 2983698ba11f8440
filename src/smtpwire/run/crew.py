"""A run over several processes, each with its share of the connections.

The processes are forked from this one, which deals out the messages, hears what becomes of each,
and is the only one that tells anybody: what a user sees is what one process would have shown.

- The first process is started alone, as the first connection is made alone: a login that is refused
  is refused once.  The others follow when it has a session, if there is work for them.
- Messages are given in small portions, as they are settled, so that the work goes to whoever is
  free.  What cannot be opened twice stays in one portion.
- A process that dies is no reason to end: what it had not begun goes to others, and what it had is
  `unknown`.  Another takes its place if it had settled anything, so that there is an end to it.
- A process that can have no session gives its messages back.  The run ends when none can.
- So nobody is sent home as long as another process has messages that are not begun: they may come
  back, and are for whoever has a session.  What comes back later goes to a new process, on the
  connections of one that has ended as it was told.
- What can be read once, and may have been read, goes to nobody else: it is settled, with the cause.
"""

from __future__ import annotations

import os
import signal
from collections import deque

from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectionLost, Interrupted, SMTPError
from smtpwire.message.opening import at_hand
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.lookout import Lookout
from smtpwire.run.member import Member
from smtpwire.run.messages import Messages, source_of
from smtpwire.run.nosession import costs_one, deciding, outcome_without_session
from smtpwire.run.supply import Supply
from smtpwire.run.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.errors import MessageError
    from smtpwire.run.member import Owed
    from smtpwire.run.report import MessageResult, Observer, RunReport
    from smtpwire.run.reporter import Told
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest

PROGRAM = "smtp"
"""Where there is no server to blame."""
AHEAD = 2
"""Messages for each connection."""
AHEAD_UNANSWERED = 64
"""With `--no-wait`, so many more."""
SPARE = 64
"""Messages for each process beside those."""


class Crew:
    """One run, over several processes."""

    def __init__(self, settings: RunSettings, observer: Observer, stop: StopRequest) -> None:
        self._settings = settings
        self._observer = observer
        self._stop = stop
        self._tally = Tally(observer)
        self._messages = Messages(
            settings.messages,
            stop,
            unusable=self._never_opened,
            list_failed=self._tally.list_failed,
            warn=observer.warning,
        )
        self._loop = Loop(Poller(stop.wake_fd), stop)
        self._members: list[Member] = []
        self._shares = deque(_shares(settings.jobs, settings.processes))
        """Of the connections, for processes that are still to be started."""
        self._supply = Supply(self._messages, settings.messages.repeat)
        self._lookout: Lookout | None = None
        self._connections: dict[tuple[Member, int], Observer] = {}
        """Who watches which of a process's connections, where there is a trace."""
        self._said: set[tuple[str, str]] = set()
        """Warnings about servers, and not about a message."""
        self._dealing = False
        """Whether there will be dealt anyway."""
        self._connected = False
        self._failure: SMTPError | None = None
        """Why nothing more can be sent."""
        self._failures: tuple[tuple[str, SMTPError], ...] = ()
        """The same, server by server."""

    def run(self) -> RunReport:
        """Submit, and settle everything."""
        try:
            self._deal()
            self._loop.run()
            if self._failures:
                self._tally.no_session(self._failures)
            self._leave_the_rest(self._failure or self._stop.error())
        finally:
            self._messages.close()
            self._loop.close()
        return self._tally.report(self._messages.count, self._stop.signal)

    def _never_opened(self, index: int, name: str, error: MessageError) -> None:
        """Take it that a message cannot be used, as whoever opens one is told."""
        self._tally.unusable(index, name, *self._settings.messages.known, error)

    # -- dealing out -----------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        if self._stop.signal is not None or self._failure is not None:
            return True
        return self._settings.stop_at_failure and self._tally.failed

    def _deal(self) -> None:
        """Give everybody what he can use, and start processes for what is left."""
        self._dealing = False
        self._deal_out()
        for member in self._members:
            self._loop.nudge(member)

    def _deal_out(self) -> None:
        if self._over:
            for member in self._members:
                member.finish(forget=True)
            self._call_lookout_off()
            return
        while (hungry := self._hungry()) and (portion := self._portion()) is not None:
            min(hungry, key=lambda member: member.given).give(*portion)
        while self._may_start and (portion := self._portion()) is not None:
            self._start().give(*portion)
            self._deal_soon()
        if self._supply.ended:
            self._dismiss()
            self._call_lookout_off()
        elif self._members and self._lookout is None:
            fd = self._messages.awaited
            if fd is not None:
                self._lookout = Lookout(fd, self._seen)
                self._loop.add(self._lookout)

    def _dismiss(self) -> None:
        """Tell whoever need not stand by for what another may give back that there is no more."""
        risky = [member for member in self._members if member.may_give_back]
        for member in self._members:
            if risky in ([], [member]):
                member.finish(forget=False)

    def _hungry(self) -> list[Member]:
        """Who may be given more: a message a connection as long as others may come to share."""
        return [
            member
            for member in self._members
            if member.wants and (not self._shares or member.given < member.share)
        ]

    @property
    def _may_start(self) -> bool:
        return bool(self._shares) and (self._connected or not self._members)

    def _portion(self) -> tuple[int, str, int] | None:
        return self._supply.portion(wait=not self._members)

    def _start(self) -> Member:
        settings = self._settings._replace(jobs=self._shares.popleft())
        ahead = AHEAD + AHEAD_UNANSWERED * settings.client.no_wait
        member = Member(self, settings, self._stop, settings.jobs * ahead + SPARE, self._members)
        self._members.append(member)
        self._loop.add(member)
        return member

    def _seen(self) -> None:
        self._lookout = None
        self._deal_soon()

    def _call_lookout_off(self) -> None:
        if self._lookout is not None:
            self._lookout.over = True
            self._loop.nudge(self._lookout)

    # -- what a process tells (run.member.Office) --------------------------------------------------

    def told(self, member: Member, told: Told) -> None:
        """Take what a run in a process tells whoever watches it."""
        if told.method == "message":
            result: MessageResult = told.arguments[0]
            member.settled(result.number)
            self._tally.count(result)
            self._deal_soon()
        elif told.method == "problem":
            self._tally.problem(told.arguments[0])
        elif told.method != "warning" or not self._was_said(member, *told.arguments):
            if told.method == "connected" and not self._connected:
                self._connected = True
                self._deal_soon()
            watcher = self._watcher(member, told.connection)
            getattr(watcher, told.method)(*told.arguments, **told.options)

    def _was_said(self, member: Member, where: str, text: str, error: SMTPError | None) -> bool:
        """Whether another process has warned of this: each finds out about servers by itself."""
        if error is not None or member.has(where):
            return False
        said = (where, text) in self._said
        self._said.add((where, text))
        return said

    def gone(self, member: Member, status: int) -> None:
        """Take the end of a process."""
        self._members.remove(member)
        left = member.left
        if left is None:
            self._fall(member, _death(status), died=True)
        elif left.failures:
            self._rescue(member.owed(), self._give_up(member, left.failures))
        elif left.stopped is not None and self._stop.signal is None:
            self._fall(member, f"was {left.stopped}", died=False)
        else:  # it was told to end
            self._shares.append(member.share)
            self._take_back(member.owed())
        self._deal_soon()

    def _fall(self, member: Member, how: str, *, died: bool) -> None:
        """Take it that a process ended unasked; one that died did not say what became of things."""
        owed = member.owed()
        lost = [each for each in owed if died and each.begun]
        error = SMTPError(f"a process {how}")
        if member.useful or lost:
            self._shares.append(member.share)
            if not self._over:
                self._observer.warning(PROGRAM, "another takes its place", error)
        elif self._members or self._shares:
            self._go_on_without(member, PROGRAM, error)
        elif not self._over:
            self._failure = SMTPError(f"the last process {how}")
            self._failures = ((PROGRAM, self._failure),)
        cause = ConnectionLost(f"the process that was sending it {how}")
        for each in lost:
            self._lose(each, cause, Outcome.UNKNOWN)
        self._rescue([each for each in owed if each not in lost], cause)

    def _give_up(self, member: Member, failures: tuple[tuple[str, SMTPError], ...]) -> SMTPError:
        """Take it that a process can have no session: the run can, if another process can."""
        error = deciding(error for _, error in failures)
        discovery = self._settings.client.discovery
        domain = discovery is not None and discovery.mx
        if self._members and all(costs_one(each, domain=domain) for _, each in failures):
            self._go_on_without(member, *failures[-1])
        elif self._failure is None:
            self._failure, self._failures = error, failures
        return error

    def _go_on_without(self, member: Member, where: str, error: SMTPError) -> None:
        if not self._over:
            text = f"going on without {member.share} of {self._settings.jobs} connections"
            self._observer.warning(where, text, error)

    def _rescue(self, owed: list[Owed], cause: SMTPError) -> None:
        """Leave what was not sent to others, but for what cannot be read again."""
        if not self._over:
            gone = [each for each in owed if each.opened and not at_hand(source_of(each.name))]
            for each in gone:
                self._lose(each, cause, outcome_without_session(cause))
            owed = [each for each in owed if each not in gone]
        self._take_back(owed)

    def _take_back(self, owed: list[Owed]) -> None:
        self._supply.take_back((each.number, each.name) for each in owed)

    def _lose(self, lost: Owed, cause: SMTPError, outcome: Outcome) -> None:
        known = self._messages.known_of(lost.name)
        self._tally.lost(lost.number, lost.name, *known, cause, outcome)

    def _watcher(self, member: Member, connection: int | None) -> Observer:
        if connection is None or not self._settings.client.trace:
            return self._observer
        key = (member, connection)
        if key not in self._connections:
            self._connections[key] = self._observer.connection(len(self._connections) + 1)
        return self._connections[key]

    def _deal_soon(self) -> None:
        if not self._dealing:
            self._dealing = True
            self._loop.call(self._deal)

    def _leave_the_rest(self, error: SMTPError | None) -> None:
        """Settle what is left when the run ends before its messages do."""
        if error is None:
            error = Interrupted("the run was stopped at the first failure")
        outcome = outcome_without_session(error)
        for index, name in self._supply.rest():
            known = self._messages.known_of(name)
            self._tally.untried(index, name, *known, error, outcome)
            outcome = Outcome.UNSENT


def _shares(jobs: int, processes: int) -> list[int]:
    """How many connections each process may have."""
    few, more = divmod(jobs, processes)
    return [few + 1] * more + [few] * (processes - more)


def _death(status: int) -> str:
    """How a process ended, by its wait status."""
    if os.WIFSIGNALED(status):
        return f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.waitstatus_to_exitcode(status)}"
