r"""Foreign text made fit for a terminal and for one line of output.

What a server says, and what a file is called, may hold escape sequences, line ends, bidirectional
overrides and characters that cannot be seen.  None of them reaches the screen: letters, digits,
punctuation and symbols are shown as they are, in every script, and everything else by an escape.
That includes combining marks, which are drawn over what stands before them.  A backslash is shown
doubled, so that what is shown tells exactly what there was.

    \xNN         an octet: a C0 control, DEL, or an octet that is not part of valid UTF-8
    \uNNNN       any other character that cannot be seen, C1 controls and bidi marks among them
    \UNNNNNNNN   the same beyond U+FFFF
    \\           a backslash

Text comes in as `str` in which octets that are not UTF-8 are lone surrogates (PEP 383), which is
what the command line and file names hand over too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from smtpwire.core.reply import Reply

_SEEN = frozenset("LNPS")
"""The first letters of the categories of Unicode that have a shape and a place of their own:
letters, numbers, punctuation, symbols."""

_NOT_SEEN = frozenset(
    {0x115F, 0x3164, 0xFFA0}  # Hangul fillers
    | {*range(0x1160, 0x1200), *range(0xD7B0, 0xD800)}  # Hangul that joins what stands before it
    | {0x2800, 0x1D159, 0x13441, 0x13442}  # a pattern of no dots, a note of no head, blank signs
)
"""What Unicode calls a letter or a symbol all the same."""

_SURROGATE_OCTETS = range(0xDC80, 0xDD00)

QUOTED_LIMIT = 200
"""Characters of a value that an error repeats: more than a value that is right has."""


def printable(text: str) -> str:
    """Return `text` with everything that is not visible escaped, in one line."""
    return _escaped(text, backslash="\\\\")


def sentence(text: str) -> str:
    """Return a sentence of our own with what is not visible escaped.

    Backslashes stay as they are: where such a sentence quotes somebody, it has done so by `repr`.
    """
    return _escaped(translated(text), backslash="\\")


def quoted(text: str) -> str:
    """Return a value for a sentence of our own to quote: by `repr`, and only its start if long."""
    if len(text) <= QUOTED_LIMIT:
        return repr(text)
    return f"{text[:QUOTED_LIMIT]!r}... ({len(text)} characters)"


def translated(text: str) -> str:
    r"""Return a sentence that quotes by `repr` with the escapes of this module.

    To Python, \xNN is a character, and an octet that is not UTF-8 is \udcNN.
    """
    if "\\" not in text:
        return text
    import re

    return re.sub(r"\\(?:\\|x([89a-f][0-9a-f])|udc([89a-f][0-9a-f]))", _translated, text)


def _translated(found: re.Match[str]) -> str:
    character, octet = found.groups()
    if character is not None:
        return f"\\u00{character}"
    return found[0] if octet is None else f"\\x{octet}"


def _escaped(text: str, *, backslash: str) -> str:
    if text.isascii():
        if text.isprintable() and "\\" not in text:
            return text
        visible: Callable[[str], bool] = str.isprintable
    else:
        visible = _visible()
    shown = {c: c if visible(c) else _escape(c) for c in {*text}} | {"\\": backslash}
    return "".join([shown[character] for character in text])


def _visible() -> Callable[[str], bool]:
    """Return what tells whether a character is seen; its tables are loaded only for it."""
    from unicodedata import category

    def visible(character: str) -> bool:
        if character == " ":
            return True
        return category(character)[0] in _SEEN and ord(character) not in _NOT_SEEN

    return visible


def _escape(character: str) -> str:
    code = ord(character)
    if code in _SURROGATE_OCTETS:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def octets(data: bytes) -> str:
    """Return octets from a server, decoded as UTF-8 and escaped."""
    return printable(data.decode("utf-8", "surrogateescape"))


def shorten(text: str, limit: int) -> str:
    """Return escaped `text`; where it is longer than `limit`, its start and how long it was."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text)} characters)"


def reply_line(reply: Reply) -> str:
    """Return a whole reply in one line: its code and its texts, joined by a slash, escaped."""
    texts = " / ".join(filter(None, map(octets, reply.raw)))
    return f"{reply.code} {texts}" if texts else str(reply.code)


def reply_lines(reply: Reply) -> list[str]:
    """Return a reply as it stood on the wire (RFC 5321 section 4.2.1), a text a line, escaped."""
    last = len(reply.raw) - 1
    lines = [f"{reply.code}{'-' if i < last else ' '}{octets(t)}" for i, t in enumerate(reply.raw)]
    if not reply.raw[last]:
        lines[last] = str(reply.code)
    return lines
