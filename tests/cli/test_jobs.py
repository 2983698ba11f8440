"""Several connections at a time, and messages that are sent several times: the installed command.

Servers that hold their replies back make sure of what is there at one time; nothing is timed.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment, run_smtp
from tests.scripted import Hold, ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import Start

ENVELOPE = ("-f", "a@x", "-r", "b@y", "-r", "c@y")
LIMIT = 20
"""Seconds for what happens at once."""


def message_files(home: Path, count: int) -> list[str]:
    """So many messages, by their names."""
    made = []
    for number in range(count):
        path = home / f"m{number}"
        path.write_text(f"Subject: {number}\n\nhello\n", encoding="ascii")
        made.append(str(path))
    return made


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 40)


class Meeting:
    """Holds a reply back until so many connections wait for theirs."""

    def __init__(self, size: int, reply: str = "250 ok") -> None:
        self._barrier = threading.Barrier(size)
        self._reply = reply

    def __call__(self, _argument: str) -> str:
        self._barrier.wait(LIMIT)
        return self._reply


def taken(server: ModelServer) -> list[int]:
    """The messages that a server took, by their subject."""
    return sorted(int(message.content.split()[1]) for message in server.messages)


def test_so_many_connections_are_there_at_a_time(start: Start, names: list[str]) -> None:
    """The first one's MAIL is answered when all four have said theirs."""
    server = start(ModelServer(replies={"MAIL": Meeting(4)}))
    done = run_smtp("-j4", "-s", server.address, *ENVELOPE, *names[:4])
    assert (done.code, done.stderr) == (0, "")
    assert len(server.connections) == 4
    assert taken(server) == [0, 1, 2, 3]


def test_never_more_than_that(start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    done = run_smtp("-j", "3", "-s", server.address, *ENVELOPE, *names)
    assert (done.code, done.stderr) == (0, "")
    assert len(server.connections) <= 3
    assert taken(server) == list(range(40))


def test_no_more_than_there_are_messages(start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    assert run_smtp("-j100", "-s", server.address, *ENVELOPE, *names[:2]).code == 0
    assert len(server.connections) <= 2


def test_one_that_is_held_up_holds_up_nobody(start: Start, names: list[str]) -> None:
    """The end of the first message is answered when all the others have been taken."""
    rest = threading.Semaphore(0)

    def end(_argument: str) -> str | None:
        if first.acquire(blocking=False):
            for _ in range(len(names) - 2):  # one more may ride behind it
                assert rest.acquire(timeout=LIMIT)
        else:
            rest.release()
        return None

    first = threading.Lock()
    server = start(ModelServer(replies={"END": end}))
    done = run_smtp("-j2", "-s", server.address, *ENVELOPE, *names)
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == list(range(40))


def test_reports_are_whole_and_one_for_each(start: Start, names: list[str], tmp_path: Path) -> None:
    server = start(ModelServer(replies={"RCPT": {"c@y": "550 5.1.1 no"}}))
    log = tmp_path / "log"
    done = run_smtp("-v", "-j5", "--json", log, "-s", server.address, *ENVELOPE, *names)
    assert done.code == 67
    lines = done.stdout.splitlines()
    connections = [line for line in lines if line.startswith("connected: ")]
    sent = [line for line in lines if line.startswith("sent: ")]
    assert len(connections) + len(sent) == len(lines)
    assert sorted(line.split()[1] for line in sent) == sorted(names)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    by_index = {r["index"]: r["name"] for r in records if r["record"] == "message"}
    assert by_index == dict(enumerate(names))
    outcomes = [(r["index"], r["recipient"]) for r in records if r["record"] == "recipient"]
    assert sorted(outcomes) == [(index, to) for index in range(40) for to in ("b@y", "c@y")]
    assert len(done.stderr.splitlines()) == len(names)


def test_a_trace_tells_which_connection_a_line_is_about(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"MAIL": Meeting(3)}))
    done = run_smtp("-t", "-j3", "-s", server.address, *ENVELOPE, *names[:3])
    lines = done.stdout.splitlines()
    assert all(re.match(r"#[123] (===| ->|<- |<\*\*) ", line) for line in lines)
    for number in (1, 2, 3):
        own = [line[3:] for line in lines if line.startswith(f"#{number} ")]
        assert own[0].startswith("=== Trying ")
        assert own[-1].endswith(" closed.")
        assert sum(" -> MAIL FROM:<a@x>" in line for line in own) == 1


def test_a_server_with_room_for_two(start: Start, names: list[str]) -> None:
    """It says so to the third while the two are there, and all messages go on those."""
    room = threading.Semaphore(2)
    refused = threading.Event()

    def greeting(_argument: str) -> str:
        if room.acquire(blocking=False):
            return "220 mail.example"
        refused.set()
        return "421 4.7.0 too many connections"

    def mail(_argument: str) -> str:
        assert refused.wait(LIMIT)
        return "250 ok"

    server = start(ModelServer(replies={"GREETING": greeting, "MAIL": mail}))
    done = run_smtp("-j3", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 0
    assert done.stderr == (
        f"smtp: {server.address}: warning: the server is closing the connection:"
        " 421 4.7.0 too many connections; going on with 2 of 3 connections\n"
    )
    assert taken(server) == list(range(40))


def test_a_login_that_is_refused_is_refused_once(start: Start, names: list[str]) -> None:
    server = start(ModelServer(offers=("PIPELINING", "AUTH PLAIN"), users={"me": "right"}))
    done = run_smtp("-j8", "-U", "me", "-P", "wrong", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 77
    assert len(server.connections) == 1


def test_d_is_a_connection_for_each_message(start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    done = run_smtp("-d", "-j4", "-s", server.address, *ENVELOPE, *names[:12])
    assert (done.code, done.stderr) == (0, "")
    assert len(server.connections) == 12
    assert all(c.commands[-1] == "QUIT" for c in server.connections)


def test_stop_settles_what_is_under_way(start: Start, names: list[str]) -> None:
    """One of two is refused; the other is answered when the client has seen that: it said QUIT."""
    seen = threading.Event()
    met = Meeting(2)

    def mail(argument: str) -> str:
        met(argument)
        if first.acquire(blocking=False):
            return "550 no"
        assert seen.wait(LIMIT)
        return "250 ok"

    first = threading.Lock()
    server = start(ModelServer(replies={"MAIL": mail, "QUIT": lambda _argument: seen.set()}))
    done = run_smtp("-v", "--stop", "-j2", "-s", server.address, *ENVELOPE, *names)
    assert done.code == 65
    words = sorted(line.split()[0] for line in done.stdout.splitlines())
    assert words == ["connected:"] * 2 + ["refused:", "sent:"] + ["unsent:"] * 38


def test_a_name_that_comes_late_goes_to_whoever_is_free(
    start: Start, names: list[str], tmp_path: Path
) -> None:
    """One connection is held up; what is listed meanwhile goes on another."""
    held = Hold(threading.Event())
    server = start(ModelServer(replies={"MAIL": [(held, "250 ok")]}))
    with running(
        tmp_path, "-v", "-j2", "-s", server.address, *ENVELOPE, "--files-from", "-"
    ) as smtp:
        assert smtp.stdin is not None
        assert smtp.stdout is not None
        print(names[0], file=smtp.stdin, flush=True)
        assert held.reached.wait(LIMIT)
        print(names[1], file=smtp.stdin, flush=True)
        lines = [smtp.stdout.readline() for _ in range(3)]
        assert sorted(line.split()[0] for line in lines) == ["connected:", "connected:", "sent:"]
        held.release.set()
        print(names[2], file=smtp.stdin, flush=True)
        smtp.stdin.close()
        assert smtp.wait(LIMIT) == 0
    assert taken(server) == [0, 1, 2]


def test_the_soft_limit_of_descriptors_is_raised(start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    done = run_smtp_limited((48, 4096), "-j20", "-s", server.address, *ENVELOPE, *names)
    assert done == (0, "")


def test_where_the_hard_limit_forbids_it_that_is_said(names: list[str]) -> None:
    code, said = run_smtp_limited((48, 48), "-j20", "-s", "127.0.0.1:1", *ENVELOPE, *names)
    assert code == 64
    assert said == (
        "smtp: -j: 20 connections need 92 descriptors, and no process may have more than 48 here:"
        " ulimit -Hn sets that\n"
    )


@pytest.mark.parametrize("option", ["-j0", "-jx", "--jobs=-1", "--repeat=0", "--repeat=1.5"])
def test_what_is_not_a_number(option: str) -> None:
    done = run_smtp(option, "127.0.0.1:1", "a@x", "b@y")
    assert done.code == 64
    assert "is not a number: give 1 or more" in done.stderr


# -- --repeat --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("-j3",), ("--no-chunking",), ("--no-wait",), ("-d",)])
def test_each_message_goes_as_often_as_wanted(
    start: Start, names: list[str], options: tuple[str, ...], tmp_path: Path
) -> None:
    server = start(ModelServer())
    log = tmp_path / "log"
    done = run_smtp(
        *options, "--repeat", "5", "--json", log, "-s", server.address, *ENVELOPE, *names[:2]
    )
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == [0] * 5 + [1] * 5
    records = map(json.loads, log.read_text().splitlines())
    indices = [r["index"] for r in records if r["record"] == "message"]
    assert sorted(indices) == list(range(10))


@pytest.mark.parametrize("options", [(), ("--no-size", "--no-chunking")])
@pytest.mark.parametrize("lines", [1, 200_000])
def test_a_pipe_is_repeated(start: Start, options: tuple[str, ...], lines: int) -> None:
    server = start(ModelServer())
    content = b"Subject: 7\n\n" + b"hello\n" * lines
    done = run_smtp(*options, "--repeat=3", server.address, "a@x", "b@y", stdin=content)
    assert (done.code, done.stderr) == (0, "")
    assert [message.content for message in server.messages] == [content.replace(b"\n", b"\r\n")] * 3


# -- running it ------------------------------------------------------------------------------------


@contextmanager
def running(home: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Start it, with its input open; it is killed if the test does not see its end.

    What it says on standard error is in the file `stderr` of `home`.
    """
    with (home / "stderr").open("w", encoding="utf-8") as stderr:
        smtp = subprocess.Popen(
            [SMTP, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=clean_environment(str(home)),
        )
    with smtp:
        try:
            yield smtp
        finally:
            smtp.kill()


def run_smtp_limited(limits: tuple[int, int], *args: str) -> tuple[int, str]:
    """Run it with so many descriptors; its code and what it said."""
    done = subprocess.run(
        [SMTP, *args],
        capture_output=True,
        text=True,
        env=clean_environment(os.devnull),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr
