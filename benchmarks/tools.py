"""What the benchmark runs besides the command itself: peers, and instruments of its own in C.

A peer that the machine has is used as it is.  Another comes from Debian packages unpacked into the
cache of `tests.servers`; nothing is installed for it.  Only the compiler, the headers that go with
it and ip(8) are installed, and only where they are missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from benchmarks.errors import Unavailable
from tests.servers.fetch import unpacked
from tests.servers.tools import apt_get, need_program, with_fresh_lists

HERE = Path(__file__).parent

_INSTRUMENTS: dict[str, tuple[str, ...]] = {
    "csink": ("csink.c",),
    "csink-tls": ("csink.c", "-DWITH_TLS", "-lssl", "-lcrypto"),
    "delaytun": ("delaytun.c", "-pthread"),
    # Static: a small process image, and so a low floor under the peaks it reports.
    "rus": ("rus.c", "-static"),
}
"""The source of each instrument, and the compiler's options."""

_COMPILER = ("gcc", "libc6-dev", "libssl-dev")

_ROOTS = {
    "curl": "peers",
    "msmtp": "peers",
    "swaks": "peers",
    "postconf": "postfix",
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
}
"""Which unpacked packages have a program that the machine lacks."""

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Program:
    """A program that can be run.

    Attributes:
        path: where it is.
        environment: what it needs to find its libraries.
    """

    path: str
    environment: dict[str, str] = field(default_factory=dict)


class Tools:
    """The programs of one run.

    Args:
        directory: where instruments are built.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._built: dict[str, Path] = {}

    def instrument(self, name: str) -> str:
        """The path of an instrument, built when first asked for.

        Raises:
            Unavailable: it cannot be built; with the compiler's first error.
        """
        if name not in self._built:
            source, *options = _INSTRUMENTS[name]
            target = self._directory / name
            command = ["-O2", "-o", str(target), str(HERE / "instruments" / source), *options]
            self._compile(command)
            self._built[name] = target
        return str(self._built[name])

    def ip(self, *arguments: str) -> list[str]:
        """Make a command line of the program that sets links up.

        Raises:
            Unavailable: there is none.
        """
        if not shutil.which("ip", path=_PATH):
            need_program("ip", "iproute2")
        return [shutil.which("ip", path=_PATH) or "ip", *arguments]

    @cached_property
    def _can_install(self) -> bool:
        return os.geteuid() == 0 and shutil.which("apt-get") is not None

    def _compile(self, command: list[str]) -> None:
        reason = _compiler_says(command)
        if reason and self._can_install:
            with_fresh_lists(
                lambda: apt_get("install", "-y", "--no-install-recommends", *_COMPILER)
            )
            reason = _compiler_says(command)
        if reason:
            raise Unavailable(f"{reason} (Debian packages {' '.join(_COMPILER)})")


@cache
def program(name: str) -> Program:
    """A peer.

    Raises:
        Unavailable: it cannot be had; with the reason.
    """
    if found := shutil.which(name, path=_PATH):
        return Program(found)
    root = unpacked(_ROOTS[name])
    libraries = [root / "usr/lib/postfix", *sorted((root / "usr/lib").glob("*-linux-gnu*"))]
    for directory in ("bin", "sbin"):
        if (path := root / "usr" / directory / name).is_file():
            return Program(str(path), {"LD_LIBRARY_PATH": ":".join(map(str, libraries))})
    raise Unavailable(f"the packages of {_ROOTS[name]!r} have no program {name}")


def _compiler_says(command: list[str]) -> str:
    """Compile; the first error, or "" if there was none."""
    try:
        done = subprocess.run(
            ["cc", *command], capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        return "there is no C compiler"
    errors = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr.strip()]
    return errors[0] or "the C compiler failed" if done.returncode else ""
