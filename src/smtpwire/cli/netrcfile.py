"""What a netrc file says: its words, and the entries they make.

The grammar is that of ftp(1) and of the programs that have taken it over:

    machine NAME, or default    begins an entry; `default` is for every machine that has none
    login, password, account    of the entry, each with a value; `user` is another word for login
    port                        of the entry, with a value, which is not looked at
    macdef NAME                 a macro, up to the next empty line, which is passed over
    # and what follows          a comment, where one of these words could be

Words are apart by white space.  A value may stand in double quotes, and a backslash takes the
meaning from what is behind it.  A machine may have several entries, for several logins, which is
why the library's reader is not used: it keeps the last, and knows no port.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

_WORD = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|((?:\\.|[^\s\\"])(?:\\.|[^\s\\])*))', re.DOTALL)
_SPACE = re.compile(r"\s*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_REST_OF_LINE = re.compile(r"[^\n]*")
_MACRO = re.compile(r".*?(?:\n[^\S\n]*\n|\Z)", re.DOTALL)

_FIELDS = {
    "login": "login",
    "user": "login",
    "password": "password",
    "account": "account",
    "port": "port",
}


class NetrcError(Exception):
    """A file is none of these.

    Attributes:
        line: where, counted from 1.
    """

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not one of a netrc file")
        self.line = line


class Entry(NamedTuple):
    """What a file has for a machine."""

    machine: str | None
    """Its name as it is written; None for every machine that has no entry."""
    login: str
    """"" for anybody."""
    password: str


def entries(text: str) -> list[Entry]:
    """Read a file, in its order.

    Raises:
        NetrcError: it is not one.
    """
    found: list[Entry] = []
    for machine, fields in _read(_Words(text)):
        found.append(Entry(machine, fields.get("login", ""), fields.get("password", "")))
    return found


def password(known: list[Entry], machine: str, user: str) -> str | None:
    """Return the password of a user on a machine; None where there is no entry.

    Args:
        known: of the file.
        machine: its name, in any case of letters.
        user: an entry of theirs comes before one for anybody.
    """
    own = [e for e in known if e.machine is not None and e.machine.lower() == machine.lower()]
    for login in (user, ""):
        for entry in own or [e for e in known if e.machine is None]:
            if entry.login == login:
                return entry.password
    return None


class _Words:
    """The words of a file, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    @property
    def line(self) -> int:
        """Where the last word ends."""
        return self._text.count("\n", 0, self._place) + 1

    def keyword(self) -> str | None:
        """The next word that is no value; None at the end."""
        while True:
            self._skip(_SPACE)
            if not self._text.startswith("#", self._place):
                return self.value() if self._place < len(self._text) else None
            self._skip(_REST_OF_LINE)

    def value(self) -> str:
        """The next word, whatever it is."""
        found = _WORD.match(self._text, self._place)
        if found is None:
            raise NetrcError(self.line)
        self._place = found.end()
        word = found[2] if found[1] is None else found[1]
        return _ESCAPED.sub(r"\1", word)

    def skip_macro(self) -> None:
        """Pass over what a macro consists of."""
        self._skip(_MACRO)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if (found := pattern.match(self._text, self._place)) is not None:
            self._place = found.end()


def _read(words: _Words) -> Iterator[tuple[str | None, dict[str, str]]]:
    """Yield the machine and the fields of each entry."""
    machine: str | None = None
    fields: dict[str, str] | None = None
    while (word := words.keyword()) is not None:
        if word in {"machine", "default"}:
            if fields is not None:
                yield machine, fields
            machine = words.value() if word == "machine" else None
            fields = {}
        elif word == "macdef":
            words.skip_macro()
        elif fields is not None and word in _FIELDS:
            fields[_FIELDS[word]] = words.value()
        else:
            raise NetrcError(words.line)
    if fields is not None:
        yield machine, fields
