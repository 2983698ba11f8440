"""A real server: its own work decides, and what remains is how well it is kept busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, message, octets, write_many
from benchmarks.row import Row
from benchmarks.servers import postfix
from benchmarks.submission import Expected, Submission
from benchmarks.suites.throughput import ONE, TEN

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.workshop import Workshop

_MESSAGES = 2_000


def rows(workshop: Workshop) -> list[Row]:
    """The rows."""
    count = workshop.count(_MESSAGES, 20)
    files = write_many(workshop.data / "lf", count)
    size = octets(message(KILOBYTE)).data
    start = postfix(workshop)

    def row(name: str, client: Client, against: str) -> Row:
        run = Submission(workshop, client, start, Expected(count))
        return Row(name, run, units=count, against=against)

    def source(sessions: int) -> Client:
        return clients.smtp_source(messages=count, sessions=sessions, size=size)

    def smtp(*options: str) -> Client:
        return clients.smtp(workshop, *options, "--files-from", str(files))

    return [
        row(ONE, source(1), ONE),
        row(TEN, source(10), TEN),
        row("smtp files", smtp(), ONE),
        row("smtp -j 10 files", smtp("-j", "10"), TEN),
        row("smtp -j 10 --no-wait files", smtp("-j", "10", "--no-wait"), TEN),
    ]
