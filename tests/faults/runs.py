"""Running the command for messages in files, to its end or while something is done to it."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.command import SMTP, clean_environment, run_smtp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command import Completed

ORDINARY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""What runs a command as if root were a user like any other."""


def submit_paths(
    server: str, *paths: Path, options: tuple[str, ...] = (), wrapper: tuple[str, ...] = ()
) -> Completed:
    envelope = ("-f", "s@x", "-r", "r@x")
    needed = wrapper if os.geteuid() == 0 else ()
    return run_smtp("-v", *options, "-s", server, *envelope, *paths, wrapper=needed)


@contextmanager
def running(home: Path, *args: str | Path, stdin: int = subprocess.DEVNULL) -> Iterator[int]:
    """Start `smtp`, for its id; it is killed if the test does not see its end."""
    smtp = subprocess.Popen([SMTP, *args], stdin=stdin, env=clean_environment(str(home)))
    with smtp:
        try:
            yield smtp.pid
            assert smtp.wait(30) == 0
        finally:
            smtp.kill()
