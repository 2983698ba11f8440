"""Every way in which one of several processes can end, and what becomes of what it had."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import LIMIT, message_files, running, taken
from tests.cli.test_processes import ENVELOPE, children
from tests.command import SMTP, clean_environment, run_smtp
from tests.scripted import Close, Hold, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

BUSY = ("421 4.7.0 too many connections", Close())


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 30)


def words_of(stdout: str) -> Counter[str]:
    """How often each outcome is told, without connections."""
    words = Counter(line.split()[0] for line in stdout.splitlines())
    del words["connected:"]
    return words


def said(home: Path) -> str:
    """What a command that `running` started said on standard error."""
    return (home / "stderr").read_text(encoding="utf-8")


def went(told: Counter[str], server: ModelServer, *, sent: int) -> None:
    """See that so many were sent and all others told of, and that the server has what was sent."""
    assert told["sent:"] == sent
    assert told.total() == 30, "each is told of once"
    delivered = Counter(taken(server))
    assert len(delivered) == sent
    assert set(delivered.values()) <= {1}, "nothing is sent twice"


# -- it can have no session ------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--no-chunking",), ("--no-wait",), ("--repeat=1",)])
def test_a_server_with_room_for_one(
    start: Start, names: list[str], options: tuple[str, ...]
) -> None:
    """What the other process gives back goes to the one that has the session."""
    server = start(ModelServer(replies={"GREETING": [None, BUSY]}))
    line = ("-v", "--processes=2", *options, "-s", server.address, *ENVELOPE)
    done = run_smtp(*line, *names)
    assert done.code == 0
    assert done.stderr == (
        f"smtp: {server.address}: warning: the server is closing the connection:"
        " 421 4.7.0 too many connections; going on without 1 of 2 connections\n"
    )
    went(words_of(done.stdout), server, sent=30)
    assert len(server.connections) == 2


def test_room_for_one_that_is_said_late(start: Start, names: list[str]) -> None:
    """The one that has the session waits for what the other may give back."""
    rest = threading.Semaphore(0)
    second = threading.Event()

    def greeting(_argument: str) -> tuple[str, Close] | None:
        if not second.is_set():
            second.set()
            return None
        assert rest.acquire(timeout=LIMIT)
        return BUSY

    def end(_argument: str) -> None:
        if len(server.messages) == 14:  # all that were not given to the other
            rest.release()

    server = start(ModelServer(replies={"GREETING": greeting, "END": end}))
    done = run_smtp("-v", "--processes=2", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 0
    went(words_of(done.stdout), server, sent=30)
    assert len(server.connections) == 2


def test_a_session_that_is_sent_away(start: Start, names: list[str]) -> None:
    """It had sent something, and gets no other: the rest goes on the one that is there."""
    away = threading.Lock()
    greeted = threading.Semaphore(2)
    both = threading.Event()

    def greeting(_argument: str) -> tuple[str, Close] | None:
        if not greeted.acquire(blocking=False):
            return BUSY
        if len(server.live) == 2:
            both.set()
        return None

    def mail(_argument: str) -> tuple[str, Close] | None:
        away_now = both.is_set() and server.messages and away.acquire(blocking=False)
        return BUSY if away_now else None

    server = start(ModelServer(replies={"GREETING": greeting, "MAIL": mail}))
    done = run_smtp("-v", "--processes=2", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 0
    went(words_of(done.stdout), server, sent=30)


def test_none_is_left_that_has_a_session(start: Start, names: list[str]) -> None:
    """The cause is told as one process would tell it, once."""
    closing = threading.Event()

    def mail(_argument: str) -> tuple[str, Close] | None:
        if len(server.messages) >= 10:
            closing.set()
        return BUSY if closing.is_set() else None

    def greeting(_argument: str) -> tuple[str, Close] | None:
        return BUSY if closing.is_set() else None

    server = start(ModelServer(replies={"GREETING": greeting, "MAIL": mail}))
    done = run_smtp("-v", "--processes=2", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 75
    told = words_of(done.stdout)
    went(told, server, sent=len(server.messages))
    assert told["deferred:"] >= 1
    assert set(told) <= {"sent:", "deferred:", "unsent:"}
    lines = done.stderr.splitlines()
    assert all("421 4.7.0 too many connections" in line for line in lines)
    assert sum("warning" not in line for line in lines) == 1
    assert "first failure" not in done.stdout + done.stderr


def test_sessions_that_are_slow_to_come(start: Start, names: list[str]) -> None:
    """Messages that are kept for them go on those that are there, in each process."""
    all_taken = threading.Event()

    def greeting(_argument: str) -> None:
        with lock:
            slow = next(turns) in {1, 3}
        if slow:
            assert all_taken.wait(LIMIT)

    turns = count()
    lock = threading.Lock()

    def end(_argument: str) -> None:
        if len(server.messages) == 29:
            all_taken.set()

    server = start(ModelServer(replies={"GREETING": greeting, "END": end}))
    done = run_smtp("-v", "--processes=2", "-j4", "-s", server.address, *ENVELOPE, *names)
    assert (done.code, done.stderr) == (0, "")
    went(words_of(done.stdout), server, sent=30)


def test_what_can_be_read_once_goes_to_nobody_else(start: Start, names: list[str]) -> None:
    """The process that read standard input can have no session: the cause is told, and no more."""
    held = Hold(threading.Event())
    refused = threading.Event()

    def greeting(_argument: str) -> tuple[Hold, str, Close] | None:
        return (held, *BUSY) if server.messages or refused.is_set() else None

    def mail(_argument: str) -> None:
        if not refused.is_set():
            refused.set()
            assert held.reached.wait(LIMIT)
            held.release.set()

    server = start(ModelServer(replies={"GREETING": greeting, "MAIL": mail}))
    line = ("-v", "--processes=2", "-s", server.address, *ENVELOPE)
    done = run_smtp(*line, names[0], "-", *names[1:], stdin=b"Subject: 99\n\nhello\n")
    told = words_of(done.stdout)
    assert told.total() == 31
    assert sorted(taken(server)) in (list(range(30)), [*range(30), 99])
    if 99 not in taken(server):
        assert done.code == 75
        assert told == {"sent:": 30, "deferred:": 1}
        *_, told_of = done.stderr.splitlines()
        assert told_of.startswith("smtp: -: deferred: the server is closing the connection: 421 ")


# -- it is killed ----------------------------------------------------------------------------------


def with_one_ended(
    home: Path,
    server: ModelServer,
    names: list[str],
    number: signal.Signals,
    *held: Hold,
    options: tuple[str, ...] = (),
    last: bool = False,
) -> tuple[int, Counter[str]]:
    """Send a signal to the first of two processes, or the last, when the server holds replies back.

    Returns:
        The code, and how often each outcome was told.
    """
    line = ("-v", "--processes=2", *options, "-s", server.address, *ENVELOPE)
    with running(home, *line, *names) as smtp:
        for hold in held:
            assert hold.reached.wait(LIMIT)
        os.kill(sorted(children(smtp.pid))[-last], number)
        for hold in held[:-1]:
            hold.release.set()
        assert smtp.stdout is not None
        told = words_of(smtp.stdout.read())
        code = smtp.wait(LIMIT)
    held[-1].release.set()
    return code, told


@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGKILL, "killed"), (signal.SIGTERM, "stopped")]
)
def test_one_that_has_begun_nothing(
    start: Start, names: list[str], tmp_path: Path, number: signal.Signals, how: str
) -> None:
    held = Hold(threading.Event())
    server = start(ModelServer(replies={"GREETING": [None, (held, "220 late")]}))
    code, told = with_one_ended(tmp_path, server, names, number, held, last=True)
    assert code == 0
    went(told, server, sent=30)
    assert said(tmp_path) == (
        f"smtp: smtp: warning: a process was {how} by {number.name};"
        " going on without 1 of 2 connections\n"
    )


@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGKILL, "killed"), (signal.SIGTERM, "stopped")]
)
def test_one_whose_message_has_no_content_yet(
    start: Start, names: list[str], tmp_path: Path, number: signal.Signals, how: str
) -> None:
    """It had sent something, so another takes its place, and its message is sent."""
    release = threading.Event()
    held = [Hold(release), Hold(release)]
    late = [(hold, "250 late") for hold in held]
    server = start(ModelServer(replies={"MAIL": [None, None, *late]}))
    code, told = with_one_ended(tmp_path, server, names, number, *held, options=("-d",))
    assert code == 0
    went(told, server, sent=30)
    assert said(tmp_path) == (
        f"smtp: smtp: warning: a process was {how} by {number.name}; another takes its place\n"
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_whose_content_is_out(
    start: Start, names: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    held = Hold(threading.Event())
    server = start(ModelServer(replies={"END": [(held, "250 late")]}))
    code, told = with_one_ended(tmp_path, server, names, number, held)
    assert code == 79
    assert told == {"unknown:": 1, "sent:": 29}
    server.settle()
    assert max(Counter(taken(server)).values()) == 1, "nothing is sent twice"
    assert sum("warning" not in line for line in said(tmp_path).splitlines()) == 1


def test_all_of_them_before_there_was_a_session(
    start: Start, names: list[str], tmp_path: Path
) -> None:
    held = [Hold(threading.Event()) for _ in range(2)]
    server = start(ModelServer(replies={"GREETING": [(hold, "220 late") for hold in held]}))
    line = ("-v", "--processes=2", "-s", server.address, *ENVELOPE)
    with running(tmp_path, *line, *names) as smtp:
        for hold in held:
            assert hold.reached.wait(LIMIT)
            (worker,) = children(smtp.pid)
            os.kill(worker, signal.SIGKILL)
        assert smtp.stdout is not None
        told = words_of(smtp.stdout.read())
        assert smtp.wait(LIMIT) != 0
    assert told == {"unsent:": 30}
    assert said(tmp_path) == (
        "smtp: smtp: warning: a process was killed by SIGKILL;"
        " going on without 1 of 2 connections\n"
        "smtp: smtp: the last process was killed by SIGKILL\n"
    )
    for hold in held:
        hold.release.set()


def test_who_started_them_is_killed(start: Start, names: list[str], tmp_path: Path) -> None:
    """Nobody would tell what becomes of the messages: none is begun any more."""
    held = [Hold(threading.Event()) for _ in range(2)]
    server = start(ModelServer(replies={"END": [(hold, "250 ok") for hold in held]}))
    line = ("-v", "--processes=2", "-s", server.address, *ENVELOPE)
    with running(tmp_path, *line, *names) as smtp:
        for hold in held:
            assert hold.reached.wait(LIMIT)
        ends = [os.pidfd_open(pid) for pid in children(smtp.pid)]
        smtp.kill()
        smtp.wait(LIMIT)
        for hold in held:
            hold.release.set()
        for end in ends:
            assert select.select([end], [], [], LIMIT)[0], "it ends by itself"
            os.close(end)
    assert len(taken(server)) == 2, "what was under way, and no more"


# -- it is told to end -----------------------------------------------------------------------------


def test_stop_reaches_who_was_told_that_there_is_no_more(start: Start, names: list[str]) -> None:
    """One is refused while the other has a message under way: it begins none of those it has."""
    refused = threading.Event()
    connected = threading.Event()

    def mail(_argument: str) -> str | None:
        if first.acquire(blocking=False):
            assert connected.wait(LIMIT)
            return "550 no"
        return None

    def end(_argument: str) -> None:
        assert refused.wait(LIMIT)

    first = threading.Lock()
    rules = {"MAIL": mail, "END": end}
    server = start(ModelServer(replies=rules))
    with subprocess.Popen(
        [SMTP, "-v", "--stop", "--processes=2", "-s", server.address, *ENVELOPE, *names],
        stdout=subprocess.PIPE,
        env=clean_environment(os.devnull),
        text=True,
    ) as smtp:
        assert smtp.stdout is not None
        lines = [smtp.stdout.readline() for _ in range(2)]
        assert all(line.startswith("connected:") for line in lines)
        ends = os.pidfd_open(min(children(smtp.pid)))
        connected.set()
        assert select.select([ends], [], [], LIMIT)[0]
        os.close(ends)
        lines.append(smtp.stdout.readline())
        refused.set()
        lines += smtp.stdout
        assert smtp.wait(LIMIT) == 65
    told = words_of("".join(lines))
    assert told["refused:"] == 1
    assert 1 <= told["sent:"] <= 2, "one more may have been begun before it heard"
    assert told.total() == 30


def test_standard_output_is_closed(start: Start, names: list[str]) -> None:
    """That changes nothing of what is delivered."""
    server = start(ModelServer())
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [SMTP, "-v", "--processes=2", "-s", server.address, *ENVELOPE, *names],
        stdout=write,
        stderr=subprocess.PIPE,
        env=clean_environment(os.devnull),
        text=True,
        timeout=LIMIT,
        check=False,
    )
    os.close(write)
    assert len(done.stderr.splitlines()) == 1
    assert "Broken pipe" in done.stderr
    assert taken(server) == list(range(30))
