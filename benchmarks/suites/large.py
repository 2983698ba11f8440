"""One large message: octets a second, and memory that does not grow with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, message, octets, write, write_large
from benchmarks.row import Row
from benchmarks.servers import csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.messages import Octets
    from benchmarks.workshop import Workshop

_MEGABYTES = 500
LF = "curl --crlf, LF"
CRLF = "curl, CRLF"


def rows(workshop: Workshop) -> list[Row]:
    """The rows; one of a kilobyte shows what memory there is without a large message."""
    size = workshop.count(_MEGABYTES)
    large = write_large(workshop.data, size)
    little = message(KILOBYTE)
    small = write(workshop.data / "small.lf", little)
    start = csinks(workshop)

    def row(
        name: str,
        client: Client,
        against: str = "",
        sent: Octets = large.octets,
        by: str = "",
        units: float = size,
    ) -> Row:
        run = Submission(workshop, client, start, Expected(1, sent, by))
        return Row(name, run, units=units, against=against)

    def smtp(*words: object) -> Client:
        return clients.smtp(workshop, *map(str, words))

    data = "--no-chunking"
    return [
        row(LF, clients.curl(large.lf, "--crlf"), LF, by="data"),
        row(CRLF, clients.curl(large.crlf), CRLF, by="data"),
        row("smtp LF, DATA", smtp(data, large.lf), LF, by="data"),
        row("smtp LF, BDAT", smtp(large.lf), LF, by="bdat"),
        row("smtp CRLF, DATA", smtp(data, large.crlf), CRLF, by="data"),
        row("smtp CRLF, BDAT", smtp(large.crlf), CRLF, by="bdat"),
        row("smtp -e CRLF, BDAT", smtp("-e", large.crlf), CRLF, by="bdat"),
        row("smtp, pipe of LF, DATA", clients.piped(workshop, large.lf, data), LF, by="data"),
        row("smtp, pipe of LF, BDAT", clients.piped(workshop, large.lf), LF, by="bdat"),
        row("smtp 1 KB", smtp(small), sent=octets(little), units=0),
    ]
