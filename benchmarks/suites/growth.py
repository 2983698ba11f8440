"""How cost grows: with recipients, with connections, with messages.

Each suite has one kind of row with more and more of something, and a base with one of it; what
counts is what each further one costs, so that the start of the process is in none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, message, octets, write, write_many
from benchmarks.row import Row
from benchmarks.servers import csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.workshop import Workshop

RECIPIENTS = (1, 10, 100, 1_000)
CONNECTIONS = (1, 10, 100, 1_000)
MESSAGES = (1, 1_000, 10_000, 100_000)
MILLION = (1, 1_000, 1_000_000)

ONE = "1"
START = "one message"
_MESSAGES_TO_EACH = 5_000
"""So many that nine further recipients of each are more than a process's start varies by."""
_MESSAGES_A_CONNECTION = 200
_FILES = 1_000
"""Different files; a list of more names has them over and over."""


def recipients(workshop: Workshop) -> list[Row]:
    """So many messages, each to 1, 10, 100 and 1,000 recipients."""
    count = workshop.count(_MESSAGES_TO_EACH, 2)
    file = str(write(workshop.data / "1k.lf", message(KILOBYTE)))
    words = ("--no-wait", "--repeat", str(count), file)
    return [_row(workshop, f"{to:,}", to, count, *words, to=to, per=count) for to in RECIPIENTS]


def connections(workshop: Workshop) -> list[Row]:
    """1, 10, 100 and 1,000 connections with so many messages each."""
    each = workshop.count(_MESSAGES_A_CONNECTION, 2)
    file = str(write(workshop.data / "1k.lf", message(KILOBYTE)))
    return [
        _row(workshop, START, 0, 1, file),
        *(
            _row(workshop, f"{n:,}", n, n * each, "-j", str(n), "--repeat", str(n * each), file)
            for n in CONNECTIONS
        ),
    ]


def messages(workshop: Workshop) -> list[Row]:
    """1 message, then 1,000 to 100,000."""
    return _messages(workshop, MESSAGES)


def million(workshop: Workshop) -> list[Row]:
    """1 message, then 1,000 and 1,000,000."""
    return _messages(workshop, MILLION, warm_up=False)


def _messages(workshop: Workshop, counts: Sequence[int], *, warm_up: bool = True) -> list[Row]:
    names = write_many(workshop.data / "lf", _FILES).read_bytes().splitlines(keepends=True)
    found = []
    for full in counts:
        count = workshop.count(full, 10) if full > 1 else full
        listed = b"".join(names) * (count // _FILES) + b"".join(names[: count % _FILES])
        path = write(workshop.data / f"{full}.list", listed)
        words = ("--no-wait", "--files-from", str(path))
        found.append(_row(workshop, f"{full:,}", count, count, *words, warm_up=warm_up))
    return found


def _row(
    workshop: Workshop,
    name: str,
    units: int,
    count: int,
    *words: str,
    to: int = 1,
    per: int = 1,
    warm_up: bool = True,
) -> Row:
    """A row of the command under test.

    Args:
        workshop: the suite's.
        name: what it is called.
        units: how many there are of what grows.
        count: how many messages it sends.
        words: options and messages.
        to: how many recipients each of them has.
        per: how many times it does each unit.
        warm_up: whether it runs in the warm-up.
    """
    client = clients.smtp(workshop, *words, to=to)
    expected = Expected(count, octets(message(KILOBYTE)), to=to)
    run = Submission(workshop, client, csinks(workshop), expected)
    return Row(name, run, units=units * per, warm_up=warm_up)
