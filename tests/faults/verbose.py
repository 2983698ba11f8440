"""Submissions with `-v`, which says in one line for each message what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command import Completed, run_smtp
from tests.faults.talk import MESSAGE

if TYPE_CHECKING:
    from pathlib import Path


def submit(
    server: str, *options: str, to: tuple[str, ...] = ("r@x",), message: bytes = MESSAGE
) -> Completed:
    """Submit one message from standard input, in the first form."""
    return run_smtp("-v", *options, server, "s@x", *to, stdin=message)


def submit_batch(
    server: str, directory: Path, *options: str, count: int = 2, to: tuple[str, ...] = ("r@x",)
) -> Completed:
    """Submit messages 1 to `count` in one run, from files."""
    recipients = [word for address in to for word in ("-r", address)]
    paths = [directory / f"{number}.eml" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(content(number))
    return run_smtp("-v", "-s", server, "-f", "s@x", *recipients, *options, *paths)


def content(number: int) -> bytes:
    """The message of a batch with this number, from 1, as it arrives."""
    return b"Subject: number %d\r\n\r\nhello\r\n" % number


def said_of_messages(done: Completed) -> list[str]:
    """The outcome of each message, in the order of the lines."""
    words = [line.partition(":")[0] for line in done.stdout.splitlines()]
    return [word for word in words if word != "connected"]
