"""The journal of runs: what has become of each recipient of each message, durably (sqlite3).

A message is known by its name, by the how-manieth of that name it is in the input, by the SHA-256
of its content and by its reverse-path; a recipient by its address, and by the how-manieth time it
is named.  What has none of these in the journal is new.

Rules
- One run at a time has a journal: it holds a lock (flock(2)), which ends with the process however
  that ends.  Whoever only reads needs none.
- What is noted is kept here until somebody takes it as a batch.  A batch is one transaction of the
  database, and durable when `write` returns: a write-ahead log, synchronised each time.  Batches
  may be written by another thread, one after the other.
- `begun` says that the end of data may have gone out since.  Of whoever is found so by a later run
  nobody knows whether the message was taken.
- A file that is no journal, or one of a later version of this program, is left as it is.

To run a statement for each row would take and release the interpreter's lock each time, in the
thread that can least wait for it.  So a batch goes as JSON to one statement, which takes it apart.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections import Counter
from json import dumps

from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import JournalBusy, JournalError
from smtpwire.message.content import reason
from smtpwire.run.earlier import Known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import NamedTuple

    from smtpwire.core.address import Address
else:
    from smtpwire.record import NamedTuple

APPLICATION_ID = 0x534D5450
"""What tells the file from other databases of SQLite: "SMTP"."""
VERSION = 1
"""Of the tables; a journal of a later one is not touched."""

BEGUN = "begun"
"""The state of a recipient whose message may have been taken; every other one is an outcome."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    digest TEXT NOT NULL,
    reverse_path TEXT NOT NULL
);
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
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""

_INDEX = "CREATE INDEX IF NOT EXISTS message_by_name ON message (name, occurrence)"
_SAME_NAME = "SELECT id, digest, reverse_path FROM message WHERE name = ? AND occurrence = ?"
_RECIPIENTS = (
    "SELECT address, repetition, state, code, text, command FROM recipient WHERE message = ?"
)
_ADD = """
INSERT INTO message SELECT
    json_extract(value, '$[0]'), CAST(json_extract(value, '$[1]') AS BLOB),
    json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM json_each(?)
"""
_SET = """
INSERT OR REPLACE INTO recipient SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'),
    CAST(json_extract(value, '$[5]') AS BLOB), json_extract(value, '$[6]')
FROM json_each(?)
"""
_MESSAGES = (
    "SELECT id, name, reverse_path FROM message m"
    " WHERE EXISTS (SELECT 1 FROM recipient WHERE message = m.id) ORDER BY id"
)


class Batch(NamedTuple):
    """What is to be made durable together."""

    messages: list[tuple[object, ...]]
    """Rows of new ones."""
    recipients: list[tuple[object, ...]]
    """Rows, of which the last counts for each recipient."""


class Entry(NamedTuple):
    """A message in the journal."""

    id: int
    repetitions: tuple[int, ...]
    """Of each of its recipients, how often it was named before in the same message."""
    known: tuple[Known | None, ...]
    """What each of them came to; None for whoever is new."""
    changed: bool
    """Another content is there under its name, and this one is not."""


class Recorded(NamedTuple):
    """A message as it stands in the journal."""

    name: str
    reverse_path: str
    recipients: tuple[tuple[str, Known], ...]


class Journal:
    """One file, held by this run until it is closed.

    Args:
        path: of the file, which is made when it is not there.

    Raises:
        JournalBusy: another run has it.
        JournalError: it cannot be used; so from every method, when it cannot be read or written.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._messages: list[tuple[object, ...]] = []
        self._recipients: list[tuple[object, ...]] = []
        self._occurrences: Counter[str] = Counter()
        """How often each name was entered by this run."""
        self._lock = _locked(path)
        try:
            self._db = _opened(path)
        except BaseException:
            os.close(self._lock)
            raise
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            os.close(self._lock)
            raise

    def _prepare(self) -> None:
        with _TRANSLATED:
            if not _version(self._db):
                self._db.executescript(_TABLES)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            (last,) = self._db.execute("SELECT max(id) FROM message").fetchone()
            self._last: int = last or 0
            self._past: sqlite3.Connection | None = None
            """Where earlier runs are read, while another thread may write."""
            if last is not None:
                self._db.execute(_INDEX)
                self._past = _opened(self.path)

    def enter(
        self, name: str, digest: bytes, reverse_path: str, recipients: Sequence[Address]
    ) -> Entry:
        """Find a message, or enter it.

        Args:
            name: as the user gave it; called for each message of that name, in order.
            digest: of its content.
            reverse_path: without brackets.
            recipients: in order.
        """
        self._occurrences[name] += 1
        occurrence = self._occurrences[name]
        repetitions = _repetitions(recipients)
        changed = False
        if self._past is not None:
            wanted = (digest.hex(), reverse_path)
            with _TRANSLATED:
                for number, *found in self._past.execute(_SAME_NAME, (_blob(name), occurrence)):
                    if tuple(found) == wanted:
                        known = self._known(number, recipients, repetitions)
                        return Entry(number, repetitions, known, changed=False)
                    changed = changed or found[0] != wanted[0]
        self._last += 1
        self._messages.append((self._last, name, occurrence, digest.hex(), reverse_path))
        return Entry(self._last, repetitions, (None,) * len(recipients), changed)

    def begin(self, entry: Entry, recipients: Iterable[tuple[int, Address]]) -> None:
        """Note that the end of data may go out once this is durable.

        Args:
            entry: the message.
            recipients: whom it is for, each with its place in the entry.
        """
        number, repetitions = entry.id, entry.repetitions
        for place, recipient in recipients:
            self._recipients.append(
                (number, str(recipient), repetitions[place], BEGUN, None, None, "")
            )

    def settle(self, entry: Entry, recipients: Iterable[tuple[int, Address, Known]]) -> None:
        """Note what recipients came to, each with its place in the entry."""
        number, repetitions = entry.id, entry.repetitions
        for place, recipient, (outcome, reply, command, _) in recipients:
            code, text = (None, None) if reply is None else (reply.code, _text(reply))
            row = (number, str(recipient), repetitions[place], outcome.value, code, text, command)
            self._recipients.append(row)

    def take(self) -> Batch:
        """Take what was noted since the last time, to be written."""
        batch = Batch(self._messages, self._recipients)
        self._messages, self._recipients = [], []
        return batch

    def write(self, batch: Batch) -> None:
        """Make a batch durable; in any thread, but in one at a time."""
        if not (batch.messages or batch.recipients):
            return
        db = self._db
        with _TRANSLATED:
            db.execute("BEGIN IMMEDIATE")
            try:
                if batch.messages:
                    db.execute(_ADD, (dumps(batch.messages),))
                if batch.recipients:
                    db.execute(_SET, (dumps(batch.recipients),))
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file; what was not written is lost.  May be repeated."""
        self._db.close()
        if self._past is not None:
            self._past.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _known(
        self, number: int, recipients: Iterable[Address], repetitions: Iterable[int]
    ) -> tuple[Known | None, ...]:
        """What each recipient came to in earlier runs."""
        if self._past is None:
            return ()
        rows = self._past.execute(_RECIPIENTS, (number,))
        states = {(address, repetition): _known(*row) for address, repetition, *row in rows}
        wanted = zip(map(str, recipients), repetitions, strict=True)
        return tuple(map(states.get, wanted))


def recorded(path: str) -> Iterator[Recorded]:
    """Read a journal, in the order in which its messages were entered first.

    Args:
        path: of the file.

    Raises:
        FileNotFoundError: there is none.
        JournalError: it cannot be read, or is none.
    """
    os.stat(path)
    db = _opened(path)
    try:
        with _TRANSLATED:
            db.execute("PRAGMA query_only = ON")
            if not _version(db):
                return
            db.execute("BEGIN")  # all that follows is of one moment
            for number, name, reverse_path in db.execute(_MESSAGES):
                recipients = tuple(
                    (address, _known(*row))
                    for address, _, *row in db.execute(_RECIPIENTS, (number,))
                )
                yield Recorded(_name(name), reverse_path, recipients)
    finally:
        db.close()


class _Translated:
    """Makes errors of the database errors of the journal.

    A class, since `contextlib` would be slower, and this is passed several times a message.
    """

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise JournalError(f"the journal cannot be used: {error}") from error


_TRANSLATED = _Translated()


def _locked(path: str) -> int:
    """Open the file, or make it, and lock it until the descriptor is closed."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise JournalError(f"the journal cannot be written: {reason(error)}") from error
    try:
        if not stat.S_ISREG(os.fstat(lock).st_mode):
            raise JournalError("the journal cannot be used: it is not a file")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise JournalBusy("another run has the journal") from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _opened(path: str) -> sqlite3.Connection:
    with _TRANSLATED:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _version(db: sqlite3.Connection) -> int:
    """Return the version of the tables, 0 for a file that is empty."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not (application or version or objects):
        return 0
    if application != APPLICATION_ID:
        raise JournalError("this is no journal, and is left as it is")
    if version != VERSION:
        raise JournalError(f"the journal is of version {version}, which this program does not know")
    return VERSION


def _repetitions(recipients: Sequence[Address]) -> tuple[int, ...]:
    """How often each was named before."""
    if len(recipients) == 1:
        return (0,)
    seen: Counter[Address] = Counter()
    found: list[int] = []
    for recipient in recipients:
        found.append(seen[recipient])
        seen[recipient] += 1
    return tuple(found)


def _known(state: str, code: int | None, text: bytes | None, command: str) -> Known:
    reply = None
    if code is not None:
        raw = (text or b"").decode("utf-8", "surrogatepass").encode("utf-8", "surrogateescape")
        reply = Reply(code, tuple(raw.split(b"\n")))
    outcome = Outcome.UNKNOWN if state == BEGUN else Outcome(state)
    return Known(outcome, reply, command)


# What is not UTF-8 goes through JSON as lone surrogates, which stay what they are in the file.


def _text(reply: Reply) -> str:
    raw = b"\n".join(reply.shortened().raw)
    # JSON could hold a NUL, but no text of SQLite can.
    return raw.decode("utf-8", "surrogateescape").replace("\0", "\\0")


def _blob(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _name(blob: bytes) -> str:
    return blob.decode("utf-8", "surrogatepass")
