"""One process of several: submits what it is given, and tells what becomes of it.

It is a run like any other, but for two things.  Its messages are given to it in portions, as it
needs them.  And what could not be sent because no session was to be had, or because the run was
stopped, is not its to settle: it goes back, by not being settled.

How far it is with each portion is written to memory that is shared, so that it is known there even
when this process is killed: that a message is to be opened before it is, and that its content is
begun before the first octet goes out.
"""

from __future__ import annotations

import os
from collections import deque

from smtpwire.net.poll import READ, Poller
from smtpwire.run.frames import Frames
from smtpwire.run.messages import Portion
from smtpwire.run.reporter import Reporter
from smtpwire.run.runner import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NamedTuple

    from smtpwire.errors import SMTPError
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest
else:
    from smtpwire.record import NamedTuple

UNOPENED = 0
"""The mark of a portion that nobody has looked at yet."""
OPENED = 1
"""The mark of one that may have been opened; one more for each of its messages that is begun."""

_RECEIVE = 65_536


class End(NamedTuple):
    """There are no more messages."""

    forget: bool
    """Those that were given and are not begun are not to be sent either."""


class Left(NamedTuple):
    """The run of this worker is over: whatever it was given and is not settled is not begun."""

    failures: tuple[tuple[str, SMTPError], ...]
    """Why no session could be had, server by server; empty when that is not why."""
    stopped: SMTPError | None = None
    """The signal that ended it, if one did."""


def work(channel: int, settings: RunSettings, marks: memoryview, stop: StopRequest) -> None:
    """Submit what comes through the channel, until its end.

    Args:
        channel: a stream socket; portions come, and what happened goes.
        settings: what to do; their names are not used.
        marks: where to write what has been begun.
        stop: as for any run.
    """
    portions = Portions(channel, marks, eager=settings.stop_at_failure)
    reporter = Reporter(channel, settled=portions.settled)
    portions.pausing = reporter.flush
    messages = settings.messages._replace(names=portions)
    run = Run(settings._replace(messages=messages, begun=portions.begun), reporter, stop)
    reporter.soon = run.loop.call
    failures = run.serve()
    reporter.tell(Left(tuple(failures), stop.error()))
    reporter.flush()


class Portions:
    """The messages that this worker is given: an iterator like `ListedNames`.

    Args:
        channel: what they come through.
        marks: where to write what has been begun.
        eager: look for an end that has come before each of them.

    Attributes:
        pausing: called where the next portion is still to come.
    """

    def __init__(self, channel: int, marks: memoryview, *, eager: bool = False) -> None:
        self.pausing: Callable[[], object] = lambda: None
        self._channel = channel
        self._marks = marks
        self._eager = eager
        self._poller = Poller()
        self._poller.watch(channel, READ)
        self._frames = Frames()
        self._portions: deque[Portion] = deque()
        self._open: dict[int, Portion] = {}
        """Dealt out and not settled, by the index of each message."""
        self._ended = False
        """There will be no more portions."""
        self._silent = False
        """Nothing at all will be said any more."""

    def __iter__(self) -> Iterator[Portion]:
        """Deal out what has not been dealt out yet."""
        return self

    def __next__(self) -> Portion:
        """Wait for the next portion."""
        if self._eager:
            self._look()
        while not (self._portions or self._ended):
            self._read()
        if not self._portions:
            raise StopIteration
        portion = self._portions.popleft()
        self._marks[portion.mark] = OPENED
        for index in range(portion.first, portion.first + portion.times):
            self._open[index] = portion
        return portion

    @property
    def fd(self) -> int | None:
        """What the next portions come through; None when there are no more."""
        return None if self._ended else self._channel

    def ready(self) -> bool:
        """Whether the next portion, or that there is none, can be had without waiting.

        Where it cannot, what is still to be told is told: who gives the portions may wait for it.
        """
        if not self._portions:
            self._look()
        if self._portions or self._ended:
            return True
        self.pausing()
        return False

    def begun(self, index: int) -> None:
        """Write down that a message is begun."""
        mark, first = self._open[index].mark, self._open[index].first
        self._marks[mark] = max(self._marks[mark], OPENED + index - first + 1)

    def settled(self, index: int) -> None:
        """Take it that a message is settled."""
        del self._open[index]

    def close(self) -> None:
        """Take no more."""
        self._ended = True

    def _look(self) -> None:
        """Take what has come."""
        while not self._silent and self._poller.wait(0.0):
            self._read()

    def _read(self) -> None:
        data = os.read(self._channel, _RECEIVE)
        if not data:
            self._silent = True
            self._end(forget=True)  # nobody is left who would tell what becomes of them
        for value in self._frames.feed(data):
            if isinstance(value, End):
                self._end(forget=value.forget)
            elif isinstance(value, Portion):
                self._portions.append(value)

    def _end(self, *, forget: bool) -> None:
        self._ended = True
        if forget:
            self._portions.clear()
