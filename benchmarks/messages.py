"""The messages that are sent, and what they must be on the wire.

Every message has a line that begins with a dot.  Files have LF line ends, as files have; peers that
send line ends as they are (smtplib, and curl without --crlf) get a copy with CRLF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    b"From: <a@example.org>\nTo: <u0@example.org>\nSubject: bench\n"
    b"Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <%06d@example.org>\n\n"
)
DOTTED = b".a line that begins with a dot\n"
_LINE = b"The quick brown fox jumps over the lazy dog 0123456789 abcdefghijklmn\n"
_WORDS = b"The quick brown fox jumps over the lazy dog. 0123456789 abcdefghijklmnopqrs"

KILOBYTE = 1024
"""Octets on the wire of one of many messages."""

TEXT = b"".join(_WORDS[: 60 + number % 16] + b"\n" for number in range(997))
"""Lines of 60 to 75 octets, none of which begins with a dot."""

BLOCK = TEXT + DOTTED
"""What large messages are made of."""


@dataclass(frozen=True)
class Octets:
    """What a sink must count for one message."""

    data: int
    """By DATA: dots doubled, the final dot included."""
    bdat: int
    """By BDAT."""


@dataclass(frozen=True)
class Large:
    """A large message in two files, and what a sink must count for either."""

    lf: Path
    crlf: Path
    octets: Octets


def crlf(content: bytes) -> bytes:
    """A content with LF line ends, with CRLF."""
    return content.replace(b"\n", b"\r\n")


def stuffed(content: bytes) -> bytes:
    """A content with CRLF line ends, its dots doubled; its first line must not begin with one."""
    return content.replace(b"\r\n.", b"\r\n..")


def octets(content: bytes) -> Octets:
    """What a sink must count for a content with LF line ends."""
    wire = crlf(content)
    return Octets(len(stuffed(wire)) + len(b".\r\n"), len(wire))


def message(size: int, number: int = 1) -> bytes:
    """A message of so many octets when its line ends are CRLF."""
    content = HEADER % number + DOTTED
    left = size - len(crlf(content))
    lines, rest = divmod(left - len(b"x\r\n"), len(crlf(_LINE)))
    return content + _LINE * lines + b"x" * (rest + 1) + b"\n"


def write(path: Path, content: bytes) -> Path:
    """Write a file; its path."""
    path.write_bytes(content)
    return path


def write_many(directory: Path, count: int, *, with_crlf: bool = False) -> Path:
    """Write so many different messages of a kilobyte, a file each.

    Returns:
        A file that lists them, one name a line, for --files-from.
    """
    directory.mkdir()
    paths = [directory / f"{number:06}.eml" for number in range(count)]
    for number, path in enumerate(paths):
        content = message(KILOBYTE, number)
        path.write_bytes(crlf(content) if with_crlf else content)
    return write(directory.with_suffix(".list"), "".join(f"{path}\n" for path in paths).encode())


def write_large(directory: Path, megabytes: float) -> Large:
    """Write a message of about so many MB, with LF and with CRLF."""
    blocks = max(1, int(megabytes * 1e6) // len(BLOCK))
    start, each = octets(HEADER % 1), octets(BLOCK)
    # A block's dotted line is never its first, so its dots can be counted block by block.
    data = start.data + blocks * (each.data - len(b".\r\n"))
    large = Large(
        directory / "large.lf",
        directory / "large.crlf",
        Octets(data, start.bdat + blocks * each.bdat),
    )
    for path, convert in ((large.lf, bytes), (large.crlf, crlf)):
        with path.open("wb") as file:
            file.write(convert(HEADER % 1))
            block = convert(BLOCK)
            for _ in range(blocks):
                file.write(block)
    return large
