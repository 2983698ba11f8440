"""Round trips: a link that takes 20 ms there and back, so that little else counts.

The first row measures the round trip itself.  The rows of the case "loopback" do the same as others
without the link: what they take is no round trip.

- Turns in all are counted with small messages, because TCP begins slowly: of 64 messages of 1 KB
  at once only the first ten segments leave at once, and the flights that follow are no turns of
  SMTP.
- Turns a connection are counted over several (`-d`), because the start of one process varies by
  half a round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.link import Link
from benchmarks.messages import KILOBYTE, crlf, message, octets, write
from benchmarks.row import Row
from benchmarks.servers import csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.messages import Octets
    from benchmarks.workshop import Workshop

_ROUND_TRIP = 20.0
"""Milliseconds."""
_MANY = 100
_CONNECTIONS = 10
_RECIPIENTS = 1000

CONNECT = "TCP connect"
SOURCE = "smtp-source -d -s 1"
SWAKS = "swaks --pipeline"
_SMALL_MESSAGE = b"Subject: small\n\n.\n"
LOOPBACK = "loopback"
ONE = "1 message"
MANY = f"{_MANY} messages"
SMALL = f"{_MANY} small messages"
FRESH = f"{_CONNECTIONS} connections"
TO_MANY = f"1 message to {_RECIPIENTS:,}"


def rows(workshop: Workshop) -> list[Row]:
    """The rows.

    Raises:
        Unavailable: there can be no such link here.
    """
    link = workshop.keep(Link(workshop, _ROUND_TRIP))
    many = workshop.count(_MANY, 3)
    connections = workshop.count(_CONNECTIONS, 2)
    to = workshop.count(_RECIPIENTS, 10)
    content = message(KILOBYTE)
    lf = write(workshop.data / "1k.lf", content)
    with_crlf = write(workshop.data / "1k.crlf", crlf(content))
    listed = write(workshop.data / "many.list", f"{lf}\n".encode() * many)
    few_listed = write(workshop.data / "few.list", f"{lf}\n".encode() * connections)
    sent, sent_small = octets(content), octets(_SMALL_MESSAGE)
    small = write(workshop.data / "small.lf", _SMALL_MESSAGE)
    small_listed = write(workshop.data / "small.list", f"{small}\n".encode() * many)

    def row(
        name: str, case: str, units: int, client: Client, against: str, each: Octets = sent
    ) -> Row:
        ours = name.startswith("smtp ")
        expected = Expected(units, each if ours else None, to=to if case == TO_MANY else 1)
        run = (
            Submission(workshop, client, csinks(workshop), expected)
            if case == LOOPBACK
            else Submission(workshop, client, link.csinks, expected, link.prefix)
        )
        # Where a round trip takes 20 ms, what the warm-up is for takes nothing.
        return Row(name, run, case, units, against, warm_up=case == LOOPBACK)

    def smtp(*words: object, to: int = 1) -> Client:
        return clients.smtp(workshop, *map(str, words), to=to)

    def source(count: int) -> Client:
        return clients.smtp_source(messages=count, sessions=1, size=sent.data)

    config = workshop.directory / "curl.config"
    files, small_files = ("--files-from", listed), ("--files-from", small_listed)
    no_wait_small = smtp("--no-wait", *small_files)
    fresh = {
        name: smtp("-d", *options, "--files-from", few_listed)
        for name, options in (
            ("--no-chunking", ["--no-chunking"]),
            ("(BDAT)", []),
            ("--no-wait", ["--no-wait"]),
        )
    }
    return [
        Row(CONNECT, link.connect, warm_up=False),
        row(SOURCE, ONE, 1, source(1), SOURCE),
        row("curl", ONE, 1, clients.curl(with_crlf), SOURCE),
        row(SWAKS, ONE, 1, clients.swaks(lf, "--pipeline"), SOURCE),
        row("smtp --no-chunking", ONE, 1, smtp("--no-chunking", lf), SOURCE),
        row("smtp (BDAT)", ONE, 1, smtp(lf), SOURCE),
        row("smtp --no-wait", ONE, 1, smtp("--no-wait", lf), SOURCE),
        row(SOURCE, MANY, many, source(many), SOURCE),
        row("curl", MANY, many, clients.curl_many(with_crlf, many, config), SOURCE),
        row("smtp --no-chunking", MANY, many, smtp("--no-chunking", *files), SOURCE),
        row("smtp (BDAT)", MANY, many, smtp(*files), SOURCE),
        row("smtp --no-wait", MANY, many, smtp("--no-wait", *files), SOURCE),
        row("smtp --no-wait", SMALL, many, no_wait_small, "", sent_small),
        row(SWAKS, TO_MANY, 1, clients.swaks(lf, "--pipeline", to=to), SWAKS),
        row("smtp --no-chunking", TO_MANY, 1, smtp("--no-chunking", lf, to=to), SWAKS),
        row("smtp (BDAT)", TO_MANY, 1, smtp(lf, to=to), SWAKS),
        row("smtp --no-wait", TO_MANY, 1, smtp("--no-wait", lf, to=to), SWAKS),
        row("smtp --no-wait", LOOPBACK, many, no_wait_small, "", sent_small),
        *(
            row(f"smtp -d {name}", case, connections, client, "")
            for case in (FRESH, LOOPBACK)
            for name, client in fresh.items()
        ),
    ]
