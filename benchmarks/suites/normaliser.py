"""Line ends and dots, chunk by chunk, in this process: no server and no client.

The peer is the chain of `bytes.replace` that everybody writes first, made right at the seams
between chunks.  Both must give the same octets; that is looked at in the warm-up.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.errors import RowFailed
from benchmarks.messages import BLOCK as DOTTED_TEXT
from benchmarks.messages import TEXT, crlf
from benchmarks.row import Row, Run
from smtpwire.message.content import BLOCK
from smtpwire.message.dots import DotStuffer
from smtpwire.message.eol import Normaliser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.workshop import Workshop

    Convert = Callable[[list[bytes]], Iterator[bytes | memoryview]]
    """Makes of the chunks of a content what DATA sends, but for the end of data."""

_SIZE = 16_000_000
PLAIN = "plain chain"
OURS = "smtpwire"


def corpora(size: int) -> dict[str, bytes]:
    """The contents to be converted, of so many octets each, and each by its name."""

    def filled(part: bytes) -> bytes:
        return (part * (size // len(part) + 1))[:size]

    base64 = (b"TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu" * 3)[:76] + b"\n"
    return {
        "text, LF": filled(TEXT),
        "text, CRLF": filled(crlf(TEXT)),
        "sparse dots, LF": filled(DOTTED_TEXT),
        "sparse dots, CRLF": filled(crlf(DOTTED_TEXT)),
        "base64, LF": filled(base64),
        "base64, CRLF": filled(crlf(base64)),
        "dense dots, LF": filled(b".\n..x\nab\n.hello\n\n"),
        "bare CR": filled(TEXT.replace(b"\n", b"\r")),
    }


def plain(chunks: list[bytes]) -> Iterator[bytes]:
    """The plain chain, right at the seams."""
    after_cr, line_begins = False, True
    for chunk in chunks:
        octets = chunk[1:] if after_cr and chunk.startswith(b"\n") else chunk
        after_cr = chunk.endswith(b"\r")
        if not octets:
            continue
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        octets = octets.replace(b"\n.", b"\n..")
        if line_begins and octets.startswith(b"."):
            octets = b"." + octets
        line_begins = octets.endswith(b"\n")
        yield octets
    if not line_begins:
        yield b"\r\n"


def ours(chunks: list[bytes]) -> Iterator[bytes | memoryview]:
    """The same by the modules that a submission uses."""
    normaliser, stuffer = Normaliser(), DotStuffer()
    for chunk in chunks:
        yield stuffer.feed(normaliser.feed(chunk))
    yield stuffer.feed(normaliser.finish())


def rows(workshop: Workshop) -> list[Row]:
    """The rows: each corpus by both."""
    return [
        _row(case, client, convert, content)
        for case, content in corpora(workshop.count(_SIZE, 2 * BLOCK)).items()
        for client, convert in ((PLAIN, plain), (OURS, ours))
    ]


def _row(case: str, client: str, convert: Convert, content: bytes) -> Row:
    chunks = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]

    def run(warm_up: bool) -> Run:
        if warm_up and b"".join(convert(chunks)) != b"".join(plain([content])):
            raise RowFailed("it gives other octets than the plain chain does without seams")
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in convert(chunks):
            pass
        return Run(time.perf_counter() - wall, time.process_time() - cpu)

    return Row(client, run, case, len(content) / 1e6, PLAIN)
