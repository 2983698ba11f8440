"""What is looked for in a server's text: constants, and the little that may stand around them.

A needle is found in a reading of the text that has no white space and, for some, no separators
(`smtpwire.cli.readings`), whatever the case of its letters.  The search of `bytes` finds it, and
goes on where it has been, so the time is in proportion to the length of the text.

A text may have been cut: by us, who keep no more than the start of what is too long, or by the
server.  So a needle is also asked for its beginning at the end of a text, and for its end at the
beginning of one.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.cli.readings import Narrowed

SHORTEST_ANYWHERE = 4
"""Octets; to blot out anything shorter wherever its letters occur would tell what it is."""

SHORTEST_PART = 3
"""Octets of a needle that are hidden where a text was cut between them and the others."""

_HEX = b"0123456789abcdef"
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")

_DIGEST = 32
"""Hexadecimal digits of an MD5 digest."""
_PART_OF_DIGEST = 8
"""Of these, how many at the end of a text are taken for the beginning of one."""

_SIGNATURE = re.compile(rb"dj[0-3][a-z0-9+/]{37,}=*")
"""In base64 and lower case: "v=" and the base64 of a digest, SHA-1's or a longer one (RFC 5802
section 7)."""


class Needle:
    """A constant.

    Args:
        octets: what to look for; not empty.
        word: it counts only where it is a whole word.
        goes_on: it is only the start of something: all that is behind it is part of that.

    Attributes:
        word: see above; anything short is one.
        goes_on: see above.
        beginning: what a reading has to hold before anything else needs to be asked of it, but for
            `part_at_start`.
    """

    def __init__(self, octets: bytes, *, word: bool = False, goes_on: bool = False) -> None:
        self._octets = octets.lower()
        self.beginning = self._octets[:SHORTEST_PART]
        self.word = word or len(octets) < SHORTEST_ANYWHERE
        self.goes_on = goes_on

    def found(self, view: Narrowed) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each place in a reading that holds it.

        Places that overlap are one, but for words: only one of them may be a word.
        """
        text, size = view.lower, len(self._octets)
        if self.word:
            for start in _places(text, self._octets):
                yield start, start + size
            return
        start = text.find(self._octets)
        while start >= 0:
            end = start + size
            while (last := text.rfind(self._octets, end - size + 1, end + size - 1)) >= 0:
                end = last + size
            yield start, end
            start = text.find(self._octets, end)

    def part_at_end(self, view: Narrowed) -> int:
        """Return where the longest beginning of it stands that a reading ends in, or -1."""
        text = view.lower
        start = text.find(self.beginning, max(len(text) - len(self._octets) + 1, 0))
        while start >= 0 and not self._octets.startswith(text[start:]):
            start = text.find(self.beginning, start + 1)
        return start

    def part_at_start(self, view: Narrowed) -> int:
        """Return the length of the longest end of it that a reading begins with, or 0."""
        text, ending = view.lower, self._octets[-SHORTEST_PART:]
        end = text.rfind(ending, 0, len(self._octets) - 1) + len(ending)
        while end >= len(ending) and not self._octets.endswith(text[:end]):
            end = text.rfind(ending, 0, end - 1) + len(ending)
        return end if end >= len(ending) else 0

    def whole(self, view: Narrowed, start: int, end: int) -> tuple[int, int]:
        """Return where in the text what was found stands, with all that belongs to it."""
        return view.span(start, end)


class Base64(Needle):
    """The base64 of something, without its padding.

    Args:
        octets: in base64, those characters that depend on nothing else.
        before: the character before these is partly of the same.
        behind: so is the one behind them.
        word: see `Needle`.
        goes_on: see `Needle`.
    """

    def __init__(
        self,
        octets: bytes,
        *,
        before: bool = False,
        behind: bool = False,
        word: bool = False,
        goes_on: bool = False,
    ) -> None:
        super().__init__(octets, word=word, goes_on=goes_on)
        self._before = before
        self._behind = behind

    def whole(self, view: Narrowed, start: int, end: int) -> tuple[int, int]:
        """Return where it is in the text, with the characters on its edges and the padding."""
        text = view.octets
        if self._before and start and text[start - 1] in _BASE64:
            start -= 1
        if self._behind and end < len(text) and text[end] in _BASE64:
            end += 1
        return view.span(start, _behind_padding(text, end))


class Indivisible(Needle):
    """A constant of which a part alone tells nothing, or is no sign of the others."""

    def part_at_end(self, view: Narrowed) -> int:
        """Return -1: its beginning is not looked for."""
        del view
        return -1

    def part_at_start(self, view: Narrowed) -> int:
        """Return 0: its end is not looked for."""
        del view
        return 0


class Response(Indivisible):
    """CRAM-MD5's response: the user's name, a space and a digest (RFC 2195 section 2).

    Args:
        name: without white space, and not empty.
    """

    def __init__(self, name: bytes) -> None:
        super().__init__(name)
        self.word = False

    def found(self, view: Narrowed) -> Iterator[tuple[int, int]]:
        """Yield each place with a digest, or with the beginning of one at the end."""
        for start in _places(view.lower, self._octets):
            digits_start = start + len(self._octets)
            digits = view.lower[digits_start : digits_start + _DIGEST]
            if _is_digest(digits, cut=len(digits) < _DIGEST):
                yield start, digits_start + len(digits)


class EncodedResponse(Response):
    """The same in base64.

    Args:
        name: with its white space, and not empty.
    """

    def __init__(self, name: bytes) -> None:
        known = name + b" "
        super().__init__(b2a_base64(known, newline=False)[: len(known) * 8 // 6])
        self._known = len(known)
        self._size = -(-(len(known) + _DIGEST) * 8 // 6)

    def found(self, view: Narrowed) -> Iterator[tuple[int, int]]:
        """Yield each place with a digest, or with the beginning of one at the end."""
        for start in _places(view.lower, self._octets):
            encoded = view.octets[start : start + self._size]
            cut = len(encoded) < self._size
            if _is_digest(_decoded(encoded)[self._known :].lower(), cut=cut):
                yield start, _behind_padding(view.octets, start + len(encoded))


class ServerSignature(Indivisible):
    """What a SCRAM server proves itself with: on it, and the exchange, passwords can be tried."""

    def __init__(self) -> None:
        super().__init__(b"dj")
        self.word = False

    def found(self, view: Narrowed) -> Iterator[tuple[int, int]]:
        """Yield each place with a whole signature."""
        reached = 0
        for start in _places(view.lower, self._octets):
            if start >= reached and (signature := _SIGNATURE.match(view.lower, start)):
                reached = signature.end()
                yield signature.span()


def _places(text: bytes, octets: bytes) -> Iterator[int]:
    """Yield the start of each place that holds `octets`, also where they overlap."""
    start = text.find(octets)
    while start >= 0:
        yield start
        start = text.find(octets, start + 1)


def _behind_padding(text: bytes, end: int) -> int:
    while end < len(text) and text[end : end + 1] == b"=":
        end += 1
    return end


def _is_digest(octets: bytes, *, cut: bool) -> bool:
    long_enough = len(octets) >= _PART_OF_DIGEST if cut else len(octets) == _DIGEST
    return long_enough and not octets.translate(None, _HEX)


def _decoded(encoded: bytes) -> bytes:
    """Return what stands in base64, or nothing; the end may be missing."""
    whole = encoded.rstrip(b"=")
    try:
        return a2b_base64(whole[: len(whole) - (len(whole) % 4 == 1)] + b"==")
    except Error:
        return b""
