"""One large message under TLS, from the first octet on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import write_large
from benchmarks.row import Row
from benchmarks.servers import tls_csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.clients import Client
    from benchmarks.workshop import Workshop

_MEGABYTES = 500
LF = "curl --crlf, LF"
CRLF = "curl, CRLF"
TLS = ("-M", "--tls-on-connect")
"""The command's options for it; without -V, as curl with -k, it verifies no certificate."""


def rows(workshop: Workshop) -> list[Row]:
    """The rows."""
    size = workshop.count(_MEGABYTES)
    large = write_large(workshop.data, size)
    start = tls_csinks(workshop)

    def row(name: str, client: Client, against: str, by: str) -> Row:
        run = Submission(workshop, client, start, Expected(1, large.octets, by))
        return Row(name, run, units=size, against=against)

    def smtp(*words: object) -> Client:
        return clients.smtp(workshop, *TLS, *map(str, words))

    def curl(path: Path, *options: str) -> Client:
        return clients.curl(path, "-k", *options, scheme="smtps")

    data = "--no-chunking"
    return [
        row(LF, curl(large.lf, "--crlf"), LF, "data"),
        row(CRLF, curl(large.crlf), CRLF, "data"),
        row("smtp LF, DATA", smtp(data, large.lf), LF, "data"),
        row("smtp LF, BDAT", smtp(large.lf), LF, "bdat"),
        row("smtp CRLF, DATA", smtp(data, large.crlf), CRLF, "data"),
        row("smtp CRLF, BDAT", smtp(large.crlf), CRLF, "bdat"),
    ]
