"""Several messages in one run: files that can be told apart, and the command that submits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command import Completed, run_smtp

if TYPE_CHECKING:
    from pathlib import Path


def content(number: int) -> bytes:
    """The message with this number, from 1, as it arrives."""
    return b"Subject: number %d\r\n\r\nhello\r\n" % number


def write_messages(directory: Path, count: int) -> list[Path]:
    """Write messages 1 to `count` into files."""
    paths = [directory / f"{number}.eml" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(content(number))
    return paths


def submit_batch(
    server: str, directory: Path, *options: str, count: int = 2, to: tuple[str, ...] = ("r@x",)
) -> Completed:
    """Submit messages 1 to `count` in one run."""
    recipients = [word for address in to for word in ("-r", address)]
    paths = write_messages(directory, count)
    return run_smtp("-v", "-s", server, "-f", "s@x", *recipients, *options, *paths)


def said_of_messages(done: Completed) -> list[str]:
    """The outcome of each message, as `-v` has it."""
    words = [line.partition(":")[0] for line in done.stdout.splitlines()]
    return [word for word in words if word != "connected"]
