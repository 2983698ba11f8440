"""What a journal costs: the same run with and without one, in memory and on a disk.

A run with a journal waits for the disk before every end of data, so what a disk takes for that is a
row of its own, measured in the same rounds.  A journal in memory waits for nothing: what it costs
is the work of the processor.
"""

from __future__ import annotations

import os
import time
from itertools import count as numbers
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import clients
from benchmarks.messages import KILOBYTE, message, octets, write_many
from benchmarks.row import Row, Run
from benchmarks.servers import csinks
from benchmarks.submission import Expected, Submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.clients import Client, Command
    from benchmarks.servers import Address
    from benchmarks.workshop import Workshop

_MESSAGES = 10_000
_DISK = "/var/tmp"
_PAGE = 4096
MEMORY = "memory"
DISK = "disk"
WITHOUT = "-j 10 files"
WITH = "-j 10 files, --journal"
SYNCHRONISED = "write and fdatasync of 4 KiB"


def rows(workshop: Workshop) -> list[Row]:
    """The rows: each place without a journal, with one, and what it takes to be durable there."""
    count = workshop.count(_MESSAGES, 100)
    files = write_many(workshop.data / "lf", count)
    disk = Path(workshop.keep(TemporaryDirectory(prefix="smtpwire-bench-", dir=_DISK)))
    plain = clients.smtp(workshop, "-j", "10", "--files-from", files)
    expected = Expected(count, octets(message(KILOBYTE)), "bdat")
    start = csinks(workshop)

    def row(case: str, name: str, client: Client) -> Row:
        run = Submission(workshop, client, start, expected)
        return Row(name, run, case, count, WITHOUT)

    def place(case: str, directory: Path) -> list[Row]:
        times = workshop.count(200, 1)
        return [
            row(case, WITHOUT, plain),
            row(case, WITH, _with_journal(plain, directory)),
            Row(SYNCHRONISED, _synchronised(directory / "page", times), case, times),
        ]

    return [*place(MEMORY, workshop.data), *place(DISK, disk)]


def _with_journal(client: Client, directory: Path) -> Client:
    """The same with a journal, a new one each time."""
    number = numbers()

    def command(server: Address) -> Command:
        found = client(server)
        found.words.extend(["--journal", str(directory / f"journal-{next(number)}")])
        return found

    return command


def _synchronised(path: Path, times: int) -> Callable[[bool], Run]:
    """Writes a page of a file anew so many times, durably."""

    def run(_warm_up: bool) -> Run:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, bytes(_PAGE), 0)
            os.fsync(fd)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(times):
                os.pwrite(fd, bytes(_PAGE), 0)
                os.fdatasync(fd)
            return Run(time.perf_counter() - wall, time.process_time() - cpu)
        finally:
            os.close(fd)

    return run
