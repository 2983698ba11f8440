"""Watching which system calls the installed command makes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.command import run_smtp

if TYPE_CHECKING:
    from pathlib import Path

_CALL = re.compile(r"(?:\d+ +)?(\w+)\(")


class Traced:
    """The calls of one process that has ended.

    Args:
        log: what strace wrote, with the path behind each descriptor.

    Attributes:
        calls: how often which was made.
    """

    def __init__(self, log: str) -> None:
        self._lines = log.splitlines()
        found = map(_CALL.match, self._lines)
        self.calls = Counter(call[1] for call in found if call is not None)

    def about(self, path: Path) -> list[str]:
        """The names of the calls that name a file, by its path or by a descriptor, in order."""
        named = re.compile(re.escape(str(path)) + r'[">]')
        found: list[str] = []
        for line in self._lines:
            call = _CALL.match(line)
            if call is not None and named.search(line):
                found.append(call[1])
        return found


def traced(directory: Path, *args: str, stdin: bytes = b"") -> Traced:
    """Run `smtp` with `args` under strace, for which there is a fixture; it has to succeed.

    Args:
        directory: for the log.
        args: the command line after the command.
        stdin: what it can read.
    """
    log = directory / "strace.log"
    # -s 0: of octets that are read or written nothing is logged; paths always are, whole.
    wrapper = ("strace", "-f", "-q", "-y", "-s", "0", "-o", str(log))
    done = run_smtp(*args, stdin=stdin, wrapper=wrapper)
    assert done.code == 0, done
    return Traced(log.read_text(encoding="utf-8"))
