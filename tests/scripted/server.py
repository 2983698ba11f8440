"""A server on loopback: accepts connections and has each served, in its own thread, by a script.

A client's failure to do what is expected of it becomes the connection's `error`, and the server's
`check` raises it with the whole transcript.  `connections` is complete when it is read: it waits
for the end of each, so that no test looks at half a record.
"""

from __future__ import annotations

import select
import socket
import threading
import time
import traceback
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.scripted.record import Connection
from tests.scripted.steps import Step
from tests.scripted.wire import Failure, Gone, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

_SETTLE = 20.0
"""Seconds that a connection may outlive the moment when a test asks for its record."""
_BACKLOG = 512


class Server(AbstractContextManager["Server"]):
    """What every scripted server is; a subclass says in `serve` what becomes of a connection."""

    def __init__(self, *, ipv6: bool = False) -> None:
        self.host = "::1" if ipv6 else "127.0.0.1"
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family, backlog=_BACKLOG)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Lock()
        self._wires: list[Wire] = []
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._bell, self._bell_push = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept_until_stopped, daemon=True)
        self._acceptor.start()

    def serve(self, wire: Wire) -> None:
        """Serve one connection, to its end.

        Raises:
            Failure: the client did not do what was expected.
            Gone: the client left.
        """
        raise NotImplementedError

    @property
    def address(self) -> str:
        """`HOST:PORT`, as the command line takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def connections(self) -> list[Connection]:
        """Every connection, once each has ended."""
        self.settle()
        return [wire.record for wire in self._wires]

    @property
    def live(self) -> list[Connection]:
        """Every connection accepted so far, as it is now."""
        return [wire.record for wire in self._wires]

    @property
    def transcript(self) -> str:
        """What was said on every connection."""
        return "\n".join(str(record) for record in self.live) or "(no connection was made)"

    def settle(self) -> None:
        """Wait for the end of every connection that a client has made.

        Raises:
            AssertionError: one of them does not end.
        """
        self._accept_pending()
        deadline = time.monotonic() + _SETTLE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                raise AssertionError(f"a connection does not end:\n{self.transcript}")

    def check(self) -> None:
        """Raise the first expectation that was not met.

        Raises:
            AssertionError: with the whole transcript.
        """
        self.settle()
        if any(record.error for record in self.live):
            raise AssertionError(f"the client did not follow the script:\n{self.transcript}")

    def stop(self) -> None:
        """Let go of every socket and end every thread, whatever they are doing."""
        self._stopped.set()
        self._bell_push.send(b"\0")
        self._acceptor.join()
        for wire in self._wires:
            wire.abort()
        for thread in self._threads:
            thread.join()
        for sock in (self._listener, self._bell, self._bell_push):
            sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.check()
            else:
                error.add_note(self.transcript)
        finally:
            self.stop()

    def _accept_until_stopped(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        while not self._stopped.is_set():
            poll.poll()
            self._accept_pending()

    def _accept_pending(self) -> None:
        """Accept whoever waits; under a lock, for `settle` must not miss one on its way."""
        with self._accepting:
            while not self._stopped.is_set():
                try:
                    sock, _ = self._listener.accept()
                except BlockingIOError:
                    return
                wire = Wire(sock, Connection(len(self._wires)), self._stopped)
                thread = threading.Thread(target=self._serve, args=(wire,), daemon=True)
                self._wires.append(wire)
                self._threads.append(thread)
                thread.start()

    def _serve(self, wire: Wire) -> None:
        record = wire.record
        try:
            self.serve(wire)
            if not wire.closed:
                self._see_off(wire)
        except Failure as failure:
            record.error = str(failure)
        except Gone:
            record.error = "the client was gone when the server had more to say"
        except Exception:  # noqa: BLE001 - in a thread, where only the record can tell of it
            record.error = traceback.format_exc()
        finally:
            record.finished()
            wire.close()

    def _see_off(self, wire: Wire) -> None:
        """Nothing is left to serve: the client has nothing left to say either."""
        if wire.buffered or wire.fill():
            raise Failure(f"{wire.buffered!r} came after the end of the script")


@dataclass(frozen=True)
class Script:
    """What happens on one connection, step by step, and one sentence that says what it is."""

    sentence: str
    steps: tuple[Step, ...]

    def __init__(self, sentence: str, *steps: Step | Iterable[Step]) -> None:
        object.__setattr__(self, "sentence", sentence)
        object.__setattr__(self, "steps", tuple(_flat(steps)))

    def run(self, wire: Wire) -> None:
        """Serve one connection by it."""
        wire.record.scenario = self.sentence
        for step in self.steps:
            step.run(wire)
            if wire.closed:
                return


def _flat(steps: Iterable[Step | Iterable[Step]]) -> Iterable[Step]:
    for step in steps:
        if isinstance(step, Step):
            yield step
        else:
            yield from step


class ScriptedServer(Server):
    """Serves its first connection by the first script, and so on; the last one serves the rest."""

    def __init__(self, *scripts: Script, ipv6: bool = False) -> None:
        self._scripts = scripts
        super().__init__(ipv6=ipv6)

    def serve(self, wire: Wire) -> None:
        self._scripts[min(wire.record.number, len(self._scripts) - 1)].run(wire)
