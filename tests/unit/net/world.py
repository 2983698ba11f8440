"""A world in which a client's connections are made: its servers are generators, its clock a number.

A server is a function of a `Peer` that yields whenever it is the client's turn.  What it yields is
how many seconds pass before it goes on, unless the client has something to do at once.  When it is
over, time passes until the client gives up waiting.  Nothing here waits, so nothing depends on the
machine: an hour takes a microsecond.
"""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, TypeAlias

from smtpwire.net import connection, dial, timeouts
from smtpwire.net.poll import PIPED, READ, WRITE
from tests.unit.net.peer import Peer
from tests.unit.net.stops import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from smtpwire.net.poll import Interruption

    Server: TypeAlias = Callable[[Peer], Iterator[float]]


class Named(socket.socket):
    """A socket with an address: those of a pair have none."""

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.7", 40000)


class World:
    """Stands in for the poller, the clock and the network.

    Attributes:
        now: the time.
        stop: a server sets its `now` for a signal that comes.
        interruption: the same, where it is somebody else's.
        blind: whether a write is tried before the input is looked at, as when that came just now.
        tick: seconds that each step of the client takes.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *servers: Server) -> None:
        self.now = 1000.0
        self.stop = Stop()
        self.interruption: Interruption = self.stop
        self.blind = False
        self.tick = 0.0
        self.peers: list[Peer] = []
        self._servers = list(servers)
        self._script: Iterator[float] = iter(())
        self._over = False
        self._pause = 0.0
        self._signalled = False
        self._sockets: list[socket.socket] = []
        for module in (connection, dial, timeouts):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)

    def connect(self) -> socket.socket:
        """The client's end of a connection to the next server."""
        end, theirs = socket.socketpair()
        ours = Named(fileno=end.detach())
        ours.setblocking(False)
        self._sockets += ours, theirs
        self.peers.append(Peer(theirs))
        self._script = self._servers.pop(0)(self.peers[-1])
        self._over, self._pause = False, 0.0
        return ours

    @property
    def servers_left(self) -> int:
        """How many servers nobody has connected to."""
        return len(self._servers)

    def close(self) -> None:
        """Let go of every socket."""
        for sock in self._sockets:
            sock.close()

    # What a poller does:

    def wait(self, fd: int, events: int, deadline: float | None, *, pipe: int | None = None) -> int:
        """Wait for the descriptors, the deadline or a signal."""
        self.now += self.tick
        while True:
            if ready := self._ready(fd, events, pipe):
                return ready
            if self.interruption.error() is not None and not self._signalled:
                self._signalled = True
                return 0
            if deadline is not None and self.now >= deadline:
                return 0
            if not self._pause and not self._over:
                try:
                    self._pause = next(self._script)
                except StopIteration:
                    self._over = True
                continue
            if self._over:
                assert deadline is not None, "the client waits for ever"
                self._pause = deadline - self.now
            if deadline is not None and self.now + self._pause >= deadline:
                self._pause -= deadline - self.now
                self.now = deadline
                return 0
            self.now += self._pause
            self._pause = 0.0

    def _ready(self, fd: int, events: int, pipe: int | None) -> int:
        poll = select.poll()
        poll.register(fd, events)
        if pipe is not None:
            poll.register(pipe, READ)
        ready = sum(PIPED if found == pipe else mask for found, mask in poll.poll(0))
        return WRITE if self.blind and ready & WRITE else ready

    def forget(self) -> None:
        """Stop watching."""


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
