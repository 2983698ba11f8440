"""The most memory that a submission has, for those during which a server sends without end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import SMTP, Completed, clean_environment
from tests.faults.talk import MESSAGE
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from tests.scripted import Server

MEASURED = Path(__file__).parents[1] / "memory" / "measured.py"
MORE = 40 * 1024
"""KiB that a flood may take beyond what a submission takes anyway."""


def measured(server: Server, *options: str) -> tuple[Completed, int]:
    """Submit a message; how that ended, and the most memory it had, in KiB."""
    command = (str(SMTP), *options, server.address, "s@x", "r@x")
    with tempfile.TemporaryDirectory(prefix="peak-") as home:
        peak = Path(home, "peak")
        done = subprocess.run(
            [sys.executable, "-I", "-S", MEASURED, peak, "64", *command],
            input=MESSAGE,
            capture_output=True,
            env=clean_environment(home),
            timeout=60,
            check=False,
        )
        completed = Completed(done.returncode, done.stdout.decode(), done.stderr.decode())
        return completed, int(peak.read_text())


@cache
def usual_peak(*, tls: bool = False) -> int:
    """What a submission takes that goes well, in KiB."""
    with ModelServer(tls_on_connect=tls) as server:
        done, peak = measured(server, *("--tls-on-connect",) * tls)
    assert (done.code, done.stderr) == (0, ""), done
    return peak
