"""A world in which a client's connections are made: its servers are generators, its clock a number.

A server is a function of a `Peer` that yields whenever it is the client's turn.  What it yields is
how many seconds pass before it goes on, unless the client has something to do at once.  When it is
over, time passes until the client gives up waiting.  Nothing here waits, so nothing depends on the
machine: an hour takes a microsecond.
"""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, TypeAlias, cast

from smtpwire.net import connection, dial, loop, timeouts
from smtpwire.net.poll import ENDED, READ, WRITE
from tests.unit.net.peer import Peer
from tests.unit.net.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest

    from smtpwire.net.poll import Interruption, Poller

    Server: TypeAlias = Callable[[Peer], Iterator[float]]


class Named(socket.socket):
    """A socket with an address: those of a pair have none."""

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.7", 40000)


class Serving:
    """A server that serves one connection."""

    def __init__(self, script: Iterator[float], now: float) -> None:
        self._script = script
        self.due = now
        """When it goes on."""
        self.over = False

    def go_on(self) -> None:
        """Do what comes next."""
        try:
            self.due += next(self._script)
        except StopIteration:
            self.over = True


class World:
    """Stands in for the poller, the clock and the network.

    Attributes:
        now: the time.
        stop: a server sets its `now` for a signal that comes.
        interruption: the same, where it is somebody else's.
        blind: whether a write is tried before the input is looked at, as when that came just now.
        tick: seconds that each step of the client takes.
        most: how many connections there were at one time.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *servers: Server) -> None:
        self.now = 1000.0
        self.stop = Stop()
        self.interruption: Interruption = self.stop
        self.blind = False
        self.tick = 0.0
        self.peers: list[Peer] = []
        self.most = 0
        self._servers = list(servers)
        self._serving: list[Serving] = []
        self._signalled = False
        self._sockets: list[socket.socket] = []
        self._watched: dict[int, int] = {}
        for module in (connection, dial, loop, timeouts):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)

    def connect(self) -> socket.socket:
        """The client's end of a connection to the next server."""
        end, theirs = socket.socketpair()
        ours = Named(fileno=end.detach())
        ours.setblocking(False)
        self._sockets += ours, theirs
        self.peers.append(Peer(theirs))
        self._serving.append(Serving(self._servers.pop(0)(self.peers[-1]), self.now))
        self.most = max(self.most, sum(sock.fileno() >= 0 for sock in self._sockets[::2]))
        return ours

    @property
    def servers_left(self) -> int:
        """How many servers nobody has connected to."""
        return len(self._servers)

    @property
    def loop(self) -> loop.Loop:
        """A loop for parties that wait in this world."""
        return loop.Loop(cast("Poller", self), self.interruption)

    def close(self) -> None:
        """Let go of every socket."""
        for sock in self._sockets:
            sock.close()

    # What a poller does:

    def watch(self, fd: int, events: int) -> None:
        """Wait for a descriptor from now on."""
        self._watched[fd] = events

    def forget(self, fd: int) -> None:
        """Stop watching."""
        del self._watched[fd]

    def look(self, fds: Iterable[int]) -> list[tuple[int, int]]:
        """See which of a few descriptors are ready now."""
        looked_at = set(fds)
        return [ready for ready in self._ready() if ready[0] in looked_at]

    def wait(self, deadline: float | None) -> list[tuple[int, int]]:
        """Wait for the descriptors, the deadline or a signal."""
        self.now += self.tick
        while True:
            if ready := self._ready():
                return ready
            if self.interruption.error() is not None and not self._signalled:
                self._signalled = True
                return []
            if deadline is not None and self.now >= deadline:
                return []
            due = [serving for serving in self._serving if not serving.over]
            first = min(due, key=lambda serving: serving.due, default=None)
            if first is None or (deadline is not None and first.due >= deadline > self.now):
                assert deadline is not None, "the client waits for ever"
                self.now = deadline
                return []
            self.now = max(self.now, first.due)
            first.due = self.now
            first.go_on()

    def _ready(self) -> list[tuple[int, int]]:
        poll = select.poll()
        for fd, events in self._watched.items():
            poll.register(fd, events | ENDED if events & READ else events)
        ready = poll.poll(0)
        if self.blind:
            return [(fd, WRITE if events & WRITE else events) for fd, events in ready]
        return ready


class Worlds:
    """Makes a world around one server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._made: list[World] = []

    def __call__(self, server: Server) -> World:
        self._made.append(World(self._monkeypatch, server))
        return self._made[-1]

    def close(self) -> None:
        for made in self._made:
            made.close()
