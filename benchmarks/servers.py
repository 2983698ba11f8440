"""The servers that clients talk to: a fresh sink for each run, or a real one that stays.

- csink (instruments/csink.c): with CHUNKING, faster than any client, and it counts what it gets.
- smtp-sink (Postfix): without CHUNKING; what others measure with.  One core of it takes about
  60,000 pipelined messages a second, 250 MB a second.
- Postfix itself, started as in the tests, on the port where it takes messages and drops them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from benchmarks.errors import Unavailable
from benchmarks.tools import program
from tests.servers.catalogue import Speaks
from tests.servers.pki import Pki
from tests.servers.ports import HOST, free_ports, served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.workshop import Workshop

_PAUSE = 0.005
_LONGEST_START = 10.0
_NOBODY = ("-u", "nobody")
"""smtp-sink, run by root, wants to know who else to be."""


class Address(NamedTuple):
    """Where a server is."""

    host: str
    port: int


@dataclass(frozen=True)
class Served:
    """What a server did in one run.

    Attributes:
        cpu: seconds of CPU; 0 where it is not known.
        totals: what it counted, by name; empty where it does not count.
    """

    cpu: float = 0.0
    totals: dict[str, int] = field(default_factory=dict)


class Server(Protocol):
    """A server that runs."""

    @property
    def address(self) -> Address:
        """Where it is."""
        raise NotImplementedError

    def stop(self) -> Served:
        """End it, after its only client; what it did."""
        raise NotImplementedError


if TYPE_CHECKING:
    Start = Callable[[bool], Server]
    """Starts a server for one run; the argument tells whether it has to count what it gets."""


class Csink:
    """The fast sink.

    Args:
        workshop: the suite's.
        counting: whether to look at each octet of content.
        address: where to listen; by default on a free port of loopback.
        prefix: what to put in front of the command, such as `ip netns exec NAME`.
        tls: the files of a certificate chain and its key, for TLS from the first octet.
    """

    def __init__(
        self,
        workshop: Workshop,
        *,
        counting: bool,
        address: Address | None = None,
        prefix: Sequence[str] = (),
        tls: tuple[str, str] | None = None,
    ) -> None:
        self.address = address or Address(HOST, free_ports(1)[0])
        name = "csink-tls" if tls else "csink"
        command = [*prefix, workshop.tools.instrument(name), str(self.address.port)]
        command += [self.address.host, *(["strict"] if counting else [])]
        command += ["tls", *tls] if tls else []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        line = self._output.readline()
        if line != b"listening\n":
            self.stop()
            raise Unavailable(f"csink did not start: {line.decode(errors='replace').strip()}")

    def stop(self) -> Served:
        """End it."""
        with self._output:
            cpu = _end(self._process)
            text = self._output.read().decode()
        return Served(cpu, {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", text)})


class SmtpSink:
    """Postfix's sink.

    Args:
        workshop: the suite's.
        counting: whether to count messages, which costs it a write each.
    """

    def __init__(self, workshop: Workshop, *, counting: bool) -> None:
        self.address = Address(HOST, free_ports(1)[0])
        sink = program("smtp-sink")
        command = [sink.path, *(_NOBODY if os.geteuid() == 0 else ())]
        command += [*(["-c"] if counting else []), f"{HOST}:{self.address.port}", "1000"]
        # A file, because it counts aloud all the time: nobody would read a pipe meanwhile.
        self._log = workshop.directory / "smtp-sink.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **sink.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _LONGEST_START
        while not served(self.address.port, Speaks.GREETING):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"smtp-sink did not start: {self._said().strip()[-200:]}")
            time.sleep(_PAUSE)

    def stop(self) -> Served:
        """End it."""
        cpu = _end(self._process)
        counted = re.findall(r"mesg=(\d+)", self._said())
        return Served(cpu, {"messages": int(counted[-1])} if counted else {})

    def _said(self) -> str:
        return self._log.read_text(errors="replace")


@dataclass(frozen=True)
class Standing:
    """A server that runs anyway, and goes on."""

    address: Address

    def stop(self) -> Served:
        """Leave it alone."""
        return Served()


def csinks(workshop: Workshop) -> Start:
    """A fresh csink on loopback for each run."""
    return lambda counting: Csink(workshop, counting=counting)


def tls_csinks(workshop: Workshop) -> Start:
    """The same with TLS from the first octet."""
    pki = Pki(workshop.directory / "pki")
    pki.make()
    pair = (str(pki.directory / "ecdsa-chain.pem"), str(pki.directory / "ecdsa.key"))
    return lambda counting: Csink(workshop, counting=counting, tls=pair)


def smtp_sinks(workshop: Workshop) -> Start:
    """A fresh smtp-sink for each run."""
    return lambda counting: SmtpSink(workshop, counting=counting)


def postfix(workshop: Workshop) -> Start:
    """Postfix, started now; its processes stay from run to run.

    Raises:
        Unavailable: it cannot be had.
    """
    server = workshop.farm.start("postfix")
    standing = Standing(Address(server.host, server.ports["bench"]))
    return lambda _counting: standing


def _end(process: subprocess.Popen[bytes]) -> float:
    """End a sink; the seconds of CPU that it took."""
    if process.returncode is not None:
        return 0.0
    process.send_signal(signal.SIGTERM)
    # Not process.wait(): it does not tell what the process used.
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime
