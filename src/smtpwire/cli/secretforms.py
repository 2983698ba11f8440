r"""The forms in which a server may say a secret back, as one regular expression.

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
"""

from __future__ import annotations

import re
from binascii import b2a_base64

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


def secret_pattern(user: str, password: str) -> re.Pattern[bytes]:
    """Return what finds each form of a login's secrets in the lines of a reply, joined by LF.

    Args:
        user: whom it is for.
        password: the secret.
    """
    name, sought = user.encode(), password[:LONGEST_SOUGHT]
    plain, whole = sought.encode(), len(password) <= LONGEST_SOUGHT
    logins = [
        _base64(b"\0".join((b"", name, plain)), whole=whole),  # RFC 4616 section 2
        _base64(b"\0".join((name, name, plain)), whole=whole),
    ]
    forms = [form + (b"" if whole else _ALL) for form in (*logins, *_password(sought))]
    forms += [_word(_base64(name)), *_cram_md5(name)]
    return re.compile(b"|".join(forms), re.IGNORECASE)


def _password(password: str) -> list[bytes]:
    plain = password.encode()
    hexadecimal = _SEPARATOR.join(b"%02x" % octet for octet in plain)
    short = [form for form in (hexadecimal, _literal(password)) if form]
    if len(plain) < SHORTEST_ANYWHERE:
        return [_word(form) for form in (_base64(plain), *short)] if plain else []
    return [*(_inner_base64(plain, offset) for offset in range(3)), *short]


def _literal(password: str) -> bytes:
    words = [_BREAK.join(map(_character, word)) for word in password.split()]
    return _SPACE.join(words)


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


def _base64(data: bytes, *, whole: bool = True) -> bytes:
    """Return a pattern for the base64 of `data`, or of what begins with it."""
    encoded = b2a_base64(data, newline=False).rstrip(b"=")
    return _encoded(encoded) + b"=*" if whole else _encoded(encoded[: len(data) * 8 // 6])


def _inner_base64(data: bytes, offset: int) -> bytes:
    """Return a pattern for `data` inside a base64 text, so many octets behind a group's start."""
    encoded = b2a_base64(bytes(offset) + data, newline=False)
    first = -(-offset * 8 // 6)  # the character before is partly of another octet
    last = (offset + len(data)) * 8 // 6
    before = b"(?:" + _BASE64 + _BREAK + b")?" if offset else b""
    return before + _encoded(encoded[first:last]) + _BASE64 + b"*=*"


def _cram_md5(name: bytes) -> list[bytes]:
    """Return patterns for the user, a space and a digest (RFC 2195 section 2), and its base64."""
    digits = 32
    length = -(-(len(name) + 1 + digits) * 8 // 6)
    known = (len(name) + 1) * 8 // 6
    encoded = _encoded(b2a_base64(name + b" ", newline=False)[:known])
    rest = b"(?:%b%b){%d}=*" % (_BREAK, _BASE64, length - known)
    digest = b"(?:%b[0-9a-f]){%d}" % (_BREAK, digits)
    return [encoded + rest, re.escape(name) + b" " + digest]


def _encoded(characters: bytes) -> bytes:
    either = {b"+": b"[+-]", b"/": b"[/_]"}
    single = (characters[i : i + 1] for i in range(len(characters)))
    return _BREAK.join(either.get(character, character) for character in single)


def _word(form: bytes) -> bytes:
    return rb"(?<![A-Za-z0-9_\x80-\xff])(?:" + form + rb")(?![A-Za-z0-9_\x80-\xff])"
