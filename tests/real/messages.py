"""The messages that the real servers are sent, as a user might have them on disk.

Each holds a mark, by which it is found again where it was delivered.
"""

from __future__ import annotations

import uuid

SENDER = "alice@example.test"
RECIPIENT = "bob@example.test"
ENVELOPE = ("-f", SENDER, "-r", RECIPIENT)
"""The options that say so, of the second form of the command."""

RECIPIENTS_IN_HEADER = 4
"""How many To, Cc and Bcc name."""

_HEADER = b"""\
From: Alice <alice@example.test>
To: Bob <bob@example.test>
Cc: "Carol, the second" <carol@example.test>
Bcc: Dave <dave@example.test>,
 Erin <erin@example.test>
Subject: MARK
Date: Mon, 23 Nov 2026 20:00:00 +0000
Message-ID: <MARK@example.test>

"""

_LF_ENDS = b"""\
A message as an editor on Unix leaves it.

.
.. and dots, and \xc3\xa9\xff, and space at the end \x20
\t
From here on, nothing.

"""

_CRLF_AND_DOTS = (
    b".\r\n..\r\n...\r\n.x\r\n\r\n.\r\n \r\n"
    + bytes(range(128, 256))
    + b"\r\n"
    + b"y" * 998
    + b"\r\n"
    + b"." * 998
    + b"\r\n.\r\n"
)

_STRAY_ENDS = b"a\rb\r\rc\r\r\nd\n\re\n\nf\r\n.\r.\n.\r\n.g\r.h\nthe last line has no end."

_NUL_AND_LONG_LINE = b"NUL \x00 NUL\n" + b"z" * 5000 + b"\n\x00\n.\x00.\n"


def ordinary(mark: str) -> dict[str, bytes]:
    """Three messages that every server takes and none needs to change, by their own marks."""
    return {
        f"{mark}-lf-ends": _with_header(_LF_ENDS, f"{mark}-lf-ends"),
        f"{mark}-dots": _with_header(_CRLF_AND_DOTS, f"{mark}-dots", line_end=b"\r\n"),
        f"{mark}-stray-ends": _with_header(_STRAY_ENDS, f"{mark}-stray-ends"),
    }


def odd(mark: str) -> dict[str, bytes]:
    """A message that is no mail by RFC 5322 section 2.1.1 and 2.3, and that many servers take."""
    return {f"{mark}-nul": _with_header(_NUL_AND_LONG_LINE, f"{mark}-nul")}


def small(mark: str) -> bytes:
    """A message of no particular interest."""
    return _with_header(b"Hello.\n", mark)


def new_mark() -> str:
    """Text that occurs nowhere else."""
    return f"mark-{uuid.uuid4().hex}"


def _with_header(body: bytes, mark: str, *, line_end: bytes = b"\n") -> bytes:
    return _HEADER.replace(b"MARK", mark.encode()).replace(b"\n", line_end) + body
