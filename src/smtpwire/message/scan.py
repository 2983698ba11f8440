"""What one reading of a message tells: the facts that its envelope needs.

`Scanner` is fed the content as it was read and gives it back as BDAT sends it, so whoever keeps it
(in a spool) keeps what can be sent again without another look, and whoever does not has the facts
all the same.  `scan_whole` does the same for a content that is in memory.

Rules
- Everything is counted on what will be sent: after normalisation, or raw (`-e`).
- Whether a line begins with a dot is not among the facts: to find out costs what doubling does.
- Nothing here runs per line.  Lines are known to be short when there is an LF in the window that
  the first of them must end in, searched from the far end: one search for about a thousand octets.
  The regular expression that does so leaps over each window before it looks back in it.
"""

from __future__ import annotations

import re

from smtpwire.message.eol import Normaliser, normalised
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

LINE_LIMIT = 998
"""Octets of a line without its CRLF (RFC 5322 section 2.1.1, RFC 5321 section 4.5.3.1.6)."""

_TOO_LONG = LINE_LIMIT + 2
"""Octets of an open line that is too long even if the last of them is the CR of its end."""

_SHORT_LINES = re.compile(rb"(?s:.{0,%d}\n|.{%d}\r\n)++" % (LINE_LIMIT, LINE_LIMIT))
"""Whole lines, as many as are short; the second branch is for the longest of them with its CRLF."""


class Facts(NamedTuple):
    """What there is to know about a message's content, but for the content."""

    size: int
    """Octets as BDAT sends them (RFC 3030), which is what SIZE= counts (RFC 1870 section 5)."""
    data_size: int
    """Octets as DATA sends them, dots undoubled: 2 more where raw content lacks its last CRLF."""
    eightbit: bool
    """An octet over 127 is in it (RFC 6152)."""
    nul: bool
    """An octet 0 is in it."""
    long_line: bool
    """A line is longer than `LINE_LIMIT`."""
    clean: bool
    """Normalising changes nothing (raw content is not normalised): it is sent as it was read."""


def scan_whole(content: bytes, *, raw: bool) -> tuple[bytes, Facts]:
    """Look through a content that is there from its beginning to its end.

    Args:
        content: all of it.
        raw: leave the line ends as they are.

    Returns:
        What BDAT sends, `content` itself where that is the same; and the facts.
    """
    wire = content if raw else normalised(content)
    size = len(wire)
    facts = (
        size,
        size if not size or wire.endswith(b"\r\n") else size + 2,
        not wire.isascii(),
        b"\0" in wire,
        size > LINE_LIMIT and _open_line(wire) > LINE_LIMIT,
        wire is content,
    )
    return wire, new(Facts, facts)


class Scanner:
    """Reads one message, chunk by chunk.

    Args:
        raw: leave the line ends as they are.
    """

    __slots__ = (
        "_before",
        "_column",
        "_eightbit",
        "_normaliser",
        "_nul",
        "_size",
    )

    def __init__(self, *, raw: bool = False) -> None:
        self._normaliser = None if raw else Normaliser()
        self._size = 0
        self._eightbit = self._nul = False
        self._column = 0
        self._before = b"\r\n"

    def feed(self, data: bytes | memoryview) -> bytes | memoryview:
        """Look at the next octets; follow with more of them, or with `finish`.

        Returns:
            What BDAT sends for them; `data` itself where that is the same.
        """
        if self._normaliser is not None:
            data = self._normaliser.feed(data)
        self._look(data if isinstance(data, bytes) else bytes(data))
        return data

    def finish(self) -> bytes:
        """End the content; `facts` may be called now.

        Returns:
            What BDAT sends behind all the rest: a missing last line end, unless raw.
        """
        tail = b"" if self._normaliser is None else self._normaliser.finish()
        self._look(tail)
        return tail

    def facts(self) -> Facts:
        """What was seen; to be called behind `finish`."""
        return Facts(
            size=self._size,
            data_size=self._size + (0 if self._before == b"\r\n" else 2),
            eightbit=self._eightbit,
            nul=self._nul,
            long_line=self._column > LINE_LIMIT,
            clean=self._normaliser is None or not self._normaliser.changed,
        )

    def _look(self, octets: bytes) -> None:
        self._size += len(octets)
        self._eightbit = self._eightbit or not octets.isascii()
        self._nul = self._nul or b"\0" in octets
        self._column = _open_line(octets, self._column, self._before)
        self._before = (self._before + octets[-2:])[-2:]


def _open_line(octets: bytes, column: int = 0, before: bytes = b"\n") -> int:
    """How long the line is that `octets` leave open, or one in them that is too long.

    Args:
        octets: the next ones.
        column: how much of the line that they begin in came before.
        before: what came before; the last octet of it is looked at.

    Returns:
        Octets; `_TOO_LONG`, and then for ever, once a line is known to be too long.
    """
    begin = 0
    if column:
        limit = LINE_LIMIT + 1 - column
        begin = octets.find(b"\n", 0, limit + 1) + 1
        if not begin:
            return column + len(octets) if len(octets) <= limit else _TOO_LONG
        # The octet over the limit may be the CR of the line end.
        if begin > limit and (octets[limit - 1 : limit] or before[-1:]) != b"\r":
            return _TOO_LONG
    if (short := _SHORT_LINES.match(octets, begin)) is not None:
        begin = short.end()
    return min(len(octets) - begin, _TOO_LONG)
