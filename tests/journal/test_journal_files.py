"""Journals that cannot be used, and `--status`, which shows those that can."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.journal.runs import status, submit, taken
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scripted.fixtures import Start


def test_a_second_run_is_told_to_come_back(journal: Path, start: Start, names: list[str]) -> None:
    server = start(ModelServer())
    submit(server, journal, names[0])
    with journal.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = submit(server, journal, *names)
        assert (done.code, done.stderr) == (75, f"smtp: {journal}: another run has the journal\n")
        assert status(journal) == {"messages": 1, "accepted": 1}
    assert taken(server) == [0]


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()


def of_the_future(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA application_id = {0x534D5450}")
        db.execute("PRAGMA user_version = 99")
    db.close()


def text(path: Path) -> None:
    path.write_text("this is no database\n" * 100, encoding="ascii")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (foreign, "this is no journal, and is left as it is"),
        (of_the_future, "the journal is of version 99, which this program does not know"),
        (text, "the journal cannot be used: file is not a database"),
    ],
)
def test_a_file_that_is_none_is_left_as_it_is(
    journal: Path, make: Callable[[Path], None], said: str
) -> None:
    make(journal)
    before = journal.read_bytes()
    for done in (
        run_smtp("--journal", journal, "127.0.0.1:1", "a@x", "b@y", stdin=b"x"),
        run_smtp("--journal", journal, "--status"),
    ):
        assert (done.code, done.stderr) == (73, f"smtp: {journal}: {said}\n")
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "the journal cannot be written: is a directory"),
        ("none/journal", "the journal cannot be written: no such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    done = run_smtp("--journal", path, "127.0.0.1:1", "a@x", "b@y", stdin=b"x")
    assert (done.code, done.stderr) == (73, f"smtp: {path}: {said}\n")


def test_a_pipe_is_no_journal(journal: Path) -> None:
    os.mkfifo(journal)
    done = run_smtp("--journal", journal, "127.0.0.1:1", "a@x", "b@y", stdin=b"x")
    said = "the journal cannot be used: it is not a file"
    assert (done.code, done.stderr) == (73, f"smtp: {journal}: {said}\n")


def test_a_journal_that_fails_ends_the_run(start: Start, names: list[str], journal: Path) -> None:
    """Of the second message nothing goes out that could not be written down before."""
    server = start(ModelServer())
    submit(server, journal, names[0])
    limit = f'ulimit -f {journal.stat().st_size // 1024} && exec "$@"'
    done = run_smtp(
        *("--journal", str(journal), "-s", server.address, "-f", "a@x", "-r", "b@y", *names),
        wrapper=("bash", "-c", limit, "-"),
    )
    assert done.code == 73
    assert f"smtp: {journal}: the journal cannot be used: " in done.stderr
    assert len(taken(server)) < 6
    assert submit(server, journal, *names).code == 0
    assert taken(server) == [0, 1, 2, 3, 4, 5]


# -- the command line ----------------------------------------------------------------------------


def test_status_shows_each_message(start: Start, names: list[str], journal: Path) -> None:
    server = start(ModelServer(replies={"RCPT": {"no@y": "550 5.1.1 no"}}))
    submit(server, journal, *names[:2], to=("b@y", "no@y"))
    done = run_smtp("--journal", journal, "--status", "-v")
    assert done.stdout == (
        f"sent: {names[0]} from <a@x> to 1 of 2, - octets, 250 2.0.0 queued\n"
        f"sent: {names[1]} from <a@x> to 1 of 2, - octets, 250 2.0.0 queued\n"
        "messages: 2\naccepted: 2\nrefused: 2\ndeferred: 0\nunsent: 0\nunknown: 0\n"
    )


def test_status_in_records(start: Start, names: list[str], journal: Path, tmp_path: Path) -> None:
    server = start(ModelServer())
    submit(server, journal, *names[:2])
    done = run_smtp("--journal", journal, "--status", "--json", "-")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["record"] for r in records] == ["message", "recipient"] * 2 + ["journal"]
    assert [r["name"] for r in records if r["record"] == "message"] == names[:2]
    assert records[-1]["messages"] == 2
    assert records[-1]["outcomes"]["accepted"] == 2
    log = tmp_path / "log"
    done = run_smtp("--journal", journal, "--status", "--json", log)
    assert done.stdout.startswith("messages: 2\n")
    assert len(log.read_text(encoding="ascii").splitlines()) == 5


def test_status_of_no_journal(journal: Path) -> None:
    done = run_smtp("--journal", journal, "--status")
    assert (done.code, done.stderr) == (66, f"smtp: {journal}: no such file or directory\n")
    assert not journal.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--resend-unknown", "s", "a@x", "b@y"], "--resend-unknown: needs --journal FILE"),
        (["--status"], "--status: needs --journal FILE"),
        (["--status", "--journal", "j", "m"], "--status: sends nothing, and takes no server and"),
        (["--status", "--journal", "j", "-p", "25"], "-p: cannot be used with --status"),
        (["--status", "--journal", "j", "-v", "--json", "-"], "--json: - cannot be used with -v"),
        (["--journal", "", "s", "a@x", "b@y"], "--journal: the name of the file is empty"),
        (["--journal", "j", "--processes=2", "s", "a@x", "b@y"], "--journal: cannot be used with"),
    ],
)
def test_a_command_line_that_cannot_be_used(args: list[str], said: str) -> None:
    done = run_smtp(*args)
    assert done.code == 64
    assert done.stderr.startswith(f"smtp: {said}")
