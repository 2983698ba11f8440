"""The asynchronous API, a program of its own, against the library that one would otherwise take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, crlf, message, octets, write
from benchmarks.row import Row
from benchmarks.servers import csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from benchmarks.workshop import Workshop

_MESSAGES = 20_000
_CONNECTIONS = 10
PEER = "aiosmtplib, 10"
DATA = "AsyncClient, 10, DATA"
BDAT = "AsyncClient, 10, BDAT"


def rows(workshop: Workshop) -> list[Row]:
    """The rows, all on csink: the other sink would be what is measured."""
    count = workshop.count(_MESSAGES, 100)
    fewer = count // 4  # it takes four times as long
    content = message(KILOBYTE)
    with_lf = write(workshop.data / "1k.lf", content)
    with_crlf = write(workshop.data / "1k.crlf", crlf(content))
    start = csinks(workshop)

    def ours(name: str, way: str) -> Row:
        client = clients.async_client(workshop, with_lf, _CONNECTIONS, count, way)
        expected = Expected(count, octets(content), way)
        run = Submission(workshop, client, start, expected)
        return Row(name, run, units=count, against=PEER)

    peer = clients.aiosmtplib(with_crlf, _CONNECTIONS, fewer)
    run = Submission(workshop, peer, start, Expected(fewer))
    return [
        Row(PEER, run, units=fewer, against=PEER),
        ours(DATA, "data"),
        ours(BDAT, "bdat"),
    ]
