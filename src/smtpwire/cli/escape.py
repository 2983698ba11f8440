r"""Foreign text made fit for a terminal and for one line of output.

What a server says, and what a file is called, may hold escape sequences, line ends, bidirectional
overrides and characters that cannot be seen.  None of them reaches the screen: each is shown by an
escape, and a backslash is shown doubled, so that what is shown tells exactly what there was.

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
    from smtpwire.core.reply import Reply

_INVISIBLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
    | {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
)
"""What Unicode calls default-ignorable although its category is that of a letter or a mark, so that
`str.isprintable` lets it pass."""

_SURROGATE_OCTETS = range(0xDC80, 0xDD00)


def printable(text: str) -> str:
    """Return `text` with everything that is not visible escaped, in one line."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_shown, text))


def sentence(text: str) -> str:
    """Return a sentence of our own with what is not visible escaped.

    Backslashes stay as they are: where such a sentence quotes somebody, it has done so by `repr`.
    """
    return printable(text).replace("\\\\", "\\")


def _shown(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if character.isprintable() and code not in _INVISIBLE:
        return character
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
