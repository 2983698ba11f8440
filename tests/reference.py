"""What a server must receive: slow, obvious functions that the fast ones are compared with.

They are written to be read, one octet at a time, and share nothing with src/smtpwire.
"""

from __future__ import annotations

import re

CR, LF = b"\r", b"\n"


def normalised(content: bytes) -> bytes:
    """The content as mail: every line ends in CRLF, the last one too.

    A line's end is CRLF, a bare LF or a bare CR; SMTP knows only the first (RFC 5321 section
    2.3.8).  Nothing else is changed.
    """
    lines: list[bytes] = []
    line = b""
    position = 0
    while position < len(content):
        octet = content[position : position + 1]
        position += 1
        if octet == CR and content[position : position + 1] == LF:
            position += 1
        if octet in {CR, LF}:
            lines.append(line)
            line = b""
        else:
            line += octet
    if line:
        lines.append(line)
    return b"".join(line + b"\r\n" for line in lines)


def terminated(content: bytes) -> bytes:
    """What DATA brings of content that goes as it is (`-e`): the CRLF before the dot is part of it.

    RFC 5321 section 4.1.1.4: the end of data is CRLF.CRLF, and its first CRLF ends the last line.
    """
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def without_bcc(content: bytes) -> bytes:
    """Normalised content without its Bcc and Resent-Bcc fields, folded lines included (`-F`)."""
    kept: list[bytes] = []
    dropping = False
    lines = normalised(content).splitlines(keepends=True)
    while lines and lines[0] != b"\r\n":
        line = lines.pop(0)
        if not line.startswith((b" ", b"\t")):
            dropping = re.match(rb"(resent-)?bcc[ \t]*:", line, re.IGNORECASE) is not None
        if not dropping:
            kept.append(line)
    return b"".join(kept + lines)
