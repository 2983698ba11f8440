"""Several connections at a time, of which some are lost or never had: the installed command."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import ENVELOPE, LIMIT, message_files, running, taken
from tests.command import run_smtp
from tests.scripted import Close, Hold, ModelServer, Stall, Step

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


@pytest.mark.parametrize("listed", [False, True], ids=["arguments", "list"])
@pytest.mark.parametrize("silent", ["GREETING", "EHLO"])
def test_a_connection_that_is_never_ready_holds_up_no_end(
    start: Start, tmp_path: Path, silent: str, listed: bool
) -> None:
    """The others send all there is, and the command does not wait for it for minutes."""
    names = message_files(tmp_path, 40)
    server = start(ModelServer(replies={silent: [None, Stall()]}))
    given = ("--files-from", "-") if listed else tuple(names)
    lines = "".join(f"{name}\n" for name in names).encode() if listed else b""
    done = run_smtp("-j3", "-s", server.address, *ENVELOPE, *given, stdin=lines)
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == list(range(40))


def test_nor_does_it_hold_up_the_end_that_the_first_failure_makes(
    start: Start, tmp_path: Path
) -> None:
    """What was kept for it is not begun."""
    names = message_files(tmp_path, 3)
    at_once, connecting = threading.Event(), threading.Event()
    at_once.set()
    server = start(
        ModelServer(
            replies={
                "GREETING": [None, (Hold(at_once, connecting), Stall())],
                "MAIL": [(Hold(connecting), "550 5.7.1 no")],
            }
        )
    )
    done = run_smtp("-v", "--stop", "-j2", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 65
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert words == ["connected:", "refused:", "unsent:", "unsent:"]
