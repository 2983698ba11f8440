"""A signal ends the command wherever it stands, without a message ended and without QUIT."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment
from tests.scripted import (
    Expect,
    ExpectEnd,
    Hold,
    ModelServer,
    ReadData,
    Script,
    Send,
    Stall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

ENVELOPE = ("-f", "a@x", "-r", "b@y")

UP_TO_DATA = (
    Send("220 mail.example"),
    Expect("EHLO"),
    Send("250 mail.example"),
    Expect("MAIL"),
    Send("250 ok"),
    Expect("RCPT"),
    Send("250 ok"),
    Expect("DATA"),
    Send("354 go on"),
)

TAKEN = (
    ReadData(),
    Send("250 2.0.0 queued"),
    Expect("QUIT"),
    Send("221 bye"),
)

ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
SIGNALS = pytest.mark.parametrize(("number", "code"), ENDS, ids=["SIGINT", "SIGTERM"])


@contextmanager
def ignored(number: signal.Signals) -> Iterator[None]:
    """Let children be born deaf to a signal."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def running(home: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Start `smtp`; it is killed if the test does not see its end."""
    smtp = subprocess.Popen(
        [SMTP, *args],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(str(home)),
    )
    with smtp:
        try:
            yield smtp
        finally:
            smtp.kill()


def ended(smtp: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send the signal; the exit status and what it said.  Its input stays open meanwhile."""
    smtp.send_signal(number)
    code = smtp.wait(30)
    assert smtp.stderr is not None
    return code, smtp.stderr.read()


@pytest.mark.parametrize("as_list", [False, True], ids=["a message", "a list of names"])
@SIGNALS
def test_while_a_pipe_is_read(
    tmp_path: Path, number: signal.Signals, code: int, as_list: bool
) -> None:
    """Whoever writes it may never end: Python goes on with a read that a signal interrupts."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    options = ("--files-from",) if as_list else ()
    # Nobody listens on port 1: it is not come to.
    with running(tmp_path, "-s", "127.0.0.1:1", *ENVELOPE, *options, str(fifo)) as smtp:
        writer = os.open(fifo, os.O_WRONLY)  # returns when `smtp` has opened it
        os.write(writer, b"/nowhere/m\n")
        if as_list:
            # A block of names is read before the first is used, and the handlers are there then.
            os.write(writer, b"\n" * 65_536)
            assert smtp.stderr is not None
            assert "/nowhere/m" in smtp.stderr.readline()
        status, said = ended(smtp, number)
        os.close(writer)
    assert status == code
    assert f"stopped by signal {number.value}" in said


@SIGNALS
def test_fault_190_in_the_content(
    scripted: MakeScripted, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    at_content = Hold(threading.Event())
    server = scripted(Script("takes no content for a while", *UP_TO_DATA, at_content, Stall()))
    large = tmp_path / "large"
    large.write_bytes(b"x" * 78 + b"\n" + b"y\n" * 20_000_000)
    with running(tmp_path, "-s", server.address, *ENVELOPE, str(large), str(large)) as smtp:
        assert at_content.reached.wait(30)
        status, said = ended(smtp, number)
    at_content.release.set()
    assert status == code
    assert "recipients: 2 unsent" in said
    received = server.connections[0].received
    assert b"\r\n.\r\n" not in received
    assert b"QUIT" not in received


@SIGNALS
def test_fault_190_what_was_accepted_is_counted(
    scripted: MakeScripted, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """One message is through, one is in mid-content, and one was not begun."""
    at_content = Hold(threading.Event())
    again = (*UP_TO_DATA[3:], at_content, Stall())
    taken = (*UP_TO_DATA, ReadData(), Send("250 2.0.0 queued"))
    server = scripted(Script("takes one message, and no more for a while", *taken, *again))
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text("Subject: test\n\nhello\n", encoding="ascii")
    large.write_bytes(b"x" * 78 + b"\n" + b"y\n" * 20_000_000)
    paths = map(str, (small, large, small))
    with running(tmp_path, "-s", server.address, *ENVELOPE, *paths) as smtp:
        assert at_content.reached.wait(30)
        status, said = ended(smtp, number)
    at_content.release.set()
    assert status == code
    assert "recipients: 1 accepted, 2 unsent" in said
    (connection,) = server.connections
    assert len(connection.contents) == 1
    assert not connection.received.endswith(b"\r\n.\r\n")


@SIGNALS
def test_fault_190_with_the_end_of_data_out(
    scripted: MakeScripted, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """The reply is waited for, but not for long: it may have been delivered."""
    taken = Hold(threading.Event())
    taken.release.set()
    server = scripted(Script("takes it and is silent", *UP_TO_DATA, ReadData(), taken, ExpectEnd()))
    message = tmp_path / "message"
    message.write_text("Subject: test\n\nhello\n", encoding="ascii")
    with running(tmp_path, "-s", server.address, *ENVELOPE, str(message), str(message)) as smtp:
        assert taken.reached.wait(30)
        status, said = ended(smtp, number)
    assert status == code
    assert "recipients: 1 unsent, 1 unknown" in said
    assert len(server.connections[0].contents) == 1


def test_before_anything_was_said(start: Start, tmp_path: Path) -> None:
    """A connection is there, and its greeting is not."""
    silent = threading.Event()
    waiting = Hold(silent)
    server = start(ModelServer(replies={"GREETING": (waiting, "220 too late")}))
    with running(tmp_path, "-s", server.address, *ENVELOPE) as smtp:
        assert smtp.stdin is not None
        smtp.stdin.write("Subject: test\n\nhello\n")
        smtp.stdin.close()
        assert waiting.reached.wait(30)
        status, said = ended(smtp, signal.SIGTERM)
    silent.set()
    assert status == 143
    assert "recipients: 1 unsent" in said
    assert server.connections[0].received == b""


def test_what_is_ignored_stays_ignored(scripted: MakeScripted, tmp_path: Path) -> None:
    """As a shell has it for what it runs in the background."""
    at_mail = Hold(threading.Event())
    server = scripted(Script("takes a message, in its own time", *UP_TO_DATA, at_mail, *TAKEN))
    message = tmp_path / "message"
    message.write_text("Subject: test\n\nhello\n", encoding="ascii")
    with (
        ignored(signal.SIGINT),
        running(tmp_path, "-s", server.address, *ENVELOPE, str(message)) as smtp,
    ):
        assert at_mail.reached.wait(30)
        smtp.send_signal(signal.SIGINT)
        at_mail.release.set()
        assert smtp.wait(30) == 0
    assert len(server.connections[0].contents) == 1
