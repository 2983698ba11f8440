"""What a user sees of a submission: its exit status, and one clear line where it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command import Completed, run_smtp
from tests.faults.talk import MESSAGE

if TYPE_CHECKING:
    from tests.scripted import Server


def submit(server: Server, *options: str) -> Completed:
    """Submit one message for one recipient from standard input, in the first form."""
    return run_smtp(*options, server.address, "s@x", "r@x", stdin=MESSAGE)


def failure(done: Completed, code: int) -> str:
    """See that a run ended with `code` and said why in one line fit for a terminal; that line."""
    assert done.code == code, done
    line = done.stderr.removesuffix("\n")
    assert line.startswith("smtp: "), done
    assert line.isprintable(), done
    return line


def succeeded(done: Completed) -> bool:
    """Whether everything was accepted without a word."""
    return (done.code, done.stderr) == (0, "")
