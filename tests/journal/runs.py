"""Running the installed command with a journal, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.command import run_smtp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted import ModelServer

LIMIT = 20
"""Seconds for what happens at once."""


def submit(
    server: ModelServer,
    journal: Path,
    *args: str,
    to: tuple[str, ...] = ("b@y",),
    stdin: bytes = b"",
) -> Completed:
    """Run it from a@x, with the journal."""
    recipients = [word for recipient in to for word in ("-r", recipient)]
    return run_smtp(
        "-v",
        "--journal",
        journal,
        "-s",
        server.address,
        "-f",
        "a@x",
        *recipients,
        *args,
        stdin=stdin,
    )


def status(journal: Path) -> dict[str, int]:
    """What `--status` counts, without what it counts none of."""
    done = run_smtp("--journal", journal, "--status")
    assert (done.code, done.stderr) == (0, "")
    counts = dict(line.split(": ") for line in done.stdout.splitlines())
    return {name: int(count) for name, count in counts.items() if count != "0"}


def taken(server: ModelServer) -> list[int]:
    """The messages that a server took, by their subject."""
    return sorted(int(message.content.split()[1]) for message in server.messages)
