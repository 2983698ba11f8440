"""smtp-catch as a process: what it says, what it stores, and how it ends."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sysconfig
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[..., "Process"]

COMMAND = os.path.join(sysconfig.get_path("scripts"), "smtp-catch")
PATIENCE = 60
"""Seconds after which a process or a socket that says nothing is a failure."""


class Process:
    """A running smtp-catch that has said where it listens."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "--port", "0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.stdout = self.process.stdout
        self.first_line = self.stdout.readline().decode()
        self.port = int(self.first_line.rpartition(":")[2])

    def submit(self, content: bytes, *, host: str = "127.0.0.1") -> None:
        with smtplib.SMTP(host, self.port, timeout=PATIENCE) as client:
            client.sendmail("a@x.example", ["b@y.example"], content)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, bytes, bytes]:
        """Send a signal, and return the exit code and what else was said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def catch() -> Iterator[Start]:
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate(timeout=PATIENCE)


def test_it_says_where_it_listens_which_is_a_loopback_address(catch: Start) -> None:
    process = catch()
    assert process.first_line == f"listening on 127.0.0.1:{process.port}\n"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_another_address_can_be_asked_for(catch: Start) -> None:
    process = catch("--host", "::1")
    assert process.first_line == f"listening on [::1]:{process.port}\n"
    process.submit(b"Subject: six\r\n\r\n", host="::1")
    assert b"octets six" in process.end()[1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_the_code_that_a_shell_shows(
    catch: Start, number: signal.Signals, code: int
) -> None:
    assert catch().end(number) == (code, b"", b"")


def test_a_signal_ends_it_while_a_client_is_connected(catch: Start) -> None:
    process = catch()
    with socket.create_connection(("127.0.0.1", process.port), timeout=PATIENCE) as client:
        assert client.recv(1024).startswith(b"220 ")
        assert process.end() == (143, b"", b"")


def test_each_message_is_one_line_and_one_file(catch: Start, tmp_path: Path) -> None:
    process = catch("--maildir", str(tmp_path / "maildir"))
    contents = [
        b"Subject: first\r\n\r\n.dot\r\n..\r\n",
        b"Subject: \x1b[31mred\r\n\r\n\xff\x00 long " + b"x" * 5000 + b"\r\n",
    ]
    for content in contents:
        process.submit(content)
    code, out, err = process.end()
    assert (code, err) == (143, b"")
    assert out.decode().splitlines() == [
        f"caught: from <a@x.example> to <b@y.example> {len(contents[0])} octets first",
        rf"caught: from <a@x.example> to <b@y.example> {len(contents[1])} octets \x1b[31mred",
    ]
    stored = sorted((tmp_path / "maildir" / "new").iterdir())
    assert [path.read_bytes() for path in stored] == contents


def test_a_client_that_vanishes_in_the_middle_is_not_worth_a_word(catch: Start) -> None:
    process = catch()
    for said in (b"", b"EHLO x\r\n", b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nS:"):
        with socket.create_connection(("127.0.0.1", process.port), timeout=PATIENCE) as client:
            client.sendall(said)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    process.submit(b"Subject: after\r\n\r\n")
    code, out, err = process.end()
    assert (code, err) == (143, b"")
    assert out == b"caught: from <a@x.example> to <b@y.example> 18 octets after\n"


def test_a_standard_output_that_nobody_reads_does_not_stop_it(catch: Start, tmp_path: Path) -> None:
    process = catch("--maildir", str(tmp_path))
    process.stdout.close()
    for _ in range(2):
        process.submit(b"Subject: unread\r\n\r\n")
    process.process.stdout = None
    code, _, err = process.end()
    assert (code, err) == (143, b"")
    assert len(list((tmp_path / "new").iterdir())) == 2


def test_a_message_that_cannot_be_stored_is_refused_and_told(catch: Start, tmp_path: Path) -> None:
    process = catch("--maildir", str(tmp_path / "m"))
    (tmp_path / "m" / "tmp").rmdir()
    with pytest.raises(smtplib.SMTPDataError, match="452"):
        process.submit(b"\r\n")
    code, out, err = process.end()
    assert (code, out) == (143, b"")
    assert err.decode() == f"smtp-catch: {tmp_path}/m: No such file or directory\n"


def test_a_port_in_use_is_one_line_that_says_what_to_do(catch: Start) -> None:
    port = catch().port
    ended = subprocess.run(
        [COMMAND, "--port", str(port)], capture_output=True, check=False, timeout=PATIENCE
    )
    assert (ended.returncode, ended.stdout) == (69, b"")
    assert ended.stderr.decode() == (
        f"smtp-catch: 127.0.0.1:{port}: the port is in use;"
        " name another with --port, or --port 0 for a free one\n"
    )


def test_closed_standard_descriptors_harm_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" --maildir /dev/null/m <&- >&- 2>&-', COMMAND],
        check=False,
        timeout=PATIENCE,
        cwd=tmp_path,
    )
    assert ended.returncode == 73
