"""What goes to which stream, and that nothing which happens there changes what is delivered."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import run_on_terminal
from tests.command import SMTP, clean_environment, run_smtp
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import Start

MESSAGE = b"From: a@x.example\nTo: b@y.example\nSubject: x\n\nhello\n"
LINE = ("a@x.example", "b@y.example")


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer())


def test_nothing_is_written_where_nothing_is_asked_for(server: ModelServer) -> None:
    done = run_smtp(server.address, *LINE, stdin=MESSAGE)
    assert (done.code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("option", ["-v", "-t"])
def test_closed_descriptors_are_no_reason_not_to_deliver(
    server: ModelServer, closed: tuple[int, ...], option: str, tmp_path: Path
) -> None:
    message = tmp_path / "msg"
    message.write_bytes(MESSAGE)
    done = subprocess.run(
        [SMTP, option, "-s", server.address, "-F", message],
        env=clean_environment(str(tmp_path)),
        preexec_fn=lambda: list(map(os.close, closed)),
        check=False,
    )
    assert done.returncode == 0
    assert server.messages[0].content == MESSAGE.replace(b"\n", b"\r\n")


@pytest.fixture
def gone() -> Iterator[int]:
    """A pipe whose reader has gone."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    yield write_end
    os.close(write_end)


@pytest.mark.parametrize("option", ["-v", "-t"])
@pytest.mark.parametrize("sigpipe", [signal.SIG_DFL, signal.SIG_IGN])
def test_fault_192_a_reader_that_has_gone_is_no_reason_not_to_deliver(
    server: ModelServer, gone: int, option: str, sigpipe: signal.Handlers, tmp_path: Path
) -> None:
    done = subprocess.run(
        [SMTP, option, server.address, *LINE],
        input=MESSAGE,
        stdout=gone,
        stderr=subprocess.PIPE,
        env=clean_environment(str(tmp_path)),
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, sigpipe),
        check=False,
    )
    assert done.returncode == 74
    assert done.stderr == b"smtp: standard output: Broken pipe; nothing more is written there\n"
    assert len(server.messages) == 1


@pytest.mark.parametrize("option", ["-h", "--usage", "--version"])
def test_whoever_reads_a_page_may_stop_reading(gone: int, option: str, tmp_path: Path) -> None:
    environment = clean_environment(str(tmp_path))
    done = subprocess.run(
        [SMTP, option], stdout=gone, stderr=subprocess.PIPE, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_nobody_has_to_read_standard_error(start: Start, gone: int, tmp_path: Path) -> None:
    server = start(ModelServer(replies={"RCPT": {"bad@y.example": "550 no"}}))
    done = subprocess.run(
        [SMTP, "-v", server.address, *LINE, "bad@y.example"],
        input=MESSAGE,
        stdout=gone,
        stderr=gone,
        env=clean_environment(str(tmp_path)),
        check=False,
    )
    assert done.returncode == 67
    assert len(server.messages) == 1


def test_a_signal_ends_a_run_whose_output_nobody_reads(tmp_path: Path) -> None:
    message = tmp_path / "msg"
    message.write_bytes(b"Subject: x\n\n" + b"a line\n" * 100_000)
    read_end, write_end = os.pipe()
    server = ModelServer()  # which does not get the whole message
    line = ("-t", "--trace-body", "-s", server.address, "-f", "", "-r", "b@y.example", message)
    smtp = subprocess.Popen(
        [SMTP, *line],
        stdout=write_end,
        stderr=subprocess.PIPE,
        env=clean_environment(str(tmp_path)),
    )
    try:
        os.close(write_end)
        _wait_until_full(read_end)
        smtp.terminate()
        _, stderr = smtp.communicate(timeout=20)
    finally:
        smtp.kill()
        smtp.wait()
        os.close(read_end)
        server.stop()
    assert smtp.returncode == 143
    assert b"smtp: standard output: nobody reads it; nothing more is written there\n" in stderr


def _wait_until_full(pipe: int) -> None:
    """Wait until no page of a pipe is free, whoever writes to it."""
    capacity = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
    while True:
        (waiting,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))
        if waiting > capacity - select.PIPE_BUF:
            return
        os.sched_yield()


def test_fault_204_any_locale_can_show_anything(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(replies={"END": "250 gr\u00fc\u00dfe \u202e\x1b[31m"}))
    name = os.fsdecode(b"\xff\xc3\xbc\x1b.eml")
    (tmp_path / name).write_bytes(MESSAGE)
    line = ("-tv", "-s", server.address, "-F", name)
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_smtp(*line, cwd=tmp_path, env={**env, "PYTHONIOENCODING": "ascii"})
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert r"250 gr\xfc\xdfe \u202e\x1b[31m" in done.stdout


def test_fault_203_a_file_name_cannot_do_anything_to_a_terminal(
    server: ModelServer, tmp_path: Path
) -> None:
    name = "\x1b]0;title\x07\nsmtp: all is well"
    done = run_smtp("-s", server.address, "-F", name, cwd=tmp_path)
    assert done.code == 66
    assert done.stderr.startswith(r"smtp: \x1b]0;title\x07\x0asmtp: all is well: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("option", "drawn"), [("--progress", True), ("--no-progress", False)])
def test_the_bar_is_drawn_on_a_terminal_only(server: ModelServer, option: str, drawn: bool) -> None:
    pytest.importorskip("rich", reason="the bar needs the optional package rich")
    line = (option, server.address, *LINE)
    on_terminal = run_on_terminal(*line, stdin=MESSAGE, stderr_too=True, env={"TERM": "xterm"})
    assert on_terminal.code == 0
    assert ("\x1b[" in on_terminal.screen) == drawn
    elsewhere = run_smtp(*line, stdin=MESSAGE)
    assert (elsewhere.code, elsewhere.stderr) == (0, "")


@pytest.mark.parametrize("option", ["-v", "-t"])
def test_lines_and_bar_share_a_terminal(server: ModelServer, option: str) -> None:
    pytest.importorskip("rich", reason="the bar needs the optional package rich")
    line = (option, server.address, *LINE)
    alone = run_on_terminal(*line, stdin=MESSAGE, stdout_too=True, stderr_too=True)
    shared = run_on_terminal(
        *("--progress", *line),
        stdin=MESSAGE,
        stdout_too=True,
        stderr_too=True,
        env={"TERM": "xterm"},
    )
    assert "\x1b[" in shared.screen
    # Whatever begins at the left edge, where lines end, are erased, or are gone back on.
    shown = re.split(r"\r\n|\r|\x1b\[[0-9?]*[A-Zhl]", shared.screen)
    assert [
        text for text in shown if text in alone.screen.splitlines()
    ] == alone.screen.splitlines()
