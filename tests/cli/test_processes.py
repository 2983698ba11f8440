"""Several processes that submit together: the installed command, and what it says of them."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import LIMIT, Meeting, message_files, running, taken
from tests.command import run_smtp
from tests.scripted import Hold, ModelServer

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start

ENVELOPE = ("-f", "a@x", "-r", "b@y")


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 30)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_is_reported_is_what_one_process_would_report(
    start: Start, names: list[str], tmp_path: Path
) -> None:
    server = start(ModelServer(replies={"MAIL": [None, None, "550 5.1.0 no"]}))
    log, listed = tmp_path / "log", tmp_path / "list"
    listed.write_text("\n".join([*names[1:], "/nowhere/m"]), encoding="utf-8")
    options = ("-v", "--processes", "3", "-j6", "--json", log, "--files-from", listed)
    done = run_smtp(*options, "-s", server.address, *ENVELOPE, names[0])
    assert done.code == 65
    words = Counter(line.split()[0] for line in done.stdout.splitlines())
    assert 1 <= words.pop("connected:") <= 6
    assert words == {"sent:": 29, "refused:": 1, "unsent:": 1}
    assert len(done.stderr.splitlines()) == 2
    records = [json.loads(line) for line in log.read_text().splitlines()]
    messages = {r["index"]: r["name"] for r in records if r["record"] == "message"}
    assert messages == dict(enumerate([*names, "/nowhere/m"]))
    assert sum(r["record"] == "recipient" for r in records) == 31
    assert len(taken(server)) == 29


def test_each_process_has_its_share_of_the_connections(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"MAIL": Meeting(4)}))
    line = ("--processes=2", "-j4", "-s", server.address, *ENVELOPE)
    assert run_smtp(*line, *names[:4]).code == 0
    assert len(server.connections) == 4


@pytest.mark.parametrize("options", [(), ("-j4",), ("--no-wait",), ("-d",), ("--no-chunking",)])
def test_repeat(start: Start, names: list[str], options: tuple[str, ...]) -> None:
    server = start(ModelServer())
    line = ("--processes=2", "--repeat=50", *options, "-s", server.address, *ENVELOPE)
    done = run_smtp(*line, *names[:2])
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == [0] * 50 + [1] * 50


def test_standard_input_is_read_once(start: Start) -> None:
    server = start(ModelServer())
    line = ("--processes=3", "--repeat=40", server.address, "a@x", "b@y")
    done = run_smtp(*line, stdin=b"Subject: 7\n\nhello\n")
    assert (done.code, done.stderr) == (0, "")
    assert taken(server) == [7] * 40


def test_a_login_that_is_refused_is_refused_once(start: Start, names: list[str]) -> None:
    server = start(ModelServer(offers=("PIPELINING", "AUTH PLAIN"), users={"me": "right"}))
    line = ("--processes=3", "-U", "me", "-P", "wrong", "-s", server.address, *ENVELOPE)
    done = run_smtp("-v", *line, *names)
    assert done.code == 77
    assert len(server.connections) == 1
    assert Counter(line.split()[0] for line in done.stdout.splitlines()) == {"unsent:": 30}
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("refused", [False, True])
def test_a_token_that_a_server_repeats_is_shown_by_no_process(
    start: Start, names: list[str], refused: bool
) -> None:
    """Only the process that had the command run has seen it."""
    token = "c2VjcmV0LXRva2Vu.of_one_process"
    answer = f"{'535 5.7.8 no' if refused else '235 2.7.0 yes'}: {token}"
    server = start(
        ModelServer(
            offers=("PIPELINING", "AUTH XOAUTH2"),
            replies={"AUTH": answer, "MAIL": f"250 2.1.0 for {token}"},
        )
    )
    login = ("-U", "me", "--oauth-token-command", f"echo {token}")
    line = ("-tv", "--processes=2", "-j4", *login, "-s", server.address, *ENVELOPE)
    done = run_smtp(*line, *names, secrets=[token])
    assert done.code == (77 if refused else 0)
    assert ("535 5.7.8 no: (hidden)" in done.stderr) is refused
    assert ("250 2.1.0 for (hidden)" in done.stdout) is not refused


def test_no_server_at_all(names: list[str]) -> None:
    done = run_smtp("-v", "--processes=3", "-s", "127.0.0.1:1", *ENVELOPE, *names)
    assert done.code == 75
    words = Counter(line.split()[0] for line in done.stdout.splitlines())
    assert words == {"deferred:": 1, "unsent:": 29}
    assert done.stderr.startswith("smtp: 127.0.0.1:1: cannot connect to 127.0.0.1: ")


def test_stop(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"RCPT": "550 no"}))
    line = ("-v", "--stop", "--processes=2", "-s", server.address, *ENVELOPE)
    done = run_smtp(*line, *names)
    assert done.code == 67
    words = Counter(line.split()[0] for line in done.stdout.splitlines())
    words.pop("connected:")
    assert words.total() == 30
    assert 1 <= words["refused:"] <= 2
    assert words["unsent:"] >= 28


def test_a_process_that_is_killed(start: Start, names: list[str], tmp_path: Path) -> None:
    """What it had begun may have been delivered; everything else goes on another."""
    held = Hold(threading.Event())
    server = start(ModelServer(replies={"END": [(held, "250 ok")]}))
    line = ("-v", "--processes=2", "-s", server.address, *ENVELOPE)
    with running(tmp_path, *line, *names) as smtp:
        assert held.reached.wait(LIMIT)
        first = min(children(smtp.pid))
        os.kill(first, signal.SIGKILL)
        held.release.set()
        assert smtp.stdout is not None
        words = Counter(line.split()[0] for line in smtp.stdout)
        assert smtp.wait(LIMIT) == 79
    words.pop("connected:")
    assert words.total() == 30, "each is told of once"
    assert words == {"unknown:": 1, "sent:": 29}
    delivered = Counter(taken(server))
    assert max(delivered.values()) == 1, "nothing is sent twice"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_of_them(
    start: Start, names: list[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    silent = threading.Event()
    held = [Hold(silent), Hold(silent)]
    server = start(ModelServer(replies={"END": [(hold, "250 ok") for hold in held]}))
    line = ("-v", "--processes=2", "-s", server.address, *ENVELOPE)
    with running(tmp_path, *line, *names) as smtp:
        for hold in held:
            assert hold.reached.wait(LIMIT)
        workers = children(smtp.pid)
        assert len(workers) == 2
        smtp.send_signal(number)
        assert smtp.stdout is not None
        words = Counter(line.split()[0] for line in smtp.stdout)
        assert smtp.wait(LIMIT) == code
    silent.set()
    assert words.pop("connected:") == 2
    assert words == {"unknown:": 2, "unsent:": 28}
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_trace_numbers_the_connections_of_all(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"MAIL": Meeting(2)}))
    done = run_smtp("-t", "--processes=2", "-s", server.address, *ENVELOPE, *names[:2])
    numbers = {line.split()[0] for line in done.stdout.splitlines()}
    assert numbers == {"#1", "#2"}


def test_connections_of_one_that_takes_a_place_are_told_apart(
    start: Start, names: list[str], tmp_path: Path
) -> None:
    release = threading.Event()
    held = [Hold(release), Hold(release)]
    late = [(hold, "250 late") for hold in held]
    server = start(ModelServer(replies={"MAIL": [*[None] * 6, *late]}))
    line = ("-t", "-d", "--processes=2", "-s", server.address, *ENVELOPE)
    with running(tmp_path, *line, *names) as smtp:
        for hold in held:
            assert hold.reached.wait(LIMIT)
        os.kill(min(children(smtp.pid)), signal.SIGKILL)
        release.set()
        assert smtp.stdout is not None
        tried = [line.split()[0] for line in smtp.stdout if " === Trying " in line]
        assert smtp.wait(LIMIT) == 0
    assert sorted(tried, key=lambda number: int(number[1:])) == [
        f"#{number}" for number in range(1, len(server.connections) + 1)
    ]
