r"""The forms in which a server may say a secret back, as regular expressions.

A server that repeats what it was sent has it in the form of the mechanism: PLAIN's message, LOGIN's
two lines, CRAM-MD5's response, each in base64 (RFC 4954 section 4).  One that explains what it did
not like may write the password itself, in whatever its logs use.  So these are known:

    the password       as it is, each character perhaps escaped in the way of a quoted string, of
                       JSON, HTML, a URL (%XX), quoted-printable (=XX), xtext (+XX) or Python (\xXX)
    in hexadecimal     with or without separators
    in base64          both alphabets, at any place in what was encoded
    a login's base64   PLAIN's message, LOGIN's user, CRAM-MD5's user and digest

White space and the end of a line of the reply may come between any two characters, and letters are
taken in any case.  What is under `SHORTEST_ANYWHERE` octets is hidden only as a whole word.

To compile all of them takes longer than to submit a message, and next to no reply holds any.  So of
each form it is known how long it is and which letters and digits stand side by side in it; only one
for which a text is long enough, and of which it has all these pairs, is compiled.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

SHORTEST_ANYWHERE = 4
"""Octets; to blot out anything shorter wherever its letters occur would tell what it is."""

LONGEST_SOUGHT = 128
"""Characters of a password that are looked for.  Behind the start of a longer one, all that is left
of a reply is hidden."""

_BREAK = rb"(?:\n[245]\.\d{1,3}\.\d{1,3} |\s){0,4}+"
"""Between two characters: also a new line of the reply, which may begin with its status.  It has a
limit, as every repetition here, so that no reply takes long to search."""
_SPACE = rb"(?:\n[245]\.\d{1,3}\.\d{1,3} |\s|(?:%|=|\+|\\x|\\u00)20|&#32;|[+_]){0,8}"
"""What a space of the password may have become."""
_SEPARATOR = rb"(?:[\s:,.;=%-]|\\x|0x){0,8}+"
"""Between two octets in hexadecimal."""
_BASE64 = rb"[A-Za-z0-9+/_-]"
_ALL = b"(?s:.*)"
_HTML = {'"': rb"quot", "&": rb"amp", "'": rb"apos", "<": rb"lt", ">": rb"gt"}


class Form(NamedTuple):
    """One form."""

    pattern: bytes
    octets: int
    """How many it has at least."""
    pairs: tuple[bytes, ...]
    """Letters and digits, in lower case, between which nothing but white space can come."""

    def may_be_in(self, text: _Text) -> bool:
        """Return False only for a text that cannot hold it."""
        return self.octets <= len(text.lower) and all(
            pair in text.lower or (pair[0] in text.ends and pair[1] in text.starts)
            for pair in self.pairs
        )


class _Text(NamedTuple):
    """What is looked at before anything is searched."""

    lower: bytes
    ends: frozenset[int]
    """The octets before white space."""
    starts: frozenset[int]
    """Those behind it."""


class SecretForms:
    """The forms of one login's secrets."""

    def __init__(self, user: str, password: str) -> None:
        """Make them.

        Args:
            user: whom it is for.
            password: the secret.
        """
        self._forms = _forms(user.encode(), password)

    def pattern(self, text: bytes) -> re.Pattern[bytes] | None:
        """Return what finds each form that there may be in a text, or None where there is none.

        Args:
            text: the lines of a reply, joined by LF.
        """
        words = text.lower().split()
        looked_at = _Text(
            text.lower(),
            frozenset(word[-1] for word in words),
            frozenset(word[0] for word in words),
        )
        found = [form.pattern for form in self._forms if form.may_be_in(looked_at)]
        return re.compile(b"|".join(found), re.IGNORECASE) if found else None


def _forms(name: bytes, password: str) -> list[Form]:
    sought = password[:LONGEST_SOUGHT]
    plain, whole = sought.encode(), len(password) <= LONGEST_SOUGHT
    forms = [
        _base64(b"\0".join((b"", name, plain)), whole=whole),  # RFC 4616 section 2
        _base64(b"\0".join((name, name, plain)), whole=whole),
        *_password(sought),
    ]
    if not whole:
        forms = [form._replace(pattern=form.pattern + _ALL) for form in forms]
    return [*forms, *_cram_md5(name), _word(_base64(name))]  # which CRAM-MD5's begins with


def _pairs(characters: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return what stands side by side, of characters between which only white space can come."""
    single = [character.lower() for character in characters]
    return tuple(one + other for one, other in pairwise(single) if (one + other).isalnum())


def _password(password: str) -> list[Form]:
    plain = password.encode()
    octets = [b"%02x" % octet for octet in plain]
    hexadecimal = Form(_SEPARATOR.join(octets), 2 * len(octets), tuple(octets))
    short = [form for form in (hexadecimal, _literal(password)) if form.pattern]
    if len(plain) < SHORTEST_ANYWHERE:
        return [_word(form) for form in (_base64(plain), *short)] if plain else []
    return [*(_inner_base64(plain, offset) for offset in range(3)), *short]


def _literal(password: str) -> Form:
    words = password.split()
    pattern = _SPACE.join(_BREAK.join(map(_character, word)) for word in words)
    pairs = [pair for word in words for pair in _pairs(c.encode() for c in word)]
    return Form(pattern, sum(map(len, words)), tuple(pairs))


def _character(character: str) -> bytes:
    """Return a pattern for a character as it is and as the usual escapes."""
    if character.isascii() and character.isalnum():
        return character.encode()
    code = ord(character)
    forms = [rb"\\?" + re.escape(character.encode()), rb"&#(?:0*%d|x0*%x);" % (code, code)]
    forms.append(b"".join(rb"(?:\\x|[%%=+])%02x" % octet for octet in character.encode()))
    if code < 0x100:
        forms += [rb"(?:\\x|[%%=+])%02x" % code, re.escape(bytes([code]))]
    utf16 = character.encode("utf-16-be").hex()
    forms.append(b"".join(rb"\\u" + utf16[i : i + 4].encode() for i in range(0, len(utf16), 4)))
    forms.append(re.escape(character.swapcase().encode()))  # IGNORECASE knows only ASCII
    if character in _HTML:
        forms.append(rb"&%b;" % _HTML[character])
    return b"(?:" + b"|".join(forms) + b")"


def _base64(data: bytes, *, whole: bool = True) -> Form:
    """Return the form of `data` in base64, or of what begins with it."""
    encoded = b2a_base64(data, newline=False).rstrip(b"=")
    return _encoded(encoded, after=b"=*") if whole else _encoded(encoded[: len(data) * 8 // 6])


def _inner_base64(data: bytes, offset: int) -> Form:
    """Return the form of `data` inside a base64 text, so many octets behind a group's start."""
    encoded = b2a_base64(bytes(offset) + data, newline=False)
    first = -(-offset * 8 // 6)  # the character before is partly of another octet
    last = (offset + len(data)) * 8 // 6
    before = b"(?:" + _BASE64 + _BREAK + b")?" if offset else b""
    return _encoded(encoded[first:last], before=before, after=_BASE64 + b"*=*")


def _cram_md5(name: bytes) -> list[Form]:
    """Return the user, a space and a digest (RFC 2195 section 2), in base64 and as they are."""
    digits = 32
    length = -(-(len(name) + 1 + digits) * 8 // 6)
    known = (len(name) + 1) * 8 // 6
    rest = b"(?:%b%b){%d}=*" % (_BREAK, _BASE64, length - known)
    encoded = _encoded(b2a_base64(name + b" ", newline=False)[:known], after=rest)
    digest = b"(?:%b[0-9a-f]){%d}" % (_BREAK, digits)
    plain = Form(re.escape(name) + b" " + digest, len(name) + digits, _pairs(_each(name)))
    return [encoded._replace(octets=length), plain]


def _encoded(characters: bytes, *, before: bytes = b"", after: bytes = b"") -> Form:
    either = {b"+": b"[+-]", b"/": b"[/_]"}
    single = _each(characters)
    pattern = _BREAK.join(either.get(character, character) for character in single)
    return Form(before + pattern + after, len(single), _pairs(single))


def _each(octets: bytes) -> list[bytes]:
    return [octets[i : i + 1] for i in range(len(octets))]


def _word(form: Form) -> Form:
    word = rb"(?<![A-Za-z0-9_\x80-\xff])(?:" + form.pattern + rb")(?![A-Za-z0-9_\x80-\xff])"
    return form._replace(pattern=word)
