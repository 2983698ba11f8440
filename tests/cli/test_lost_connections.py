"""Several connections at a time, of which some are lost or never had: the installed command."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import ENVELOPE, LIMIT, message_files, running, taken
from tests.command import run_smtp
from tests.scripted import Close, Hold, ModelServer, Step

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.scripted.wire import Wire

_POLL = 0.001
"""Seconds between two looks at what a process has open."""


@dataclass(frozen=True, slots=True)
class CloseOnceOpen(Step):
    """Wait until a process has a file open; then say `text` and FIN, and set `done` at the end."""

    pid: list[int]
    path: str
    text: str | bytes
    done: threading.Event

    def run(self, wire: Wire) -> None:
        try:
            while not (self._open() or wire.stopped.wait(_POLL)):
                pass
            Close(self.text).run(wire)  # which allows for no octet behind it
        finally:
            self.done.set()

    def _open(self) -> bool:
        for pid in self.pid:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                try:
                    if os.readlink(f"/proc/{pid}/fd/{fd}") == self.path:
                        return True
                except FileNotFoundError:
                    pass  # it was closed meanwhile
        return False


@pytest.mark.parametrize(
    ("word", "code", "sent"),
    [(b"", 65, [0, 1]), ("421 4.3.2 shutting down", 75, [1])],
    ids=["FIN", "421"],
)
def test_no_content_follows_a_fin_that_came_while_the_next_file_was_looked_through(
    start: Start, tmp_path: Path, word: str | bytes, code: int, sent: list[int]
) -> None:
    """What is to ride behind what a 354 asked for is a large file: the input is looked at again.

    Without a word the message goes on another connection; a 421 counts as the reply to it.
    """
    names = message_files(tmp_path, 2)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 30)  # takes some time to look through, and no room
    left = threading.Event()
    pid: list[int] = []
    leave = CloseOnceOpen(pid, str(large), word, left)
    server = start(
        ModelServer(
            offers=("PIPELINING", "SIZE 1000"),  # so that it is not sent to anybody
            replies={
                "GREETING": [None, (Hold(left), "220 mail.example")],
                "DATA": [("354 go on", leave)],
            },
        )
    )
    with running(tmp_path, "-j2", "-s", server.address, *ENVELOPE, *names, str(large)) as smtp:
        pid.append(smtp.pid)
        assert smtp.stdout is not None
        smtp.stdout.read()
        assert smtp.wait(LIMIT) == code
    assert taken(server) == sent


@pytest.mark.parametrize("jobs", ["-j1", "-j2", "-j5"])
@pytest.mark.parametrize("word", ["", "\n421 4.3.2 enough"], ids=["FIN", "421"])
def test_a_server_that_ends_each_connection_behind_one_message_gets_all_of_them(
    start: Start, tmp_path: Path, jobs: str, word: str
) -> None:
    """What comes back from one connection is not given to another that has had its message."""
    names = message_files(tmp_path, 40)
    end = (f"250 2.0.0 queued{word}", Close(crossing=True))
    server = start(ModelServer(replies={"END": end}))
    done = run_smtp(jobs, "-s", server.address, *ENVELOPE, *names)
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == list(range(40))
