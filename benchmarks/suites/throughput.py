"""Many small messages, on one connection and on ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, message, octets, write_many
from benchmarks.row import Row
from benchmarks.servers import csinks, smtp_sinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.servers import Start
    from benchmarks.workshop import Workshop

_MESSAGES = 20_000
ONE = "smtp-source -d -s 1"
TEN = "smtp-source -d -s 10"


@dataclass(frozen=True)
class _Sink:
    """Makes the rows of one sink.

    Attributes:
        workshop: the suite's.
        case: what the sink is called.
        start: starts it.
        count: how many messages the command under test sends.
    """

    workshop: Workshop
    case: str
    start: Start
    count: int

    def peer(self, name: str, client: Client, count: int, against: str) -> Row:
        """A row of a peer."""
        run = Submission(self.workshop, client, self.start, Expected(count))
        return Row(name, run, self.case, count, against)

    def smtp(self, name: str, against: str, *words: str, by: str) -> Row:
        """A row of the command under test."""
        client = clients.smtp(self.workshop, *words)
        expected = Expected(self.count, octets(message(KILOBYTE)), by)
        run = Submission(self.workshop, client, self.start, expected)
        return Row(f"smtp {name}", run, self.case, self.count, against)


def rows(workshop: Workshop) -> list[Row]:
    """The rows: on smtp-sink, which has no CHUNKING, and on csink, which has."""
    count = workshop.count(_MESSAGES, 100)
    fewer = count // 4  # for peers that take four times as long
    files = write_many(workshop.data / "lf", count)
    crlf_files = write_many(workshop.data / "crlf", fewer, with_crlf=True)
    listed = ("--files-from", str(files))
    repeated = ("--repeat", str(count), str(workshop.data / "lf" / "000000.eml"))

    def by_data(sink: _Sink) -> list[Row]:
        size = octets(message(KILOBYTE)).data
        one, ten = (
            clients.smtp_source(messages=count, sessions=sessions, size=size)
            for sessions in (1, 10)
        )
        data = "--no-chunking"
        return [
            sink.peer(ONE, one, count, ONE),
            sink.peer(TEN, ten, count, TEN),
            sink.peer("smtplib", clients.smtplib(workshop, crlf_files), fewer, ONE),
            sink.peer("aiosmtplib, 10", clients.aiosmtplib(crlf_files, 10), fewer, TEN),
            sink.smtp("files, DATA", ONE, data, *listed, by="data"),
            sink.smtp("--repeat, DATA", ONE, data, *repeated, by="data"),
            sink.smtp("-j 10 files, DATA", TEN, data, "-j", "10", *listed, by="data"),
            sink.smtp("-j 10 --repeat, DATA", TEN, data, "-j", "10", *repeated, by="data"),
        ]

    slow = _Sink(workshop, "smtp-sink", smtp_sinks(workshop), count)
    fast = _Sink(workshop, "csink", csinks(workshop), count)
    two = ("--processes", "2", "-j", "10")
    return [
        *by_data(slow),
        *by_data(fast),
        fast.smtp("files, BDAT", ONE, *listed, by="bdat"),
        fast.smtp("-j 10 files, BDAT", TEN, "-j", "10", *listed, by="bdat"),
        fast.smtp("--processes 2 -j 10 files, BDAT", TEN, *two, *listed, by="bdat"),
        fast.smtp("--no-wait files, BDAT", TEN, "--no-wait", *listed, by="bdat"),
        fast.smtp("--no-wait --repeat, BDAT", TEN, "--no-wait", *repeated, by="bdat"),
    ]
