"""Running the host's own programs to their end."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, TypeVar

from tests.servers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

T = TypeVar("T")

_TELLING = re.compile(r"E: |ERROR|npm error code")


def run(
    *command: str | Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    limit: float = 600.0,
) -> str:
    """Run a program and return what it said.

    Raises:
        Unavailable: it is missing, failed or did not end; with its most telling line.
    """
    words = [str(word) for word in command]
    shown = shlex.join(words[:3])
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=environment,
            timeout=limit,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise Unavailable(f"the program {words[0]} is missing") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{shown} ... did not end within {limit:.0f} s") from None
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()] or ["no output"]
        line = next((line for line in lines if _TELLING.match(line)), lines[-1])
        raise Unavailable(f"{shown} ... ended with status {done.returncode}: {line}")
    return done.stdout


def apt_get(*arguments: str, cwd: Path | None = None) -> str:
    """Run apt-get, which never asks; see `run`."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    options = ("-q", "-o", "APT::Sandbox::User=root")
    return run("apt-get", *arguments, *options, cwd=cwd, environment=environment)


def need_program(program: str, package: str) -> None:
    """Install a Debian package where a program of the host is missing.

    Raises:
        Unavailable: it cannot be installed.
    """
    if shutil.which(program):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"the program {program} is missing (Debian package {package})")
    with_fresh_lists(lambda: apt_get("install", "-y", "--no-install-recommends", package))


def with_fresh_lists(action: Callable[[], T]) -> T:
    """Do what apt-get is needed for; once more with new package lists where it fails."""
    try:
        return action()
    except Unavailable:
        apt_get("update")
        return action()
