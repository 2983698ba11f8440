"""One run of a client against a server: what it used, and whether it did what it was asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.errors import RowFailed
from benchmarks.row import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.clients import Client, Command
    from benchmarks.messages import Octets
    from benchmarks.servers import Start
    from benchmarks.workshop import Workshop

_LONGEST_RUN = 600.0
"""Seconds until a run is ended and counts as failed."""


@dataclass(frozen=True)
class Expected:
    """What the server must have got; where it does not count, nothing is compared.

    Attributes:
        messages: how many.
        octets: of each; None for a peer that writes a content of its own.
        by: "data" or "bdat", the way it has to take; "" for either.
        to: how many recipients each has.
    """

    messages: int
    octets: Octets | None = None
    by: str = ""
    to: int = 1

    def check(self, totals: dict[str, int]) -> None:
        """Compare.

        Args:
            totals: what the server counted; no CR or LF that stands alone unless it looked for
                them.

        Raises:
            RowFailed: something else arrived.
        """
        if not totals:
            return
        if totals["messages"] != self.messages:
            raise RowFailed(f"{totals['messages']} messages arrived, not {self.messages}")
        if "octets" not in totals:
            return
        if totals["recipients"] != self.messages * self.to:
            raise RowFailed(f"{totals['recipients']} recipients, not {self.messages * self.to}")
        if self.by and totals[self.by] != self.messages:
            raise RowFailed(f"only {totals[self.by]} of its messages came by {self.by.upper()}")
        if totals["unknown"]:
            raise RowFailed(f"{totals['unknown']} of its commands are unknown")
        if totals["bare_cr"] or totals["bare_lf"]:
            raise RowFailed(
                f"{totals['bare_cr']} CR and {totals['bare_lf']} LF of its content stand alone"
            )
        if self.octets is not None:
            octets = totals["data"] * self.octets.data + totals["bdat"] * self.octets.bdat
            if totals["octets"] != octets:
                raise RowFailed(f"{totals['octets']} octets of content arrived, not {octets}")


@dataclass(frozen=True)
class Submission:
    """A client that submits to a server of its own, as a row runs it.

    Attributes:
        workshop: the suite's.
        client: how it is called.
        start: starts the server of one run.
        expected: what the server must get.
        prefix: what to put in front of the command, such as `ip netns exec NAME`.
    """

    workshop: Workshop
    client: Client
    start: Start
    expected: Expected
    prefix: Sequence[str] = ()

    def __call__(self, warm_up: bool) -> Run:
        """Run it once.

        Raises:
            RowFailed: it failed, or something else arrived than should have.
            Unavailable: it, or the server, cannot be had.
        """
        server = self.start(warm_up)
        try:
            run = run_command(self.workshop, self.client(server.address), self.prefix)
        finally:
            served = server.stop()
        self.expected.check(served.totals)
        return Run(run.wall, run.cpu, run.peak, served.cpu)


def run_command(workshop: Workshop, command: Command, prefix: Sequence[str] = ()) -> Run:
    """Run a command to its end.

    Raises:
        RowFailed: it failed, took too long, or could not be started.
    """
    result, output = workshop.directory / "result", workshop.directory / "output"
    for path in (result, output):
        path.unlink(missing_ok=True)
    line = [*prefix, workshop.tools.instrument("rus"), str(result), str(command.stdin or "-")]
    process = subprocess.Popen(
        [*line, str(output), *command.words],
        env={**workshop.environment, **command.environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(_LONGEST_RUN)
    except subprocess.TimeoutExpired:
        raise RowFailed(f"it did not end within {_LONGEST_RUN:.0f} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # of the session begun above: rus and the client
            process.wait()
    if not result.is_file():
        raise RowFailed("it could not be started")
    used = json.loads(result.read_text())
    if used["status"]:
        raise RowFailed(f"exit status {used['status']}: {_telling_line(output)}")
    return Run(used["wall"], used["user"] + used["system"], used["peak_kib"] * 1024)


def _telling_line(output: Path) -> str:
    """The line that says why a command failed: Python's last, anybody else's first."""
    text = output.read_text(errors="replace") if output.is_file() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "it said nothing"
    return lines[-1 if lines[0].startswith("Traceback") else 0][:200]
