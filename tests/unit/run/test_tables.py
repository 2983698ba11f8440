"""The database of a journal: what its log comes to, and how it is written."""

from __future__ import annotations

import os
from contextlib import closing
from json import dumps
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import JournalError
from smtpwire.run.tables import (
    APPLICATION_ID,
    PAGES,
    TRANSLATED,
    VERSION,
    copy_folded,
    fold,
    make,
    opened,
    version,
    write_ahead,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

MESSAGE = (1, "m", 1, "00", "a@x")
BEGUN = (1, "b@y", 0, "begun", None, None, "")
ACCEPTED = (1, "b@y", 0, "accepted", 250, "ok", "end of data")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "journal")


@pytest.fixture
def db(path: str) -> Iterator[sqlite3.Connection]:
    with closing(opened(path)) as made:
        make(made)
        write_ahead(made)
        yield made


def log(db: sqlite3.Connection, messages: list[object], recipients: list[object]) -> None:
    db.execute("INSERT INTO log (entries) VALUES (?)", (dumps((messages, recipients)),))


def states(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT message, state FROM recipient").fetchall()


@pytest.mark.parametrize("batches", [[[BEGUN, ACCEPTED]], [[BEGUN], [ACCEPTED]]])
def test_the_last_word_counts(db: sqlite3.Connection, batches: list[list[object]]) -> None:
    for batch in batches:
        log(db, [MESSAGE] if batch[0] == BEGUN else [], batch)
    fold(db)
    assert states(db) == [(1, "accepted")]
    assert db.execute("SELECT * FROM message").fetchall() == [(1, b"m", 1, "00", "a@x")]


def test_the_log_is_taken_once(db: sqlite3.Connection) -> None:
    for _ in range(2):
        fold(db)
    log(db, [MESSAGE], [BEGUN])
    for _ in range(2):
        fold(db)
    assert states(db) == [(1, "begun")]
    assert db.execute("SELECT count(*) FROM log").fetchone() == (0,)


def test_a_log_that_cannot_be_taken_stays_whole(db: sqlite3.Connection) -> None:
    log(db, [MESSAGE], [BEGUN])
    log(db, [], [(1, None, 0, "begun", None, None, "")])
    with pytest.raises(JournalError, match="NOT NULL"), TRANSLATED:
        fold(db)
    db.execute("ROLLBACK")
    assert states(db) == []
    assert db.execute("SELECT count(*) FROM log").fetchone() == (2,)


def test_whoever_reads_has_a_copy(db: sqlite3.Connection, path: str) -> None:
    log(db, [MESSAGE], [BEGUN])
    fold(db)
    log(db, [], [ACCEPTED])
    with closing(opened(path)) as reader:
        copy_folded(reader)
        assert states(reader) == [(1, "accepted")]
    assert states(db) == [(1, "begun")]


def test_it_is_written_ahead_and_synchronised(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_what_is_written_ahead_has_its_room_before(db: sqlite3.Connection, path: str) -> None:
    """What is there is written over again and again, since to make a file longer takes longer."""
    length = os.stat(f"{path}-wal").st_size
    assert length >= PAGES * 4096
    for number in range(1_000):
        log(db, [(number, "m" * 1_000, 1, "00", "a@x")], [])
    assert os.stat(f"{path}-wal").st_size <= 1.1 * length


def test_the_version(path: str) -> None:
    with closing(opened(path)) as db:
        assert version(db) == 0
        make(db)
        assert version(db) == VERSION
        for other in (VERSION - 1, VERSION + 1):
            db.execute(f"PRAGMA user_version = {other}")
            with pytest.raises(JournalError, match=f"^the journal is of version {other}, which"):
                version(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}")
        with pytest.raises(JournalError, match=r"^this is no journal"):
            version(db)
