"""The journal as a file: what is found again, and what was made durable."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import JournalBusy, JournalError
from smtpwire.run.earlier import Known
from smtpwire.run.journal import Journal, recorded
from smtpwire.run.tables import APPLICATION_ID

if TYPE_CHECKING:
    from pathlib import Path

A, B = parse_address("a@y"), parse_address("b@y")
ACCEPTED = Known(Outcome.ACCEPTED, Reply(250, (b"2.0.0 first", b"second \xff")), "end of data")
DIGEST, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "journal")


def enter_once(path: str, name: str = "m", digest: bytes = DIGEST) -> tuple[Known | None, ...]:
    """What a run that does nothing else finds of a message to A and B."""
    with closing(Journal(path)) as journal:
        entry = journal.enter(name, digest, "me@x", (A, B))
        journal.commit()
        return entry.known


def test_what_is_settled_is_found_again(path: str) -> None:
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A, B))
        assert entry.known == ()
        journal.settle(entry, 1, ACCEPTED)
        journal.commit()
    assert enter_once(path) == (None, ACCEPTED)


def test_what_is_begun_is_unknown(path: str) -> None:
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A, B))
        journal.begin(entry, 0)
        journal.commit()
    assert enter_once(path) == (Known(Outcome.UNKNOWN, None, ""), None)


def test_what_is_not_committed_is_lost(path: str) -> None:
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A, B))
        journal.begin(entry, 0)
    assert enter_once(path) == ()


def test_what_is_committed_is_in_the_files(path: str, tmp_path: Path) -> None:
    """A copy of the files, made while the journal is open, has it: so would a crash."""
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A, B))
        journal.begin(entry, 0)
        journal.begin(entry, 1)
        journal.commit()
        for suffix in ("", "-wal"):
            shutil.copy(path + suffix, tmp_path / f"copy{suffix}")
        (message,) = recorded(str(tmp_path / "copy"))
    assert [known.outcome for _, known in message.recipients] == [Outcome.UNKNOWN] * 2


def test_the_first_of_a_name_is_not_the_second(path: str) -> None:
    with closing(Journal(path)) as journal:
        journal.settle(journal.enter("m", DIGEST, "me@x", (A,)), 0, ACCEPTED)
        journal.enter("m", DIGEST, "me@x", (A,))
        journal.commit()
    with closing(Journal(path)) as journal:
        found = [journal.enter("m", DIGEST, "me@x", (A,)).known for _ in range(3)]
    assert found == [(ACCEPTED,), (None,), ()]


def test_a_recipient_who_is_named_twice_is_two(path: str) -> None:
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A, B, A))
        journal.settle(entry, 2, ACCEPTED)
        journal.commit()
    with closing(Journal(path)) as journal:
        assert journal.enter("m", DIGEST, "me@x", (A, A, B)).known == (None, ACCEPTED, None)


def test_another_content_is_said_to_be_one(path: str) -> None:
    enter_once(path)
    with closing(Journal(path)) as journal:
        assert journal.enter("m", OTHER, "me@x", (A,)).changed
        journal.commit()
    with closing(Journal(path)) as journal:
        assert not journal.enter("m", OTHER, "me@x", (A,)).changed
    with closing(Journal(path)) as journal:
        assert journal.enter("m", DIGEST, "you@x", (A,)).known == ()


def test_a_name_need_not_be_text(path: str) -> None:
    name = "m\udcff"
    with closing(Journal(path)) as journal:
        journal.settle(journal.enter(name, DIGEST, "", (A,)), 0, ACCEPTED)
        journal.commit()
    (message,) = recorded(path)
    assert (message.name, message.reverse_path) == (name, "")
    assert message.recipients == (("a@y", ACCEPTED),)


def test_one_run_at_a_time(path: str) -> None:
    with closing(Journal(path)), pytest.raises(JournalBusy):
        Journal(path)
    Journal(path).close()


def test_an_error_of_the_database_is_one_of_the_journal(path: str) -> None:
    enter_once(path)
    with closing(Journal(path)) as journal:
        journal._db.execute("PRAGMA query_only = ON")
        journal.enter("new", DIGEST, "me@x", (A,))
        with pytest.raises(JournalError, match=r"^the journal cannot be used: attempt to write"):
            journal.commit()
        journal.close()
        with pytest.raises(JournalError, match="closed database"):
            journal.enter("m", DIGEST, "me@x", (A,))


def test_what_is_in_doubt_stays_so_while_it_is_not_known(path: str) -> None:
    """Many batches, some of which are taken into the tables when the file is opened again."""
    for outcome in (Outcome.UNKNOWN, Outcome.DEFERRED, Outcome.ACCEPTED):
        with closing(Journal(path)) as journal:
            entry = journal.enter("m", DIGEST, "me@x", (A, B))
            journal.begin(entry, 0)
            journal.commit()
            if outcome is not Outcome.UNKNOWN:
                journal.settle(entry, 0, Known(outcome, None, ""))
                journal.commit()
            ((_, known),) = next(recorded(path)).recipients
            assert known.outcome is outcome
    assert enter_once(path) == (Known(Outcome.ACCEPTED, None, ""), None)


def test_what_was_committed_is_taken_over_once(path: str) -> None:
    for _ in range(3):
        enter_once(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM message").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM log").fetchone() == (0,)


def test_of_one_batch_the_last_word_counts(path: str) -> None:
    with closing(Journal(path)) as journal:
        entry = journal.enter("m", DIGEST, "me@x", (A,))
        journal.begin(entry, 0)
        journal.settle(entry, 0, ACCEPTED)
        journal.commit()
    assert enter_once(path) == (ACCEPTED, None)


def test_a_nul_in_a_reply_is_shown_as_one(path: str) -> None:
    known = Known(Outcome.DEFERRED, Reply(450, (b"a\0b",)), "RCPT")
    with closing(Journal(path)) as journal:
        journal.settle(journal.enter("m", DIGEST, "", (A,)), 0, known)
        journal.commit()
    ((_, found),) = next(recorded(path)).recipients
    assert found == known._replace(reply=Reply(450, (b"a\\0b",)))


def test_a_journal_that_is_refused_is_let_go(path: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}")
    for _ in range(2):
        with pytest.raises(JournalError, match="this is no journal"):
            Journal(path)


def test_an_empty_file_becomes_one(path: str) -> None:
    with open(path, "wb"):
        pass
    assert list(recorded(path)) == []
    assert enter_once(path) == ()
    assert list(recorded(path)) == []  # nothing was said of anybody yet


def test_where_there_is_none(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        list(recorded(path))
