"""Group K of the faults: standard input, runs that are stopped for a while, and their status."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.runs import running, submit_paths
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.faults.transactions import DATA, delivery, transaction
from tests.faults.verbose import content, submit, submit_batch
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
)

if TYPE_CHECKING:
    from tests.scripted.fixtures import MakeScripted, Start


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
