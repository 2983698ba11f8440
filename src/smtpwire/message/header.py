"""The header block of a message, field by field, octet by octet.

Rules
- A header ends at the first empty line, or with the message (RFC 5322 section 2.1).  A line of
  white space alone is not empty: it continues the field before it (section 4.2).
- Line ends are those of `eol`: CRLF, LF and bare CR, because that is what the header will have
  when it is sent.  So nothing can hide behind a bare CR.
- The fields' texts, joined, are the header: leaving a field out changes no other octet.
- What is no field is refused, not guessed at: a reader that sees a line otherwise than the next
  server does might leave a Bcc in.
- Time is linear in the size, and the size is bounded.
"""

from __future__ import annotations

import re

from smtpwire.errors import MessageUnusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

HEADER_LIMIT = 1024 * 1024
"""Octets in a header.  Postfix's header_size_limit is 100 KiB, Exim's header_maxsize 1 MiB."""

# Atomic groups: a CRLF is never looked at as a CR and then an LF.
_EMPTY_LINE = re.compile(rb"(?>\r\n|\r|\n)(?=[\r\n])")
_FIELD_END = re.compile(rb"(?>\r\n|\r|\n)(?![ \t])")
# RFC 5322 section 2.2 (printable octets but the colon), and section 4.5 (white space before it).
_FIELD_START = re.compile(rb"([!-9;-~]+)[ \t]*:")

_SHOWN = 40
"""Characters of a text that an error quotes."""


class Field(NamedTuple):
    """One field of a header."""

    name: str
    """In lower case."""
    body: bytes
    """What follows on the colon, line ends of folding and the last one included."""
    text: bytes
    """All of it as it stands, name and line ends included."""


def header_end(octets: bytes) -> int | None:
    """Find where a header ends.

    Args:
        octets: the beginning of a message.

    Returns:
        How many octets the header has, the last field's line end included and the empty line not;
        None when the end is not among `octets`.  More octets never change another answer than None.
    """
    if octets[:1] in (b"\r", b"\n"):
        return 0
    found = _EMPTY_LINE.search(octets)
    return found.end() if found else None


def split(header: bytes) -> Iterator[Field]:
    """Take a header apart.

    Args:
        header: the header without the empty line that ends it.

    Yields:
        Its fields; their texts in a row are `header`.

    Raises:
        MessageUnusable: a line is neither a field nor the continuation of one.
    """
    if header.startswith(b"From "):
        raise MessageUnusable(
            'the first line is the "From " of an mbox file and not a header field: remove it'
        )
    start = 0
    while start < len(header):
        ended = _FIELD_END.search(header, start)
        end = ended.end() if ended else len(header)
        found = _FIELD_START.match(header, start, end)
        if found is None:
            place = shown(header[start:end].decode("ascii", "backslashreplace"))
            raise MessageUnusable(f"in the header, {place} is not a field")
        name = found[1].decode("ascii").lower()
        yield Field(name, header[found.end() : end], header[start:end])
        start = end


def shown(text: str) -> str:
    """Quote the beginning of a text for an error: short, printable, ASCII."""
    text = text.strip()
    return ascii(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
