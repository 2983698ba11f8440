"""Group K of the faults: messages that cannot be opened, or not be read to their end."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import termios
import threading
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment, run_smtp
from tests.faults.outcome import failure
from tests.faults.runs import ORDINARY, running, submit_paths
from tests.faults.talk import LOCKSTEP, MESSAGE, opening
from tests.faults.transactions import DATA, delivery
from tests.faults.verbose import content, said_of_messages
from tests.scripted import (
    Expect,
    ModelServer,
    Script,
    Send,
    Stall,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start


def missing(path: Path) -> None:
    """There is none of that name."""
    assert not path.exists()


def directory(path: Path) -> None:
    """It is a directory."""
    path.mkdir()


def link_to_itself(path: Path) -> None:
    """It leads nowhere."""
    path.symlink_to(path.name)


def endpoint(path: Path) -> None:
    """It is a socket, which only connect(2) opens."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path.name)


def forbidden(path: Path) -> None:
    """Nobody may read it."""
    path.write_bytes(MESSAGE)
    path.chmod(0)


def memory(path: Path) -> None:
    """It can be opened; to read it is an error of the device."""
    path.symlink_to("/proc/self/mem")


@pytest.mark.parametrize(
    ("unreadable", "code"),
    [
        *((missing, 66), (directory, 66), (link_to_itself, 66), (endpoint, 66), (forbidden, 66)),
        (memory, 74),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_fault_187_189_what_cannot_be_read_is_told_and_the_others_go(
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unreadable: Callable[[Path], None],
    code: int,
) -> None:
    """It is found out before MAIL: the server hears nothing of it."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must not be long
    server = start(ModelServer())
    one, bad, two = (tmp_path / name for name in ("1.eml", "bad.eml", "2.eml"))
    one.write_bytes(content(1))
    two.write_bytes(content(2))
    unreadable(bad)
    done = submit_paths(server.address, one, bad, two, wrapper=ORDINARY)
    assert str(bad) in failure(done, code)
    assert [message.content for message in server.messages] == [content(1), content(2)]
    assert server.connections[0].verbs.count("MAIL") == 2


def test_fault_187_a_fifo_is_a_message_when_its_turn_comes(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    one, fifo, three = (tmp_path / name for name in ("1.eml", "2.fifo", "3.eml"))
    one.write_bytes(content(1))
    three.write_bytes(content(3))
    os.mkfifo(fifo)
    names = ("-f", "s@x", "-r", "r@x", one, fifo, three)
    with running(tmp_path, "-s", server.address, *names), fifo.open("wb") as writer:
        writer.write(content(2))
    assert [message.content for message in server.messages] == [content(n) for n in (1, 2, 3)]


FAILING = """
import errno, os

read, furthest = os.pread, 0

def pread(fd, octets, position):
    global furthest
    if {begin} < position < furthest:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    furthest = max(furthest, position)
    return read(fd, octets, position)

os.pread = pread
"""
"""Python on a disk that can be read once, and then only up to some octet."""


@pytest.mark.parametrize("offers", [LOCKSTEP, (*LOCKSTEP, "CHUNKING")], ids=["DATA", "BDAT"])
def test_fault_189_a_disk_that_fails_in_mid_content_ends_the_connection_and_not_the_message(
    scripted: MakeScripted, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING.format(begin=3_000_000), encoding="ascii")
    large, small = tmp_path / "large.eml", tmp_path / "small.eml"
    large.write_bytes(b"x" * 78 + b"\r\n" + b"a line\r\n" * 1_000_000)
    small.write_bytes(MESSAGE)
    by_data = "CHUNKING" not in offers
    begin: tuple[Step, ...] = (Expect("DATA"), Send("354 go")) if by_data else (Expect("BDAT"),)
    envelope = (Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok"))
    server = scripted(
        Script("never sees the end of a message", *opening(*offers), *envelope, *begin, Stall()),
        delivery(),
    )
    line = ("-v", "-s", server.address, "-f", "s@x", "-r", "r@x", large, small)
    done = run_smtp(*line, env={"PYTHONPATH": str(tmp_path)})
    said = failure(done, 74)
    assert str(large) in said
    assert "input/output error" in said
    assert said_of_messages(done) == ["unsent", "sent"]
    received = server.connections[0].received
    assert 2_000_000 < len(received) < large.stat().st_size
    assert not received.endswith(b"\r\n.\r\n")
    assert server.connections[1].contents == [MESSAGE]


@contextmanager
def line_that_is_hung_up(octets: bytes) -> Iterator[int]:
    """A terminal line to read `octets` from, and then an error of the device."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs, termios.TCSANOW)

    def write() -> None:
        with suppress(OSError), open(theirs, "wb") as line:  # it may have had enough
            line.write(octets)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield ours
    finally:
        os.close(ours)
        writer.join()


@pytest.mark.parametrize("option", ["--no-size", "--no-chunking"], ids=["streamed", "spooled"])
def test_fault_189_a_line_that_is_hung_up_ends_no_message(
    scripted: MakeScripted, start: Start, tmp_path: Path, option: str
) -> None:
    """What is streamed stops in mid-content; what has to be counted first is not begun."""
    streamed = option == "--no-size"
    server = (
        scripted(Script("never sees the end", *DATA, Send("354 go"), Stall()))
        if streamed
        else start(ModelServer())
    )
    with line_that_is_hung_up(b"Subject: long\n\n" + b"0123456789abcde\n" * 40_000) as line:
        done = subprocess.run(
            [SMTP, option, "-s", server.address, "-f", "s@x", "-r", "r@x"],
            stdin=line,
            stderr=subprocess.PIPE,
            env=clean_environment(str(tmp_path)),
            timeout=30,
            check=False,
        )
    assert done.returncode == 74, done
    assert b"input/output error" in done.stderr
    received = b"".join(connection.received for connection in server.connections)
    assert (b"0123456789" in received) == streamed
    assert not received.endswith(b"\r\n.\r\n")
