"""Submissions whose envelope is what a case is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command import Completed, run_smtp
from tests.faults.talk import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Iterable


def submit(
    server: str, *recipients: str, sender: str = "s@x", options: Iterable[str] = ()
) -> Completed:
    """Submit one message from standard input, in the first form."""
    return run_smtp(*options, server, sender, *recipients, stdin=MESSAGE)


def is_one_clear_line(done: Completed) -> bool:
    """One line on stderr, and nothing in it that a terminal would obey."""
    line = done.stderr.removesuffix("\n")
    return line.startswith("smtp: ") and line.isprintable()
