"""Commands that print a secret."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.secretcommand import CommandFailed, printed_by
from smtpwire.errors import Interrupted
from smtpwire.run.stop import StopRequest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("command", "secret"),
    [
        ("echo 'a b'", "a b"),
        ("printf a", "a"),
        ("printf 'a\\r\\nb\\n'", "a"),
        ("printf '\\n'", ""),
        ("printf '\\377'", "\udcff"),
        ("cat; echo and no input", "and no input"),
        ("echo a | tr a b", "b"),
    ],
)
def test_the_secret_is_the_first_line(command: str, secret: str) -> None:
    assert printed_by(command, StopRequest()) == secret


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("echo geheim; exit 3", "ended with status 3"),
        ("echo geheim; kill -9 $$", "was ended by signal 9"),
        (":", "printed nothing"),
        ("yes geheim", "printed more than 65536 octets"),
        ("echo geheim \0", "cannot be run: it cannot be a command"),
    ],
)
def test_a_command_that_fails_says_how_and_not_what(command: str, why: str) -> None:
    with pytest.raises(CommandFailed, match=why) as caught:
        printed_by(command, StopRequest())
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/bin/sh")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(CommandFailed, match="cannot be run: No such file"):
        printed_by("echo", StopRequest())


@pytest.mark.parametrize("ignored", ["", "trap '' TERM; "])
def test_a_signal_ends_the_command_too(tmp_path: Path, ignored: str) -> None:
    said = tmp_path / "pid"
    command = f"{ignored}echo $$ >{said}; kill -TERM {os.getpid()}; exec sleep 600"
    stop = StopRequest()
    stop.install()
    try:
        with pytest.raises(Interrupted):
            printed_by(command, stop)
    finally:
        stop.uninstall()
    assert stop.signal == signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)


def test_a_command_that_may_not_be_ended_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[subprocess.Popen[bytes]] = []

    def refuse(process: subprocess.Popen[bytes], number: int) -> None:
        left.append(process)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(subprocess.Popen, "send_signal", refuse)
    stop = StopRequest()
    stop.install()
    try:
        with pytest.raises(Interrupted):
            printed_by(f"kill -TERM {os.getpid()}; exec sleep 600", stop)
    finally:
        stop.uninstall()
        monkeypatch.undo()
        for process in left:
            process.kill()
            process.wait()
    assert len(left) == 1
