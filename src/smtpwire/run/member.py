"""One process of several, as the process sees it that started it.

It is a party of the loop: what it tells comes through a socket, and the end of that is its end.
"""

from __future__ import annotations

import _socket
import mmap
import os
import signal
from time import monotonic

from smtpwire.net.poll import READ, WRITE
from smtpwire.run.frames import Frames, frame
from smtpwire.run.messages import Portion
from smtpwire.run.reporter import Told
from smtpwire.run.worker import OPENED, UNOPENED, End, Left, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple, NoReturn, Protocol

    from smtpwire.errors import SMTPError
    from smtpwire.run.settings import RunSettings
    from smtpwire.run.stop import StopRequest

    class Office(Protocol):
        """Who has all processes."""

        def told(self, member: Member, told: Told) -> None:
            """Take what a run in the process tells whoever watches it."""

        def gone(self, member: Member, status: int) -> None:
            """Take the end of the process, with its wait status."""

else:
    from smtpwire.record import NamedTuple


MARKS = 4096
"""Portions that it may have."""

PATIENCE = 3.0
"""Seconds for a process to end by itself after a signal, which takes one at most."""

_DEFECT = 70
"""The status of a process that ended by a defect of this program."""

_RECEIVE = 262_144


class Owed(NamedTuple):
    """A message that a process was given and that is not settled."""

    number: int
    name: str
    opened: bool
    """It was taken to be sent: what can be read once has been read."""
    begun: bool
    """Octets of its content may have gone out."""


class Member:
    """A process, forked here.

    Args:
        office: told what it tells.
        settings: what it is to do.
        stop: that of this process.
        most: messages that it may have.
        siblings: those whose sockets it must not hold open.

    Attributes:
        share: its connections.
        given: how many messages it has that are not settled.
        useful: whether it ever settled one.
        left: its last word; None when it died without.
    """

    pipe = None

    def __init__(
        self,
        office: Office,
        settings: RunSettings,
        stop: StopRequest,
        most: int,
        siblings: Sequence[Member],
    ) -> None:
        self.share = settings.jobs
        self.given = 0
        self.useful = False
        self.left: Left | None = None
        self.over = False
        self.deadline: float | None = None
        self._office = office
        self._stop = stop
        self._most = most
        self._marks = memoryview(mmap.mmap(-1, 4 * MARKS)).cast("I")
        self._free = list(range(MARKS))
        self._portions: dict[int, Portion] = {}
        """By mark."""
        self._owed: dict[int, int] = {}
        """The mark of each message that is not settled."""
        self._told_end: End | None = None
        self._frames = Frames()
        self._unwritten = b""
        self._sock, other = _socket.socketpair()
        self._sock.settimeout(0)
        self.fd = self._sock.fileno()
        # A signal that comes before the new process has its own handlers waits for them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        self._pid = os.fork()
        if not self._pid:
            for sibling in (self, *siblings):
                sibling.detach()
            self._be_it(other, settings, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        other.close()

    def _be_it(
        self, channel: _socket.socket, settings: RunSettings, mask: set[int | signal.Signals]
    ) -> NoReturn:
        """In the new process: do its work, and end."""
        status = _DEFECT
        try:
            self._stop.renew()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            work(channel.fileno(), settings, self._marks, self._stop)
            status = 0
        finally:
            os._exit(status)

    def detach(self) -> None:
        """Let go of it, in a process that has nothing to do with it."""
        self._sock.close()

    # -- messages --------------------------------------------------------------------------------

    @property
    def wants(self) -> bool:
        """Whether it may be given more."""
        return self._told_end is None and self.given < self._most and bool(self._free)

    def give(self, index: int, name: str, times: int) -> None:
        """Give it messages of one name."""
        mark = self._free.pop()
        self._marks[mark] = UNOPENED
        portion = self._portions[mark] = Portion(index, name, times, mark)
        for number in range(index, index + times):
            self._owed[number] = mark
        self.given += times
        self._say(portion)

    def finish(self, *, forget: bool) -> None:
        """Tell it that there are no more; with `forget`, nor is what it has and has not begun."""
        end = End(forget)
        if self._told_end is None or end > self._told_end:
            self._told_end = end
            self._say(end)

    def settled(self, index: int) -> None:
        """Take it that a message is settled."""
        mark = self._owed.pop(index)
        self.given -= 1
        self.useful = True
        portion = self._portions[mark]
        if not any(
            number in self._owed for number in range(portion.first, portion.first + portion.times)
        ):
            del self._portions[mark]
            self._free.append(mark)

    def has(self, name: str) -> bool:
        """Whether a message of this name is not settled."""
        return any(portion.name == name for portion in self._portions.values())

    def owed(self) -> list[Owed]:
        """What is not settled, in order."""
        found: list[Owed] = []
        for index, mark in sorted(self._owed.items()):
            first, name, _, _ = self._portions[mark]
            progress = self._marks[mark]
            found.append(Owed(index, name, progress > UNOPENED, index - first < progress - OPENED))
        return found

    @property
    def may_give_back(self) -> bool:
        """Whether it has anything that is not begun."""
        return not all(owed.begun for owed in self.owed())

    def _say(self, value: object) -> None:
        self._unwritten += frame(value)

    # -- what the loop asks and tells (net.loop.Party) ---------------------------------------------

    @property
    def events(self) -> int:
        """What to wait for."""
        return READ | WRITE if self._unwritten else READ

    def start(self) -> None:
        """It has begun already."""

    def ready(self, events: int) -> None:
        """Hear what it tells, or say what there is to say."""
        try:
            if events == WRITE:
                self._write()
            else:
                self._hear(self._sock.recv(_RECEIVE))
        except BlockingIOError:
            pass
        except OSError:
            self.over = True  # it died with something unread

    def _write(self) -> None:
        try:
            self._unwritten = self._unwritten[self._sock.send(self._unwritten) :]
        except ConnectionError:
            self._unwritten = b""  # it is gone; what it told before that is still to be heard

    def _hear(self, data: bytes) -> None:
        self.over = not data
        for values in self._frames.feed(data):
            for value in values:
                if isinstance(value, Left):
                    self.left = value
                elif isinstance(value, Told):
                    self._office.told(self, value)

    def go_on(self) -> None:
        """What there is to say is said when it can be."""

    def late(self) -> None:
        """End it."""
        self.deadline = None
        os.kill(self._pid, signal.SIGKILL)

    def interrupt(self, error: SMTPError) -> None:  # noqa: ARG002 - it is told by the signal
        """Pass the signal on; it settles what it can, and ends."""
        os.kill(self._pid, self._stop.signal or signal.SIGTERM)
        self.deadline = monotonic() + PATIENCE

    def close(self) -> None:
        """End it, when something broke."""
        self._sock.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def end(self) -> None:
        """Take the end of the process."""
        self._sock.close()
        _, status = os.waitpid(self._pid, 0)
        self._office.gone(self, status)
