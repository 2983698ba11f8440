"""`--retry`: what is deferred is tried again, and what may have been taken never is."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import message_files, taken
from tests.command import SMTP, clean_environment, run_smtp
from tests.journal.runs import status
from tests.scripted import Close, ModelServer, ReadOctets, Reset

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted.fixtures import Start
    from tests.scripted.model import Reply, Rule

SOON = ("--retry-delay", "0.01")
LIMIT = 20
"""Seconds for what happens at once."""


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 12)


def submit(
    server: ModelServer, *args: str, to: tuple[str, ...] = ("b@y",), stdin: bytes = b""
) -> Completed:
    recipients = [word for recipient in to for word in ("-r", recipient)]
    return run_smtp("-v", "-s", server.address, "-f", "a@x", *recipients, *args, stdin=stdin)


def greylisting(times: int) -> dict[str, Rule]:
    return {"RCPT": often("450 4.2.0 greylisted", times)}


def often(reply: Reply, times: int) -> Rule:
    """A rule: so often this reply, and then the usual one."""
    return [reply for _ in range(times)]


def outcomes(done: Completed) -> list[str]:
    """The first word of each line about a message."""
    return [line.split(":")[0] for line in done.stdout.splitlines() if " from <" in line]


@pytest.mark.parametrize("options", [(), ("-j3",), ("--no-chunking",), ("--no-wait",), ("-d",)])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "END"])
def test_a_4yz_is_tried_again(
    start: Start, names: list[str], options: tuple[str, ...], verb: str
) -> None:
    server = start(ModelServer(replies={verb: ["451 4.3.0 later", None, "451 4.3.0 later"]}))
    done = submit(server, "--retry=2", *SOON, *options, *names)
    assert done.code == 0
    assert taken(server) == list(range(12))
    assert outcomes(done) == ["sent"] * 12
    assert len(re.findall(r"451 4\.3\.0 later; it is tried again in", done.stderr)) == 2


def test_without_it_nothing_is(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies=greylisting(1)))
    done = submit(server, names[0])
    assert (done.code, taken(server)) == (75, [])
    assert done.stderr == f"smtp: {names[0]}: <b@y> deferred: RCPT: 450 4.2.0 greylisted\n"


def test_so_often_and_then_no_more(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies=greylisting(3)))
    done = submit(server, "--retry=2", *SOON, names[0])
    assert (done.code, taken(server)) == (75, [])
    first, second, last = done.stderr.splitlines()
    told = r"warning: RCPT was answered for now: 450 4\.2\.0 greylisted; it is tried again in .*"
    assert re.fullmatch(rf"smtp: {names[0]}: {told} \(1 of 2\)", first)
    assert re.fullmatch(rf"smtp: {names[0]}: {told} \(2 of 2\)", second)
    assert last == f"smtp: {names[0]}: <b@y> deferred: RCPT: 450 4.2.0 greylisted"


def test_only_those_who_were_deferred(start: Start, names: list[str], tmp_path: Path) -> None:
    rules = {"late@y": "450 4.2.0 later", "no@y": "550 5.1.1 no"}

    def answer(argument: str) -> str | None:
        return rules.pop("late@y", None) if "late@y" in argument else rules.get(argument[4:-1])

    server = start(ModelServer(replies={"RCPT": answer}))
    log = tmp_path / "log"
    to = ("b@y", "late@y", "no@y", "b@y")
    done = submit(server, "--retry=1", *SOON, "--json", str(log), names[0], to=to)
    assert done.code == 67
    sent = [message.recipients for message in server.messages]
    assert sent == [("b@y", "b@y"), ("late@y",)]
    assert "sent: " in done.stdout
    assert "to 3 of 4" in done.stdout
    records = [json.loads(line) for line in log.read_text().splitlines()]
    found = [(r["recipient"], r["outcome"]) for r in records if r["record"] == "recipient"]
    assert found == list(zip(to, ["accepted", "accepted", "refused", "accepted"], strict=True))
    assert done.stderr.splitlines()[-1].endswith("<no@y> refused: RCPT: 550 5.1.1 no")


def test_all_or_none_is_tried_again_with_all(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"RCPT": [None, "450 4.2.0 later"]}))
    done = submit(server, "-a", "--retry=1", *SOON, names[0], to=("b@y", "c@y"))
    assert done.code == 0
    assert [message.recipients for message in server.messages] == [("b@y", "c@y")]


def test_all_or_none_is_not_tried_again_when_one_is_refused(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"RCPT": ["550 5.1.1 no", "450 4.2.0 later"]}))
    done = submit(server, "-a", "--retry=1", *SOON, names[0], to=("b@y", "c@y"))
    assert "tried again" not in done.stderr
    assert (done.code, server.messages) == (75, [])


def test_an_unknown_one_never_is(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"END": [Close()]}))
    done = submit(server, "--retry=5", *SOON, *names[:2])
    assert (done.code, taken(server)) == (79, [1])
    assert outcomes(done) == ["unknown", "sent"]


@pytest.mark.parametrize("lost", [Close(), Reset(), ("421 4.3.2 busy", Close())])
def test_a_connection_lost_before_the_end_of_data(
    start: Start, names: list[str], lost: Close | Reset | tuple[str, Close]
) -> None:
    """Each message has one replacement, and then its retries."""
    server = start(ModelServer(replies={"MAIL": often(lost, 4)}))
    done = submit(server, "--retry=3", *SOON, names[0])
    assert (done.code, taken(server)) == (0, [0])
    assert len(server.connections) == 5


def test_a_connection_lost_in_mid_content(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"Subject: 0\n\n" + b"hello\n" * 1_000_000)
    cut: dict[str, Rule] = {"DATA": [("354 go", ReadOctets(100_000), Reset())]}
    server = start(ModelServer(replies=cut, offers=("PIPELINING",)))
    done = submit(server, "--retry=1", *SOON, str(path))
    assert (done.code, taken(server)) == (0, [0])
    assert "tried again" in done.stderr


def test_standard_input_is_kept(start: Start) -> None:
    server = start(ModelServer(replies={"END": ["451 4.3.0 later"]}))
    content = b"Subject: 7\n\n" + b"hello\n" * 100_000
    done = submit(server, "--retry=1", *SOON, "--no-size", "--no-chunking", stdin=content)
    assert (done.code, taken(server)) == (0, [7])
    assert server.messages[0].content.count(b"hello") == 100_000


@pytest.mark.parametrize("greeting", ["421 4.3.2 busy", "450 4.3.2 busy", Close()])
def test_no_session_is_waited_for(start: Start, names: list[str], greeting: str | Close) -> None:
    server = start(ModelServer(replies={"GREETING": often(greeting, 3)}))
    done = submit(server, "--retry=3", *SOON, *names[:2])
    assert (done.code, taken(server)) == (0, [0, 1])
    assert done.stderr.count("; trying again in ") == 3


def test_no_session_for_longer_than_that(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"GREETING": "421 4.3.2 busy"}))
    done = submit(server, "--retry=2", *SOON, *names[:3])
    assert done.code == 75
    assert outcomes(done) == ["deferred", "unsent", "unsent"]
    assert len(server.connections) == 3


def test_a_login_that_is_refused_is_not_tried_again(start: Start, names: list[str]) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"u": "right"}))
    done = submit(server, "-Uu", "-Pwrong", "--retry=9", *SOON, names[0])
    assert done.code == 77
    assert len(server.connections) == 1


def test_logins_that_bring_nothing_come_to_an_end(start: Start, names: list[str]) -> None:
    """However many messages there are: each login may count against the account."""
    offers = ("PIPELINING", "AUTH PLAIN")
    replies = {"MAIL": ("421 4.7.0 slow down", Close())}
    server = start(ModelServer(offers=offers, users={"u": "p"}, replies=replies))
    done = submit(server, "-Uu", "-Pp", "--retry=1", "--retry-delay=0.001", *names)
    assert done.code == 75
    assert len(server.connections) == 11
    assert "11 connections in a row ended with nothing settled" in done.stderr
    assert sorted(outcomes(done)) == ["deferred"] * outcomes(done).count("deferred") + (
        ["unsent"] * outcomes(done).count("unsent")
    )
    assert len(outcomes(done)) == 12


def test_one_login_a_connection(start: Start, names: list[str]) -> None:
    offers = ("PIPELINING", "AUTH PLAIN")
    server = start(ModelServer(offers=offers, users={"u": "p"}, replies=greylisting(3)))
    assert submit(server, "-Uu", "-Pp", "--retry=2", *SOON, *names).code == 0
    for connection in server.connections:
        assert sum(command.startswith("AUTH") for command in connection.commands) == 1


def test_a_wait_ends_with_a_signal(start: Start, names: list[str], tmp_path: Path) -> None:
    server = start(ModelServer(replies={"RCPT": "450 4.2.0 later"}))
    args = ["-v", "-s", server.address, "-f", "a@x", "-r", "b@y", "--retry=1", names[0]]
    with subprocess.Popen(
        [SMTP, *args],
        env=clean_environment(str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as smtp:
        assert smtp.stderr is not None
        assert "it is tried again in" in smtp.stderr.readline()
        began = time.monotonic()
        smtp.send_signal(signal.SIGTERM)
        stdout, stderr = smtp.communicate(timeout=LIMIT)
    assert smtp.returncode == 143
    assert time.monotonic() - began < 1.5
    assert "deferred: " in stdout
    assert "1 deferred" in stderr


def test_others_go_on_meanwhile(start: Start, names: list[str], tmp_path: Path) -> None:
    """The second message is taken while the first one waits, and so is one that comes by a pipe."""
    there = threading.Semaphore(0)

    def end(_argument: str) -> None:
        there.release()

    server = start(ModelServer(replies={"RCPT": ["450 4.2.0 later"], "END": end}))
    args = ["-s", server.address, "-f", "a@x", "-r", "b@y", "--retry=1", "--files-from=-"]
    with subprocess.Popen(
        [SMTP, *args],
        env=clean_environment(str(tmp_path)),
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as smtp:
        assert smtp.stdin is not None
        for name in names[:3]:
            print(name, file=smtp.stdin, flush=True)
            if name != names[0]:
                assert there.acquire(timeout=LIMIT)
        smtp.terminate()
        assert smtp.wait(LIMIT) == 143
    assert taken(server) == [1, 2]


def test_stop_waits_for_what_becomes_of_it(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies=greylisting(1)))
    done = submit(server, "--stop", "--retry=1", *SOON, *names[:3])
    assert done.code == 0
    order = [int(message.content.split()[1]) for message in server.messages]
    assert order == [0, 1, 2]


def test_with_a_journal_what_was_deferred_is_written_so(
    start: Start, names: list[str], tmp_path: Path
) -> None:
    """Killed while it waits, and gone on with."""
    server = start(ModelServer(replies={"RCPT": [None, "450 4.2.0 later"]}))
    journal = tmp_path / "journal"
    args = ["-s", server.address, "-f", "a@x", "-r", "b@y", "-r", "c@y", "--journal", str(journal)]
    with subprocess.Popen(
        [SMTP, *args, "--retry=1", names[0]],
        env=clean_environment(str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
    ) as smtp:
        assert smtp.stderr is not None
        assert "it is tried again in" in smtp.stderr.readline()
        while status(journal) != {"messages": 1, "accepted": 1, "deferred": 1}:
            assert smtp.poll() is None
        smtp.kill()
    assert run_smtp(*args, names[0]).code == 0
    assert [message.recipients for message in server.messages] == [("b@y",), ("c@y",)]
    assert status(journal) == {"messages": 1, "accepted": 2}


@pytest.mark.parametrize("options", [(), ("-j4",), ("--retry=0",)])
def test_with_a_journal_it_is_tried_again_all_the_same(
    start: Start, names: list[str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    server = start(ModelServer(replies={"END": often("451 4.3.0 later", 4)}))
    again = () if "--retry=0" in options else ("--retry=4", *SOON)
    args = ("--journal", str(tmp_path / "journal"), *again, *options, *names)
    first = submit(server, *args)
    assert first.code == (0 if again else 75)
    assert submit(server, *args).code == 0
    assert taken(server) == list(range(12))


def test_several_processes_try_again_too(start: Start, names: list[str]) -> None:
    server = start(ModelServer(replies={"END": often("451 4.3.0 later", 4)}))
    done = submit(server, "--processes=2", "-j4", "--retry=4", *SOON, *names)
    assert (done.code, taken(server)) == (0, list(range(12)))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--retry", "x"), "--retry: 'x' is not a number: give 0 or more"),
        (("--retry-delay", "1"), "--retry-delay: needs --retry N"),
        (("--retry=1", "--retry-delay", "0"), "--retry-delay: '0' is not a time"),
        (("--max-per-connection", "0"), "--max-per-connection: '0' is not a number"),
    ],
)
def test_what_cannot_be_used(args: tuple[str, ...], said: str) -> None:
    done = run_smtp(*args, "-s", "127.0.0.1:1", "-f", "a@x", "-r", "b@y")
    assert done.code == 64
    assert said in done.stderr
