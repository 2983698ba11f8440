"""The loop that drives one connection or a thousand: no threads, and nothing to be locked.

Whoever takes part has one descriptor, and says what it waits for and until when.  The loop waits
for all of them together and calls those that can go on; what one costs does not grow with how many
others there are.

Rules
- What is ready is told before what is late: the process may have been stopped for an hour, or
  somebody has taken his time, and what had come by then counts.  So nobody is late before a look
  that was taken behind his deadline, at him, has found nothing.  If it finds something, he has a
  moment more, and as much again as the look was late: what he says now has to be answered.  That
  is once for one deadline, or whoever always sends one octet more would never be late.
- What was found ready is told while it is fresh.  Where somebody took his time, to look through a
  large file above all, or where many were found, the next few are looked at again: they write by
  what they are told here.
- A signal reaches everybody at once, and nothing is begun after it.  Where somebody took his time,
  it is asked for before the next one is told.
- A party that is over is not watched any more before its descriptor is closed, and what was
  reported for its number is not told to the next one that gets it.
- Deadlines move with every reply, mostly away, so they are not kept in order: the loop knows one
  time before which nobody is late, and looks at all of them when that has come.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from smtpwire.net.poll import FRESH, PIPED, READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from smtpwire.errors import SMTPError
    from smtpwire.net.poll import Interruption, Poller

    class Party(Protocol):
        """What the loop drives.  After each call it looks at all attributes anew."""

        fd: int
        """The descriptor, the same to the end."""

        @property
        def events(self) -> int:
            """What to wait for: READ, WRITE or both."""
            ...

        @property
        def pipe(self) -> int | None:
            """A second descriptor, to be read from; None for none now."""
            ...

        @property
        def deadline(self) -> float | None:
            """When it is late, in monotonic seconds; None for never."""
            ...

        @property
        def over(self) -> bool:
            """Whether nothing is to be waited for any more."""
            ...

        def start(self) -> None:
            """Begin; the first call."""

        def ready(self, events: int) -> None:
            """Go on; `events` of READ, WRITE, ENDED and BROKEN, or PIPED for the pipe."""

        def go_on(self) -> None:
            """Look for something to do, though nothing has come."""

        def late(self) -> None:
            """Take it that the deadline has passed."""

        def interrupt(self, error: SMTPError) -> None:
            """End as soon as that can be; called once, in place of `start` maybe."""

        def end(self) -> None:
            """Close the descriptor, which nobody watches any more, and tell whoever waits."""

        def close(self) -> None:
            """Close the descriptor: nobody waits."""


GRACE = 0.5
"""Seconds that somebody has for whom something had come when he was to be late."""
_STALL = 30.0
"""Seconds that he has besides, at most, where the loop itself came late."""
_AT_A_TIME = 16
"""Parties that one further look is for: about as many as are told something while it is fresh."""


class Loop:
    """Waits for parties and calls them.

    Args:
        poller: waits.
        stop: whether to end now.
    """

    def __init__(self, poller: Poller, stop: Interruption) -> None:
        self.stop = stop
        self._poller = poller
        self._watched: dict[Party, tuple[int, int | None]] = {}
        """For whose what there is waiting: the events, and the pipe."""
        self._by_fd: dict[int, Party] = {}
        self._new: set[int] = set()
        """Descriptors that were not there when the poller was last asked."""
        self._wake: float | None = None
        """Nobody is late before that; None for never."""
        self._excused: dict[Party, tuple[float, float]] = {}
        """Who was not late at his deadline, since something had come: that deadline, and when he
        is late instead."""
        self._calls: list[Callable[[], object]] = []
        self._later: list[Callable[[], object]] = []
        self._stopping: SMTPError | None = None

    def add(self, party: Party) -> None:
        """Let a party take part from now on."""
        self._watched[party] = (0, None)
        self._by_fd[party.fd] = party
        self._new.add(party.fd)
        self._poller.watch(party.fd, 0)
        if self._stopping is None:
            party.start()
        else:
            party.interrupt(self._stopping)
        self._look_at(party)

    def call(self, action: Callable[[], object]) -> None:
        """Have something called soon, with nothing else half done."""
        self._calls.append(action)

    def call_later(self, action: Callable[[], object]) -> None:
        """Have something called when whoever can go on without a wait has done so once."""
        self._later.append(action)

    def nudge(self, party: Party) -> None:
        """Have a party look for something to do, if it still takes part then."""
        self.call(lambda: self._nudge(party))

    def look_again(self, party: Party) -> None:
        """Take what a party wants now, if it still takes part; in between its own calls."""
        if party in self._watched:
            self._look_at(party)

    def interrupt(self, error: SMTPError) -> None:
        """Have all parties end as soon as that can be, and whoever is added later."""
        self._stopping = error
        for party in tuple(self._watched):
            party.interrupt(error)
            self._look_at(party)

    def run(self) -> None:
        """Drive the parties until there is none left."""
        while True:
            self._do_calls()
            if self._stopping is None and (error := self.stop.error()) is not None:
                self.interrupt(error)
                continue
            if not self._watched:
                return
            later, self._later = self._later, []
            self._tell(deque(self._poller.wait(0.0 if later else self._wake)))
            for action in later:
                action()
            if self._wake is not None and monotonic() >= self._wake and not self._is_to_stop():
                self._look_at_deadlines()

    def _do_calls(self) -> None:
        while self._calls:
            calls, self._calls = self._calls, []
            for action in calls:
                action()

    def _tell(self, found: deque[tuple[int, int]]) -> None:
        """Tell those who were found ready, up to the end or to a signal."""
        by_fd = self._by_fd
        looked, fresh = monotonic(), len(found)
        self._new.clear()
        while found:
            if not fresh or monotonic() - looked > FRESH:
                if self._is_to_stop():
                    return
                fresh = self._look_again(found)
                looked = monotonic()
                continue
            fd, events = found.popleft()
            fresh -= 1
            party = by_fd.get(fd)
            if party is None or fd in self._new:
                continue
            party.ready(events if fd == party.fd else PIPED)
            self._look_at(party)

    def _is_to_stop(self) -> bool:
        """Whether the end is asked for, and nobody knows it yet."""
        return self._stopping is None and self.stop.error() is not None

    def _look_again(self, found: deque[tuple[int, int]]) -> int:
        """Look again at the first of those that were found ready, and at nobody else.

        Only at a few: where a thousand are ready, the look is old again long before all were told.

        Args:
            found: those who were not told yet; who is not ready any more is taken away.

        Returns:
            How many of them, from the first on, were looked at and are ready.
        """
        first = [found.popleft()[0] for _ in range(min(len(found), _AT_A_TIME))]
        ready = self._poller.look(first)
        found.extendleft(reversed(ready))
        return len(ready)

    def close(self) -> None:
        """Close what is still there, when something broke."""
        for party in self._watched:
            party.close()
        self._watched.clear()
        self._by_fd.clear()
        self._poller.close()

    def _look_at(self, party: Party) -> None:
        """Take what a party wants now."""
        if party.over:
            self._drop(party)
            return
        wanted = (party.events, party.pipe)
        watched = self._watched[party]
        if wanted != watched:
            self._watched[party] = wanted
            if wanted[0] != watched[0]:
                self._poller.watch(party.fd, wanted[0])
            if wanted[1] != watched[1]:
                self._watch_pipe(party, watched[1], wanted[1])
        due = self._due(party)
        if due is not None and (self._wake is None or due < self._wake):
            self._wake = due

    def _due(self, party: Party) -> float | None:
        """When a party is late, in monotonic seconds."""
        deadline = party.deadline
        excused, until = self._excused.get(party, (None, None))
        return deadline if excused is None or excused != deadline else until

    def _watch_pipe(self, party: Party, before: int | None, now: int | None) -> None:
        if before is not None:
            self._poller.forget(before)
            del self._by_fd[before]
        if now is not None:
            self._by_fd[now] = party
            self._new.add(now)
            self._poller.watch(now, READ)

    def _drop(self, party: Party) -> None:
        _, pipe = self._watched.pop(party)
        self._excused.pop(party, None)
        self._watch_pipe(party, pipe, None)
        self._poller.forget(party.fd)
        del self._by_fd[party.fd]
        party.end()

    def _nudge(self, party: Party) -> None:
        if party in self._watched:
            party.go_on()
            self._look_at(party)

    def _look_at_deadlines(self) -> None:
        now = monotonic()
        self._wake = None
        for party in self._late(now):
            due = self._due(party)
            # Whoever was late before may have ended this one, or given it more time.
            if party in self._watched and due is not None and now >= due:
                party.late()
                self._look_at(party)
        for party in tuple(self._watched):
            self.look_again(party)

    def _late(self, now: float) -> list[Party]:
        """Return those whose deadline has passed and for whom nothing has come."""
        late = dict.fromkeys(
            party for party in self._watched if (due := self._due(party)) is not None and now >= due
        )
        fds = {fd: party for party in late for fd in (party.fd, party.pipe) if fd is not None}
        for fd, _ in self._poller.look(fds) if fds else ():
            party, deadline = fds[fd], fds[fd].deadline
            if deadline is not None and self._excused.get(party, (None,))[0] != deadline:
                self._excused[party] = (deadline, now + GRACE + min(now - deadline, _STALL))
                del late[party]
        return list(late)
