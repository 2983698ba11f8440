"""The database of a journal: its tables, its log, and how the one becomes the other.

A run writes to the log alone, one row with each commit.  A row is a text in JSON, two arrays: rows
for `message`, and rows for `recipient`, of which the last counts for each recipient.  The next run
takes all of them into the tables before it asks for anything; whoever only reads does the same with
a copy.

A commit is durable when it returns: a write-ahead log, synchronised each time.
"""

from __future__ import annotations

import sqlite3

from smtpwire.errors import JournalError

APPLICATION_ID = 0x534D5450
"""What tells the file from other databases of SQLite: "SMTP"."""
VERSION = 2
"""Of the tables; a journal of another one is not touched."""

PAGES = 256
"""How many the write-ahead log gets before they are put in their places and it begins anew."""
_FEW = 10
"""Pages."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    digest TEXT NOT NULL,
    reverse_path TEXT NOT NULL
);
CREATE INDEX message_by_name ON message (name, occurrence);
CREATE TABLE recipient (
    message INTEGER NOT NULL REFERENCES message,
    address TEXT NOT NULL,
    repetition INTEGER NOT NULL,
    state TEXT NOT NULL,
    code INTEGER,
    text BLOB,
    command TEXT NOT NULL,
    PRIMARY KEY (message, address, repetition)
) WITHOUT ROWID;
CREATE TABLE log (
    batch INTEGER PRIMARY KEY,
    entries TEXT NOT NULL
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_FOLD = """
BEGIN;
INSERT INTO message SELECT
    json_extract(value, '$[0]'), CAST(json_extract(value, '$[1]') AS BLOB),
    json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM log CROSS JOIN json_each(log.entries, '$[0]');
INSERT OR REPLACE INTO recipient SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'),
    CAST(json_extract(value, '$[5]') AS BLOB), json_extract(value, '$[6]')
FROM log CROSS JOIN json_each(log.entries, '$[1]') ORDER BY batch, key;
DELETE FROM log;
COMMIT;
"""
# A name finds the temporary table first.
_COPY = """
BEGIN;
CREATE TEMP TABLE message AS SELECT * FROM main.message;
CREATE UNIQUE INDEX temp.message_by_id ON message (id);
CREATE TEMP TABLE recipient AS SELECT * FROM main.recipient;
CREATE UNIQUE INDEX temp.recipient_by_key ON recipient (message, address, repetition);
CREATE TEMP TABLE log AS SELECT * FROM main.log;
COMMIT;
"""


class _Translated:
    """Makes errors of the database errors of the journal.

    A class, since `contextlib` would be slower, and this is passed with every message.
    """

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise JournalError(f"the journal cannot be used: {error}") from error


TRANSLATED = _Translated()


def opened(path: str) -> sqlite3.Connection:
    """Open a database.

    Raises:
        JournalError: it cannot be opened.
    """
    with TRANSLATED:
        return sqlite3.connect(path, isolation_level=None)


def version(db: sqlite3.Connection) -> int:
    """Return the version of the tables, 0 for a file that is empty.

    Raises:
        JournalError: it is another one, or the database is no journal.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (found,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not (application or found or objects):
        return 0
    if application != APPLICATION_ID:
        raise JournalError("this is no journal, and is left as it is")
    if found != VERSION:
        raise JournalError(f"the journal is of version {found}, which this program does not know")
    return VERSION


def make(db: sqlite3.Connection) -> None:
    """Make the tables."""
    db.executescript(_TABLES)


def write_ahead(db: sqlite3.Connection) -> None:
    """Have every commit synchronised, and the write-ahead log as long as it will be.

    A disk takes twice as long to make a file longer and durable as to do so with what is there.
    """
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")
    # What does not fit into the cache goes to that log before it is known what comes of it.
    db.execute(f"PRAGMA cache_size = {_FEW}")
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE room (octets BLOB)")
    db.execute("INSERT INTO room VALUES (zeroblob(?))", ((PAGES + 2 * _FEW) * 4096,))
    db.execute("ROLLBACK")
    db.execute("PRAGMA cache_size = -2000")


def fold(db: sqlite3.Connection) -> None:
    """Take the log into the tables."""
    if db.execute("SELECT 1 FROM log").fetchone():
        db.executescript(_FOLD)


def copy_folded(db: sqlite3.Connection) -> None:
    """Take tables and log, of one moment, into temporary tables that stand for them from now on."""
    db.executescript(_COPY)
    db.executescript(_FOLD)
