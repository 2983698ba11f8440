"""K: files, batches and signals; what is about messages that cannot be read is in group F."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment, run_smtp
from tests.scripted import Close, Hold, ModelServer, ReadOctets

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start
    from tests.scripted.model import Rule

LIMIT = 20
"""Seconds for what happens at once."""


def start_smtp(home: Path, *args: str | Path, stdin: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SMTP, "-v", *args],
        env=clean_environment(str(home)),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def message_file(home: Path, name: str, lines: int = 1) -> Path:
    path = home / name
    path.write_text("Subject: 1\n\n" + "hello\n" * lines, encoding="ascii")
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_fault_190_a_signal_in_mid_content_ends_it_without_the_dot(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    """What is settled is listed; the content is far more than the socket takes by itself."""
    hold = Hold(threading.Event())
    cut = ("354 go", ReadOctets(1000), hold, Close(crossing=True))
    server = start(ModelServer(offers=("PIPELINING",), replies={"DATA": [None, cut]}))
    small, large = message_file(tmp_path, "small"), message_file(tmp_path, "large", 5_000_000)
    args = ("-s", server.address, "-f", "a@x", "-r", "b@y", small, large, small)
    with start_smtp(tmp_path, *args) as smtp:
        assert hold.reached.wait(LIMIT)
        smtp.send_signal(number)
        stdout, stderr = smtp.communicate(timeout=LIMIT)
    hold.release.set()
    assert smtp.returncode == 128 + number
    assert [line.split(":")[0] for line in stdout.splitlines()[1:]] == ["sent", "unsent", "unsent"]
    assert f"stopped by signal {number.value}; recipients: 1 accepted, 2 unsent" in stderr
    assert len(server.messages) == 1


def test_fault_193_what_came_while_it_was_stopped_is_read_before_it_writes(
    start: Start, tmp_path: Path
) -> None:
    """Stopped while it waits for the next name; the server ends the connection meanwhile."""
    hold = Hold(threading.Event())
    bye = ("250 2.0.0 queued", hold, Close("421 4.4.2 idle for too long"))
    server = start(ModelServer(replies={"END": [bye]}))
    args = ("-s", server.address, "-f", "a@x", "-r", "b@y", "--files-from", "-")
    path = message_file(tmp_path, "m")
    with start_smtp(tmp_path, *args, stdin=subprocess.PIPE) as smtp:
        assert smtp.stdin is not None
        assert smtp.stdout is not None
        print(path, file=smtp.stdin, flush=True)
        while not smtp.stdout.readline().startswith("sent: "):
            assert smtp.poll() is None
        smtp.send_signal(signal.SIGSTOP)
        os.waitpid(smtp.pid, os.WUNTRACED)
        hold.release.set()
        while not server.live[0].fin_sent:
            assert not server.live[0].error
        print(path, file=smtp.stdin)
        smtp.stdin.close()
        smtp.send_signal(signal.SIGCONT)
        assert smtp.wait(LIMIT) == 0
    assert len(server.connections) == 2
    assert server.connections[0].octets_after_fin == 0


@pytest.mark.parametrize("args", [("-", "-"), ("--files-from", "-", "-")])
def test_fault_194_standard_input_can_be_read_once(args: tuple[str, ...]) -> None:
    done = run_smtp("-s", "127.0.0.1:1", "-f", "a@x", "-r", "b@y", *args)
    assert (done.code, done.stderr) == (64, "smtp: -: standard input can be read only once\n")


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({}, 0),
        ({"END": "554 5.7.1 no"}, 65),
        ({"RCPT": {"b@y": "550 5.1.1 no"}}, 67),
        ({"GREETING": "554 5.3.2 no"}, 69),
        ({"MAIL": "450 4.3.0 later"}, 75),
        ({"MAIL": "354 go on"}, 76),
        ({"END": [Close()]}, 79),
    ],
)
def test_fault_195_the_exit_status_says_what_became_of_it(
    start: Start, tmp_path: Path, replies: dict[str, Rule], code: int
) -> None:
    server = start(ModelServer(replies=replies))
    path = message_file(tmp_path, "m")
    done = run_smtp("-s", server.address, "-f", "a@x", "-r", "b@y", "-r", "c@y", path)
    assert done.code == code, done


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid: int) -> int:
    """Octets of memory that a process has."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("journal", [False, True])
def test_fault_196_neither_descriptors_nor_memory_grow_with_reconnects(
    start: Start, tmp_path: Path, *, journal: bool, soak: bool
) -> None:
    """Measured at the end of data of some messages; the server ends every second connection."""
    count = 10_000 if soak else 1_000
    seen: list[tuple[int, int]] = []
    pid: list[int] = []
    started = threading.Event()
    turn = iter(range(count * 2))

    def end(_argument: str) -> tuple[str, Close] | None:
        assert started.wait(LIMIT)
        number = next(turn)
        if number % (count // 10) == count // 10 - 1:
            seen.append((descriptors(pid[0]), resident(pid[0])))
        return ("250 2.0.0 queued", Close("421 4.3.2 bye")) if number % 2 else None

    server = start(ModelServer(replies={"END": end}))
    args: tuple[str | Path, ...] = ("--journal", tmp_path / "journal") if journal else ()
    path = message_file(tmp_path, "m")
    run = (*args, "-d", "--repeat", str(count), "-s", server.address, "-f", "a@x", "-r", "b@y")
    with start_smtp(tmp_path, *run, path) as smtp:
        pid.append(smtp.pid)
        started.set()
        smtp.communicate(timeout=600)
    assert smtp.returncode == 0
    assert len(server.connections) == count
    first, last = seen[1], seen[-1]
    assert last[0] <= first[0] + 1
    growth = 4 * 1024 * 1024 + (400 * count if journal else 0)
    assert last[1] - first[1] < growth
