"""The byte transforms against `tests.reference`: line ends, dots and the scan, in any chunks."""

from __future__ import annotations

from smtpwire.message.dots import DotStuffer, stuffed_whole
from smtpwire.message.eol import Normaliser
from smtpwire.message.reader import BodyReader, wire_pieces
from smtpwire.message.scan import Scanner, scan_whole
from tests.fuzz.chance import Chance
from tests.reference import normalised, terminated
from tests.unit.message.files import everything

PARTS = (
    *(b"\r", b"\n", b"\r\n", b".", b"\r\n.", b"\n.\n", b"\0", b"\xe9", b"a" * 500, b"text"),
    *(b"..", b"\n.", b"\r.", b".\r\n", b"a" * 61 + b"\r\n", b"a" * 4090),
)
TIMES = (1, 1, 1, 1, 2, 3, 17, 300)
"""Some transforms go one way where what they change is dense, and another where it is rare."""


def check_contents(octets: bytes) -> None:
    """The octets decide of what parts the content is made, and where it is cut."""
    rng = Chance(octets)
    raw = rng.random() < 0.3
    limit = rng.choice((1, 7, 600, 1 << 20))
    content = b""
    for _ in range(rng.randrange(12)):
        part = rng.choice(PARTS)
        content += part * min(rng.choice(TIMES), 5_000 // len(part))
    chunks = []
    while content:
        cut = rng.choice((1, 2, 5, 70, 500, 5_000, len(content)))
        chunks.append(content[:cut])
        content = content[cut:]
    if len(chunks) > 1_000:
        limit = max(limit, 7)
    check_what_is_sent(chunks, raw=raw, limit=limit)
    check_what_is_scanned(chunks, raw=raw)


def check_what_is_sent(chunks: list[bytes], *, raw: bool, limit: int) -> None:
    """A server gets what the reference says."""
    content = b"".join(chunks)
    wire = content if raw else normalised(content)
    reader = BodyReader(
        wire_pieces(
            iter(chunks),
            name="m",
            size=len(wire),
            normaliser=None if raw else Normaliser(),
            stuffer=DotStuffer(),
            prefix=b"",
        )
    )
    data = everything(reader, limit)
    assert data.endswith(b"\r\n.\r\n") or data == b".\r\n"
    assert b"".join(stuffed_whole(wire)) == data
    lines = data.removesuffix(b".\r\n").split(b"\r\n")
    assert b"." not in lines
    assert b"\r\n".join(line.removeprefix(b".") for line in lines) == (
        terminated(wire) if wire else b""
    )


def check_what_is_scanned(chunks: list[bytes], *, raw: bool) -> None:
    """The scanner gives back what BDAT sends, and says of it what is so."""
    content = b"".join(chunks)
    wire = content if raw else normalised(content)
    scanner = Scanner(raw=raw)
    assert b"".join([*map(scanner.feed, chunks), scanner.finish()]) == wire
    facts = scanner.facts()
    assert scan_whole(content, raw=raw) == (wire, facts)
    assert facts.size == len(wire)
    assert facts.data_size == (len(terminated(wire)) if wire else 0)
    assert facts.clean == (content == wire)
    assert facts.eightbit == (not wire.isascii())
    assert facts.nul == (b"\0" in wire)
    longest = max(map(len, wire.replace(b"\r\n", b"\n").split(b"\n")))
    assert facts.long_line == (longest > 998)
