"""The servers of one test run: started when first asked for, shared by all its processes.

The leader (the process of pytest that the user started) makes the farm's directory and holds the
lifeline; any process of the run, such as a worker of pytest-xdist, may start a server in it, one at
a time under a file lock.  What runs is written down in the directory, so that the others find it,
and so is the reason why a server cannot be had, so that nobody tries again.  The leader ends them.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests.servers.catalogue import SERVERS, Kind
from tests.servers.errors import Unavailable
from tests.servers.fetch import fetched
from tests.servers.launch import (
    check_boxes,
    last_words,
    launch,
    port_variables,
    wait_until_served,
)
from tests.servers.maildir import Maildir
from tests.servers.pki import Pki
from tests.servers.places import locked, make_run_directory
from tests.servers.ports import HOST, free_ports, taken
from tests.servers.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.catalogue import Spec

_TIME_TO_END = 10.0


class _PortLostError(Unavailable):
    """Somebody was quicker to take a port that was free: to be tried once more, with others."""


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        name: as in the catalogue.
        ports: the port of each service.
        ca_file: the certificate that its own is to be verified by.
        directory: its configuration (etc) and its logs (log).
    """

    name: str
    ports: dict[str, int]
    ca_file: Path
    directory: Path
    host: str = HOST

    @property
    def port(self) -> int:
        """The port of its first service."""
        return next(iter(self.ports.values()))

    @property
    def address(self) -> str:
        """HOST:PORT of its first service."""
        return f"{self.host}:{self.port}"

    @cached_property
    def mail(self) -> Maildir:
        """Where it delivers to."""
        return Maildir(self.directory / "mail")


class Farm:
    """One run's servers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lifeline = directory / "lifeline"
        self._held: int | None = None

    @classmethod
    def lead(cls) -> Farm:
        """A new farm, in a process that outlives all others that use it and calls `end`."""
        farm = cls(make_run_directory())
        os.mkfifo(farm._lifeline)
        # Read and write: opening a FIFO for writing alone waits for a reader.
        farm._held = os.open(farm._lifeline, os.O_RDWR)
        return farm

    def start(self, name: str) -> Server:
        """A server, started now if it does not run yet, after those that it needs.

        Raises:
            Unavailable: it cannot be had on this machine.
        """
        spec = SERVERS[name]
        needed: dict[str, int] = {}
        for other in spec.needs:
            needed |= port_variables(other, self.start(other).ports)
        with locked(self.directory / f"{name}.lock"):
            record = self._record(name)
            if not record.is_file():
                try:
                    found: dict[str, object] = self._start(spec, needed)
                except Unavailable as error:
                    found = {"reason": f"{name}: {error}"}
                record.write_text(json.dumps(found))
        return self._server(spec)

    def end(self) -> None:
        """End every server and forget the run; for the leader."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
        for process in list(self._processes()):
            if not process.wait(_TIME_TO_END):
                process.kill()
        shutil.rmtree(self.directory)

    def _record(self, name: str) -> Path:
        return self.directory / f"{name}.json"

    def _processes(self) -> Iterator[Process]:
        for name in SERVERS:
            if (record := self._record(name)).is_file():
                found = json.loads(record.read_text())
                if "pid" in found:
                    yield Process(found["pid"], found["started"])

    def _server(self, spec: Spec) -> Server:
        found = json.loads(self._record(spec.name).read_text())
        if "reason" in found:
            raise Unavailable(found["reason"])
        directory = self.directory / spec.name
        if not Process(found["pid"], found["started"]).alive:
            raise AssertionError(f"{spec.name} has died: {last_words(directory)}")
        return Server(spec.name, found["ports"], self._pki().ca_file, directory)

    def _pki(self) -> Pki:
        pki = Pki(self.directory / "pki")
        with locked(self.directory / "pki.lock"):
            pki.make()
        return pki

    def _start(self, spec: Spec, needed: dict[str, int]) -> dict[str, object]:
        if spec.kind is Kind.BOX:
            check_boxes(self.directory / f"{spec.name}.check", self._lifeline)
        root = fetched(spec)
        try:
            return self._attempt(spec, root, needed)
        except _PortLostError:
            return self._attempt(spec, root, needed)

    def _attempt(self, spec: Spec, root: Path, needed: dict[str, int]) -> dict[str, object]:
        directory = self.directory / spec.name
        shutil.rmtree(directory, ignore_errors=True)
        ports = dict(zip(spec.services, free_ports(len(spec.services)), strict=True))
        process = launch(
            spec,
            directory=directory,
            root=root,
            pki=self._pki(),
            ports=ports,
            needed_ports=needed,
            lifeline=self._lifeline,
        )
        try:
            wait_until_served(spec, process, ports, directory)
        except Unavailable as error:
            if any(taken(port) for port in ports.values()):
                raise _PortLostError(str(error)) from None
            raise
        return {"pid": process.pid, "started": process.started, "ports": ports}
