"""The forms in which a server may say a secret back, and where a text holds one.

A server that repeats what it was sent has it in the form of the mechanism: PLAIN's message, LOGIN's
two lines, CRAM-MD5's response, each in base64 (RFC 4954 section 4).  One that explains what it did
not like may write the password itself, in whatever its logs use.  So these are known:

    the password       as it is; one of letters and digits alone, with anything else between them
    in hexadecimal     with or without separators, of its UTF-8, its Latin-1 or its UTF-16
    in base64          the same, in both alphabets, at any place in what was encoded
    a login's base64   PLAIN's message, LOGIN's user, CRAM-MD5's user and digest
    a SCRAM signature  the server's own: who has all of the exchange can try passwords on it

Each is looked for in every reading of the text (`smtpwire.cli.readings`): with each character
escaped or not, with white space or the end of a line between any two.  Letters are taken in any
case.  Nothing is made of a secret until there is a text to look at.
"""

from __future__ import annotations

from binascii import b2a_base64

from smtpwire.cli.needles import (
    SHORTEST_ANYWHERE,
    Base64,
    EncodedResponse,
    Indivisible,
    Needle,
    Response,
    ServerSignature,
)
from smtpwire.cli.readings import readings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.cli.readings import Narrowed

LONGEST_SOUGHT = 128
"""Characters of a password that are looked for.  Behind the start of a longer one, all that is left
of a reply is hidden."""

_SHORTEST_LETTERS = 6
"""Octets of a password that are looked for with no regard to the punctuation between them."""

_WHITE_SPACE = b" \t\n\r\f\v"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BETWEEN_HEX = _WHITE_SPACE + b":,.;=%-"
_BETWEEN_LETTERS = _BETWEEN_HEX + b"!\"#$&'()*+/<>?@[\\]^_`{|}~"
_OF_A_WORD = frozenset((*_LETTERS, *b"_", *range(0x80, 0x100)))


class SecretForms:
    """The forms of one login's secret.

    Args:
        user: whom it is for.
        secret: a password or an access token.
        authzid: whom to act as; "" for the user.
    """

    def __init__(self, user: str, secret: str, authzid: str = "") -> None:
        self._secret = (user.encode(), secret, authzid.encode())
        self._needles: list[tuple[bytes, list[Needle]]] = []
        """What to leave out of a reading, and what to look for in the rest."""

    def spans(self, text: bytes, *, fragment: bool = False) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each place in a text that holds a form, in any order.

        A text may end in the beginning of a form, because it was cut; that is such a place, too.

        Args:
            text: the lines of a reply, joined by LF.
            fragment: what came before it is not known, so it may begin with the end of a form.
        """
        if not self._needles:
            self._needles = _needles(*self._secret)
        for reading in readings(text):
            for dropped, needles in self._needles:
                view = reading.without(dropped)
                for needle in needles:
                    if needle.beginning in view.lower:
                        yield from _found(needle, view, text)
                        yield from _begun(needle, view, text)
                    if fragment:
                        yield from _ended(needle, view, text)


def _found(needle: Needle, view: Narrowed, text: bytes) -> Iterator[tuple[int, int]]:
    for start, end in needle.found(view):
        first, last = view.span(start, end)
        if needle.word and not (_word_starts(text, first) and _word_ends(text, last)):
            continue
        first, last = needle.whole(view, start, end)
        yield first, len(text) if needle.goes_on else last


def _begun(needle: Needle, view: Narrowed, text: bytes) -> Iterator[tuple[int, int]]:
    start, end = needle.part_at_end(view), len(view.octets)
    if start < 0:
        return
    first, _ = needle.whole(view, start, end)
    if not _short(needle, end - start) or _word_starts(text, first):
        yield first, len(text.rstrip())


def _ended(needle: Needle, view: Narrowed, text: bytes) -> Iterator[tuple[int, int]]:
    end = needle.part_at_start(view)
    if not end:
        return
    _, last = needle.whole(view, 0, end)
    if not _short(needle, end) or _word_ends(text, last):
        yield 0, last


def _short(needle: Needle, size: int) -> bool:
    return needle.word or size < SHORTEST_ANYWHERE


def _word_starts(text: bytes, place: int) -> bool:
    return place == 0 or text[place - 1] not in _OF_A_WORD


def _word_ends(text: bytes, place: int) -> bool:
    return place == len(text) or text[place] not in _OF_A_WORD


def _needles(name: bytes, secret: str, authzid: bytes) -> list[tuple[bytes, list[Needle]]]:
    sought, goes_on = secret[:LONGEST_SOUGHT], len(secret) > LONGEST_SOUGHT
    octets = sought.encode()
    word = len(octets) < SHORTEST_ANYWHERE
    close: list[Needle] = [
        Needle(spelled, word=word, goes_on=goes_on) for spelled in _spellings(sought)
    ]
    for identity in dict.fromkeys((b"", name, authzid)):
        message = b"\0".join((identity, name, octets))  # RFC 4616 section 2
        close += _encoded(message, goes_on=goes_on)
    codings = _codings(sought)
    for coded in codings:
        if len(coded) < SHORTEST_ANYWHERE:
            close += _encoded(coded, word=True)
        else:
            for offset in range(3):
                close += _inner(coded, offset, goes_on=goes_on)
    if _close(name):
        # The name itself is what LOGIN sends first.
        close += (Response(_close(name)), EncodedResponse(name), *_encoded(name, word=True))
    close.append(ServerSignature())
    dump: list[Needle] = [
        Needle(coded.hex().encode(), word=len(coded) < SHORTEST_ANYWHERE, goes_on=goes_on)
        for coded in codings
    ]
    letters: list[Needle] = []
    if len(octets) >= _SHORTEST_LETTERS and not _close(octets).translate(None, _LETTERS):
        letters.append(Indivisible(_close(octets), goes_on=goes_on))
    return [(_WHITE_SPACE, close), (_BETWEEN_HEX, dump), (_BETWEEN_LETTERS, letters)]


def _codings(text: str) -> list[bytes]:
    """Return a text in the codings that servers hold passwords in, but for an empty one."""
    coded = dict.fromkeys((text.encode(), text.encode("utf-16-le")))
    try:
        coded[text.encode("latin-1")] = None
    except UnicodeEncodeError:
        pass
    return list(filter(None, coded))


def _close(octets: bytes) -> bytes:
    return octets.translate(None, _WHITE_SPACE)


def _spellings(text: str) -> Iterator[bytes]:
    """Yield a text as octets without white space, in each case: octets know only that of ASCII."""
    spelled: dict[bytes, None] = {}
    for cased in (text, text.lower(), text.upper(), text.swapcase()):
        spelled[_close(cased.encode()).lower()] = None
        try:
            spelled[_close(cased.encode("latin-1")).lower()] = None
        except UnicodeEncodeError:
            continue
    yield from filter(None, spelled)


def _encoded(data: bytes, *, word: bool = False, goes_on: bool = False) -> Iterator[Needle]:
    """Yield the base64 of `data`, or of what begins with it."""
    encoded = b2a_base64(data, newline=False).rstrip(b"=")
    if goes_on:
        encoded = encoded[: len(data) * 8 // 6]
    for alphabet in _alphabets(encoded):
        yield Base64(alphabet, word=word, goes_on=goes_on)


def _inner(data: bytes, offset: int, *, goes_on: bool) -> Iterator[Needle]:
    """Yield the base64 of `data` somewhere in a message, so many octets behind a group's start."""
    end = offset + len(data)
    encoded = b2a_base64(bytes(offset) + data, newline=False)
    # A character at the edge is partly of the octet on its other side.
    sure = encoded[-(-offset * 8 // 6) : end * 8 // 6]
    for alphabet in _alphabets(sure):
        yield Base64(alphabet, before=offset > 0, behind=end % 3 > 0, goes_on=goes_on)


def _alphabets(encoded: bytes) -> dict[bytes, None]:
    """Return it in the alphabet for mail and in that for URLs (RFC 4648 sections 4 and 5)."""
    return dict.fromkeys((encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))))
