r"""The ways in which a server's text can be read, and where what is read stands in the text.

Whoever logs what somebody else said escapes it first, each in a way of its own.  So a text is read
as it stands, and once for each kind of escape of which there is a sign in it:

    \xXX \NNN \uNNNN \" \\    Python, JSON, C, a quoted string
    %XX, + for a space        a URL, a form
    &amp; &#38; &#x26;        HTML
    =XX, _ for a space        quoted-printable, an encoded word
    +XX                       xtext
    0xXX                      a dump of octets

and, where there are signs of several, with all of them undone together.  An escape is undone once,
from left to right: what comes out is not looked at again.

A reading of a multiline reply goes on from line to line: the status that each line may begin with
is left out.  A reading can be narrowed to the octets that matter, which is how white space and
separators disappear.

Whatever the text, each of these takes time in proportion to its length: every pattern here is a
constant, and finds its end without a second try.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_XX = rb"[0-9A-Fa-f]{2}"

_STATUS = rb"\n[245]\.\d{1,3}\.\d{1,3} "
"""The end of a line of a reply, and the status that the next one begins with."""
_STATUS_SIGNS = (b"\n2.", b"\n4.", b"\n5.")

_BACKSLASH = (
    rb"\\(?:x%(XX)b"
    rb"|[0-3][0-7]{2}"
    rb"|u[dD][89ABab]%(XX)b\\u[dD][C-Fc-f]%(XX)b"
    rb"|u(?:%(XX)b){2}"
    rb"|U00(?:0[0-9A-Fa-f]|10)(?:%(XX)b){2}"
    rb"|[^0-9])"
) % {b"XX": _XX}
_PERCENT = rb"%" + _XX
_HTML = rb"&(?:#(?:\d{1,9}|[xX][0-9A-Fa-f]{1,8});?|[A-Za-z][0-9A-Za-z]{1,31};)"
_EQUALS = rb"=(?:%b|\n)" % _XX
_PLUS = rb"\+" + _XX


_BROKEN_BACKSLASH = (
    rb"(?:\\u[dD][89ABab]%b)?"
    rb"\\(?:x[0-9A-Fa-f]?|u[0-9A-Fa-f]{0,3}|U[0-9A-Fa-f]{0,7}|[0-3][0-7]?)?"
    rb"|\\u[dD][89ABab]%b"
) % (_XX, _XX)
_BROKEN_HTML = rb"&[#0-9A-Za-z]{0,8}"
_BROKEN_XX = rb"[%=+][0-9A-Fa-f]?"
_LONGEST_BROKEN = 11

_KINDS = (
    ((b"\\",), _BACKSLASH, _BROKEN_BACKSLASH),
    ((b"%", b"+"), _PERCENT + rb"|\+", rb"%[0-9A-Fa-f]?"),
    ((b"&",), _HTML, _BROKEN_HTML),
    ((b"=", b"_"), _EQUALS + rb"|_", rb"=[0-9A-Fa-f]?"),
    ((b"+",), _PLUS, rb"\+[0-9A-Fa-f]?"),
    ((b"0x", b"0X"), rb"0[xX]", rb"0"),
)
"""Of each kind of escape: its signs (a text with none of them has none of it), its pattern, and
the pattern of what is left of one where a text was cut."""

_ALL = b"|".join((_BACKSLASH, _PERCENT, _HTML, _EQUALS, _PLUS))
_BROKEN = b"|".join((_BROKEN_BACKSLASH, _BROKEN_HTML, _BROKEN_XX))

_CONTROLS = bytes.maketrans(b"abfnrtv", b"\a\b\f\n\r\t\v")


class Reading:
    """A text as it stands.

    Attributes:
        octets: what is read.
    """

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text the octets from `start` to before `end` come from.

        Args:
            start: the first of them, counted in this reading.
            end: beyond the last; greater than `start`.
        """
        return start, end

    def without(self, dropped: bytes) -> Narrowed:
        """Return this reading without certain octets.

        Args:
            dropped: each of them.
        """
        return Narrowed(self, dropped)


class Narrowed(Reading):
    """A reading without certain octets.

    Attributes:
        source: the reading with them.
        lower: what is read, in lower case.
    """

    def __init__(self, source: Reading, dropped: bytes) -> None:
        super().__init__(source.octets.translate(None, dropped))
        self.lower = self.octets.lower()
        self.source = source
        self._dropped = dropped
        self._places: list[int] | None = None

    def in_source(self, start: int, end: int) -> tuple[int, int]:
        """Return where in `source` the octets from `start` to before `end` come from."""
        if self._places is None:
            # Only now: next to no text holds anything that has to be found again.
            places = enumerate(self.source.octets)
            self._places = [place for place, octet in places if octet not in self._dropped]
        return self._places[start], self._places[end - 1] + 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text the octets from `start` to before `end` come from."""
        return self.source.span(*self.in_source(start, end))


class _Undone(Reading):
    """A reading, up to `end`, with each thing that a pattern finds replaced by what it means."""

    def __init__(self, source: Reading, pattern: bytes, end: int) -> None:
        octets = source.octets
        parts: list[bytes] = []
        self._source = source
        self._starts: list[int] = []
        """Where each replacement begins here."""
        self._replaced: list[tuple[int, int, int]] = []
        """How long it is, and the start and the end of what it stands for."""
        length = place = 0
        for escape in re.compile(pattern).finditer(octets, 0, end):
            meant = _meant(escape[0])
            parts += (octets[place : escape.start()], meant)
            length += escape.start() - place
            self._starts.append(length)
            self._replaced.append((len(meant), *escape.span()))
            length += len(meant)
            place = escape.end()
        parts.append(octets[place:end])
        super().__init__(b"".join(parts))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text these octets come from: of an escape, all of it."""
        return self._source.span(self._origin(start)[0], self._origin(end - 1)[1])

    def _origin(self, place: int) -> tuple[int, int]:
        from bisect import bisect_right  # next to no text comes to this

        before = bisect_right(self._starts, place) - 1
        if before < 0:
            return place, place + 1
        length, start, end = self._replaced[before]
        beyond = place - self._starts[before] - length
        return (start, end) if beyond < 0 else (end + beyond, end + beyond + 1)


def readings(text: bytes) -> Iterator[Reading]:
    """Yield each way to read a text, as it stands first.

    Args:
        text: the lines of a reply, joined by LF.
    """
    plain = Reading(text)
    if b"\n" in text and any(sign in text for sign in _STATUS_SIGNS):
        plain = _Undone(plain, _STATUS, len(text))
    yield plain
    found = [kind for kind in _KINDS if any(sign in text for sign in kind[0])]
    for _, pattern, broken in found:
        yield _undone(plain, pattern, broken)
    if len(found) > 1:
        yield _undone(plain, _ALL, _BROKEN)


def _undone(source: Reading, pattern: bytes, broken: bytes) -> Reading:
    """Return a reading without escapes; what is left of one at the end means nothing."""
    end = len(source.octets)
    left = re.compile(b"(?:%b)\\Z" % broken).search(source.octets, max(end - _LONGEST_BROKEN, 0))
    return _Undone(source, pattern, end if left is None else left.start())


def _meant(escape: bytes) -> bytes:
    """Return what an escape stands for; white space, which no reading needs, may be nothing."""
    if escape.startswith(b"\\"):
        return _meant_by_backslash(escape)
    if escape.startswith(b"&"):
        from html import unescape

        return unescape(escape.decode()).encode("utf-8", "surrogatepass")
    return bytes.fromhex(escape[1:].decode()) if len(escape) == 3 else b""


def _meant_by_backslash(escape: bytes) -> bytes:
    kind, digits = escape[1:2], escape[2:].replace(b"\\u", b"").decode()
    if not digits:
        return kind.translate(_CONTROLS)
    if kind == b"x":
        return bytes.fromhex(digits)
    if kind in b"uU":
        code = "utf-16-be" if kind == b"u" else "utf-32-be"
        character = bytes.fromhex(digits).decode(code, "surrogatepass")
        return character.encode("utf-8", "surrogatepass")
    return bytes([int(escape[1:], 8)])
