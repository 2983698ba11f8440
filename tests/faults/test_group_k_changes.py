"""Group K of the faults: messages that are files, which others may change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure
from tests.faults.talk import LOCKSTEP, farewell
from tests.faults.transactions import CHUNKING, envelope
from tests.scripted import Expect, ReadBdat, Script, Send, Stall, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted.fixtures import MakeScripted
    from tests.scripted.wire import Wire

LINE = b"A" * 70 + b"\r\n"
OTHER = b"B" * 70 + b"\r\n"

QUEUED = 16_000
"""Lines of a message that the sockets can hold, so that all of it is handed over unread."""
LONG = 250_000
"""Lines of a message of which they can hold less than half."""


@dataclass(frozen=True, slots=True)
class Meanwhile(Step):
    """Do something to the message when the client has handed over so many octets of it."""

    action: Callable[[Path], None]
    path: Path
    octets: int = 1

    def run(self, wire: Wire) -> None:
        wire.wait_until_queued(self.octets)
        self.action(self.path)


def rewrite(path: Path) -> None:
    """Put other octets where the second half was."""
    lines = path.stat().st_size // len(LINE)
    with path.open("r+b") as file:
        file.seek(lines // 2 * len(LINE))
        file.write(OTHER * (lines - lines // 2))


def rewrite_unseen(path: Path) -> None:
    """The same, and set the time of change back."""
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut_off(path: Path) -> None:
    """Take the second half away."""
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    """Go on with a line."""
    with path.open("ab") as file:
        file.write(OTHER)


def rename(path: Path) -> None:
    """Give it another name, as Maildirs do when a message was seen."""
    path.rename(path.with_name("m:2,S"))


CHANGES = pytest.mark.parametrize("change", [rewrite, rewrite_unseen, cut_off, append])


@pytest.fixture
def message(tmp_path: Path) -> Path:
    return tmp_path / "m.eml"


def submit(server: str, message: Path, *options: str) -> Completed:
    return run_smtp("-v", *options, "-s", server, "-f", "s@x", "-r", "r@x", message)


def is_taken(
    scripted: MakeScripted,
    message: Path,
    content: bytes,
    meanwhile: Callable[[Path], None],
    by: int,
) -> None:
    """See that a message arrives as it was, whatever is done to it when so much is handed over."""
    message.write_bytes(content)
    server = scripted(
        Script(
            "reads no content before something was done to the message",
            *envelope(*CHUNKING),
            Meanwhile(meanwhile, message, by),
            *(ReadBdat(), Send("250 queued"), *farewell()),
        )
    )
    done = submit(server.address, message)
    assert done.code == 0, done
    assert server.connections[0].contents == [content]


@CHANGES
def test_fault_188_what_was_handed_over_arrives_as_it_was(
    scripted: MakeScripted, message: Path, change: Callable[[Path], None]
) -> None:
    content = LINE * QUEUED
    is_taken(scripted, message, content, change, by=len(content))


def test_a_message_may_be_renamed_while_it_is_sent(scripted: MakeScripted, message: Path) -> None:
    is_taken(scripted, message, LINE * LONG, rename, by=1)


WAYS = pytest.mark.parametrize(
    ("offers", "begin"),
    [(CHUNKING, (Expect("BDAT"),)), (LOCKSTEP, (Expect("DATA"), Send("354 go")))],
    ids=["BDAT", "DATA"],
)


@WAYS
@CHANGES
def test_fault_188_a_message_that_changes_while_it_is_sent_is_not_ended(
    scripted: MakeScripted,
    message: Path,
    change: Callable[[Path], None],
    offers: tuple[str, ...],
    begin: tuple[Step, ...],
) -> None:
    content = LINE * LONG
    message.write_bytes(content)
    changed = Meanwhile(change, message)
    server = scripted(
        Script("never sees the end of a message", *envelope(*offers), *begin, changed, Stall())
    )
    line = failure(submit(server.address, message), 74)
    assert line.endswith("m.eml: unsent: the message changed while it was being sent")
    received = bytes(server.connections[0].received)
    assert len(received) < len(content)
    assert not received.endswith(b"\r\n.\r\n")
