"""The journal of runs: what has become of each recipient of each message, durably (sqlite3).

A message is known by its name, by the how-manieth of that name it is in the input, by the SHA-256
of its content and by its reverse-path; a recipient by its address, and by the how-manieth time it
is named.  What has none of these in the journal is new.

Rules
- One run at a time has a journal: it holds a lock (flock(2)), which ends with the process however
  that ends.  Whoever only reads needs none.
- What is noted is kept here until `commit`, and durable when that returns.
- `begun` says that the end of data may have gone out since.  Of whoever is found so by a later run
  nobody knows whether the message was taken.
- A file that is no journal, or one of another version of this program, is left as it is.

A commit is one row of a log, written by one statement, with all that was noted since the one before
it: the tables and their keys would take a statement for each note.  `smtpwire.run.tables` takes the
log into them when the file is opened next.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections import Counter
from json import JSONEncoder

from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import JournalBusy, JournalError
from smtpwire.message.content import reason
from smtpwire.record import new
from smtpwire.run.earlier import Known
from smtpwire.run.occurrences import Occurrences
from smtpwire.run.tables import TRANSLATED, copy_folded, fold, make, opened, version, write_ahead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import NamedTuple

    from smtpwire.core.address import Address
else:
    from smtpwire.record import NamedTuple

BEGUN = "begun"
"""The state of a recipient whose message may have been taken; every other one is an outcome."""

_SAME_NAME = "SELECT id, digest, reverse_path FROM message WHERE name = ? AND occurrence = ?"
_RECIPIENTS = (
    "SELECT address, repetition, state, code, text, command FROM recipient WHERE message = ?"
)
_encoded = JSONEncoder(check_circular=False, separators=(",", ":")).encode
_APPEND = "INSERT INTO log (entries) VALUES (?)"
_MESSAGES = (
    "SELECT id, name, reverse_path FROM message m"
    " WHERE EXISTS (SELECT 1 FROM recipient WHERE message = m.id) ORDER BY id"
)


class Entry(NamedTuple):
    """A message in the journal."""

    id: int
    keys: tuple[tuple[str, int], ...]
    """Of each of its recipients, the address, and how often it was named before."""
    known: tuple[Known | None, ...]
    """What each of them came to; None for whoever is new, and empty where all are."""
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
        self._occurrences = Occurrences()
        """How often each name was entered by this run."""
        self._keys: tuple[Sequence[Address], tuple[tuple[str, int], ...]] = ((), ())
        """Recipients, and what is kept of them: mostly, they are those of the next message too."""
        self._lock = _locked(path)
        try:
            self._db = opened(path)
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
        db = self._db
        with TRANSLATED:
            if not version(db):
                make(db)
            write_ahead(db)
            fold(db)
            (last,) = db.execute("SELECT max(id) FROM message").fetchone()
        self._last: int = last or 0
        self._past = last is not None
        """Whether there is anything of earlier runs."""

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
        occurrence = self._occurrences.count(name)
        if recipients is not self._keys[0]:
            self._keys = (recipients, _keys(recipients))
        keys = self._keys[1]
        content = digest.hex()
        changed = False
        if self._past:
            with TRANSLATED:
                for number, *found in self._db.execute(_SAME_NAME, (_blob(name), occurrence)):
                    if found == [content, reverse_path]:
                        return new(Entry, (number, keys, self._known(number, keys), False))
                    changed = changed or found[0] != content
        self._last += 1
        self._messages.append((self._last, name, occurrence, content, reverse_path))
        return new(Entry, (self._last, keys, (), changed))

    def begin(self, entry: Entry, place: int) -> None:
        """Note that the end of data may go out once this is durable.

        Args:
            entry: the message.
            place: of a recipient whom it is for, in the entry.
        """
        self._recipients.append((entry.id, *entry.keys[place], BEGUN, None, None, ""))

    def settle(self, entry: Entry, place: int, known: Known) -> None:
        """Note what the recipient in a place came to."""
        outcome, reply, command, _ = known
        code, text = (None, None) if reply is None else (reply.code, _text(reply))
        row = (entry.id, *entry.keys[place], outcome.value, code, text, command)
        self._recipients.append(row)

    def commit(self) -> None:
        """Make durable what was noted."""
        if not (self._messages or self._recipients):
            return
        with TRANSLATED:
            self._db.execute(_APPEND, (_encoded((self._messages, self._recipients)),))
        self._messages.clear()
        self._recipients.clear()

    def close(self) -> None:
        """Let go of the file; what was not made durable is lost.  May be repeated."""
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _known(self, number: int, keys: Iterable[tuple[str, int]]) -> tuple[Known | None, ...]:
        """What each recipient came to in earlier runs."""
        rows = self._db.execute(_RECIPIENTS, (number,))
        states = {(address, repetition): _known(*row) for address, repetition, *row in rows}
        return tuple(map(states.get, keys))


def recorded(path: str) -> Iterator[Recorded]:
    """Read a journal, in the order in which its messages were entered first.

    Args:
        path: of the file.

    Raises:
        FileNotFoundError: there is none.
        JournalError: it cannot be read, or is none.
    """
    os.stat(path)
    db = opened(path)
    try:
        with TRANSLATED:
            if not version(db):
                return
            copy_folded(db)
            for number, name, reverse_path in db.execute(_MESSAGES):
                recipients = tuple(
                    (address, _known(*row))
                    for address, _, *row in db.execute(_RECIPIENTS, (number,))
                )
                yield Recorded(_name(name), reverse_path, recipients)
    finally:
        db.close()


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


def _keys(recipients: Sequence[Address]) -> tuple[tuple[str, int], ...]:
    """The address of each, and how often it was named before."""
    seen: Counter[str] = Counter()
    keys: list[tuple[str, int]] = []
    for address in map(str, recipients):
        keys.append((address, seen[address]))
        seen[address] += 1
    return tuple(keys)


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
