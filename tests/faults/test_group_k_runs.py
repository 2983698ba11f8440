"""Group K of the faults: runs of many messages, what cannot be read, and what stops a run."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import termios
import threading
import tty
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment, run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.faults.transactions import DATA, delivery, transaction
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    HalfClose,
    Hold,
    ModelServer,
    ReadData,
    Script,
    Send,
    Stall,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.command import Completed
    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start


ORDINARY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""What runs a command as if root were a user like any other."""


def submit_paths(
    server: str, *paths: Path, options: tuple[str, ...] = (), wrapper: tuple[str, ...] = ()
) -> Completed:
    envelope = ("-f", "s@x", "-r", "r@x")
    needed = wrapper if os.geteuid() == 0 else ()
    return run_smtp("-v", *options, "-s", server, *envelope, *paths, wrapper=needed)


@contextmanager
def running(home: Path, *args: str | Path, stdin: int = subprocess.DEVNULL) -> Iterator[int]:
    """Start `smtp`, for its id; it is killed if the test does not see its end."""
    smtp = subprocess.Popen([SMTP, *args], stdin=stdin, env=clean_environment(str(home)))
    with smtp:
        try:
            yield smtp.pid
            assert smtp.wait(30) == 0
        finally:
            smtp.kill()


# -- what cannot be opened or read -----------------------------------------------------------------


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
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(theirs, rest) :]
        os.close(theirs)

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


# -- standard input --------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("-", "-"), ("-", "1.eml", "-")], ids=" ".join)
def test_fault_194_standard_input_is_read_once(
    start: Start, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """What would the second one be?  It is a mistake, and told before anything is sent."""
    server = start(ModelServer())
    (tmp_path / "1.eml").write_bytes(content(1))
    envelope = ("-f", "s@x", "-r", "r@x")
    done = run_smtp("-s", server.address, *envelope, *names, stdin=MESSAGE, cwd=tmp_path)
    assert "standard input" in failure(done, 64)
    assert server.connections == []


@pytest.mark.parametrize("name", ["", "-"])
def test_fault_194_a_message_may_be_typed(start: Start, tmp_path: Path, name: str) -> None:
    """A terminal is read up to the end that is typed, as cat(1) does."""
    server = start(ModelServer())
    ours, theirs = pty.openpty()
    envelope = ("-f", "s@x", "-r", "r@x")
    try:
        with running(
            tmp_path, "-s", server.address, *envelope, *filter(None, [name]), stdin=theirs
        ):
            os.write(ours, b"Subject: typed\n\nhello\n\x04")
    finally:
        os.close(ours)
        os.close(theirs)
    assert [message.content for message in server.messages] == [
        b"Subject: typed\r\n\r\nhello\r\n",
    ]


# -- stopped for a while ---------------------------------------------------------------------------


def stop_where_it_waits(pid: int) -> None:
    """Stop a process, once it waits for something to happen (proc(5))."""
    while Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] != "S":
        os.sched_yield()
    os.kill(pid, SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)


@pytest.mark.parametrize(
    "waiting", ["250 ok\n421 4.4.2 idle for an hour", "421 4.4.2 idle for an hour", "250 ok"]
)
def test_fault_193_what_came_while_it_was_stopped_is_read_before_anything_is_written(
    scripted: MakeScripted, tmp_path: Path, waiting: str
) -> None:
    """Not an octet follows the FIN, and the message that was begun goes on a new connection."""
    stopped, left = Hold(threading.Event()), Hold(threading.Event())
    left.release.set()
    server = scripted(
        Script(
            "takes one message, and leaves while the client is stopped",
            *(*opening(*LOCKSTEP), *transaction(Send("250 2.0.0 queued"))),
            *(Expect("MAIL"), stopped, Send(waiting), HalfClose(), left, ExpectEnd()),
        ),
        delivery(),
    )
    paths = [tmp_path / f"{number}.eml" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(content(number))
    with running(tmp_path, "-s", server.address, "-f", "s@x", "-r", "r@x", *paths) as pid:
        assert stopped.reached.wait(30)
        stop_where_it_waits(pid)
        stopped.release.set()
        assert left.reached.wait(30)
        os.kill(pid, SIGCONT)
    assert [c.contents for c in server.connections] == [[content(1)], [content(2)]]


def test_fault_193_a_reply_that_came_in_time_counts_though_it_is_read_late(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    """The time that it was stopped is not the server's."""
    stopped = Hold(threading.Event())
    server = scripted(
        Script(
            "answers while the client is stopped",
            *(*DATA, Send("354 go"), ReadData(), stopped),
            *(Send("250 2.0.0 queued"), *farewell()),
        )
    )
    message = tmp_path / "1.eml"
    message.write_bytes(MESSAGE)
    line = ("--timeout", "1", "-s", server.address, "-f", "s@x", "-r", "r@x", message)
    with running(tmp_path, *line) as pid:
        assert stopped.reached.wait(30)
        stop_where_it_waits(pid)
        stopped.release.set()
        assert not threading.Event().wait(1.5)  # longer than its patience
        os.kill(pid, SIGCONT)
    assert server.connections[0].contents == [MESSAGE]


# -- the exit status -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (["250 ok", "250 ok", "250 ok"], 0),
        (["554 5.7.1 spam", "250 ok", "250 ok"], 65),
        (["451 4.3.0 later", "250 ok", "250 ok"], 75),
        (["554 5.7.1 spam", "451 4.3.0 later", "250 ok"], 75),
        ([Close(), "554 5.7.1 spam", "250 ok"], 79),
        (["554 5.7.1 spam", Close(), "250 ok"], 79),
        ([Close(), "451 4.3.0 later", "250 ok"], 75),
    ],
    ids=repr,
)
def test_fault_195_the_status_is_that_of_the_whole_run_and_not_of_its_last_message(
    start: Start, tmp_path: Path, ends: list[str | Close], code: int
) -> None:
    server = start(ModelServer(offers=LOCKSTEP, replies={"END": list(ends)}))
    done = submit_batch(server.address, tmp_path, count=3)
    assert done.code == code, done
    assert len(server.messages) == ends.count("250 ok")


@pytest.mark.parametrize(
    ("replies", "code", "delivered"),
    [
        ({"RCPT": {"a@x": "550 5.1.1 no"}}, 67, 1),
        ({"RCPT": {"a@x": "450 4.2.1 later"}}, 75, 1),
        ({"RCPT": {"a@x": "550 5.1.1 no", "b@x": "450 4.2.1 later"}}, 75, 1),
        ({"RCPT": "550 5.1.1 no"}, 67, 0),
        ({"RCPT": {"a@x": "550 5.1.1 no"}, "END": "554 5.7.1 spam"}, 65, 0),
        ({"MAIL": "550 5.7.1 not you"}, 65, 0),
    ],
    ids=repr,
)
def test_fault_195_some_recipients_refused_is_no_success_and_not_the_messages_refusal(
    start: Start, replies: dict[str, str | dict[str, str]], code: int, delivered: int
) -> None:
    server = start(ModelServer(offers=PIPELINING, replies=dict(replies)))
    done = submit(server.address, to=("a@x", "b@x", "c@x"))
    assert done.code == code, done
    assert len(server.messages) == delivered


def test_fault_195_192_a_failure_is_not_hidden_by_what_happens_behind_it(start: Start) -> None:
    """A trace that nobody can store, and a refused message: the message counts."""
    server = start(ModelServer(replies={"END": "554 5.7.1 spam"}))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SMTP, "-t", server.address, "s@x", "r@x"],
            input=MESSAGE,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert done.returncode == 65, done
    assert b"554 5.7.1 spam" in done.stderr


def test_fault_192_a_full_disk_for_trace_and_records_stops_no_delivery(
    start: Start, tmp_path: Path
) -> None:
    server = start(ModelServer())
    paths = [tmp_path / f"{number}.eml" for number in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(content(number))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SMTP, "-tv", "-s", server.address, "-f", "s@x", "-r", "r@x", *paths],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert done.returncode == 74, done
    assert done.stderr.count(b"\n") == 1
    assert len(server.messages) == 3
    records = submit_paths(server.address, *paths, options=("--json", "/dev/full"))
    assert "/dev/full" in failure(records, 73)
    assert len(server.messages) == 6
    assert succeeded(submit_paths(server.address, *paths))
