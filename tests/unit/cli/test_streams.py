"""Writing lines, come what may."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.streams import LineWriter, standard_error, standard_output
from smtpwire.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for descriptor in (read_end, write_end):
        try:
            os.close(descriptor)
        except OSError:
            pass  # the test closed it


def test_lines_are_written_at_once(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    writer.write("one", "two ü")
    assert os.read(pipe[0], 100) == "one\ntwo ü\n".encode()
    writer.write()
    writer.write("three")
    assert os.read(pipe[0], 100) == b"three\n"


def test_fault_204_characters_that_the_encoding_lacks_become_escapes(pipe: tuple[int, int]) -> None:
    LineWriter(pipe[1], "ascii").write("ü\udcff€")
    assert os.read(pipe[0], 100) == b"\\xfc\\udcff\\u20ac\n"


def test_fault_192_a_failure_is_told_once_and_ends_the_writing(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    told: list[OSError] = []
    writer = LineWriter(pipe[1], failed=told.append)
    writer.write("one")
    writer.write("two")
    assert [error.errno for error in told] == [errno.EPIPE]
    assert writer.failure is told[0]


def test_a_full_disk_is_a_failure() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        writer = LineWriter(descriptor)
        writer.write("one")
    finally:
        os.close(descriptor)
    assert writer.failure is not None
    assert writer.failure.errno == errno.ENOSPC


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_is_slow_is_waited_for(pipe: tuple[int, int], blocking: bool) -> None:
    os.set_blocking(pipe[1], blocking)
    line = "x" * 1_000_000
    received = bytearray()

    def read_all() -> None:
        while len(received) <= len(line):
            received.extend(os.read(pipe[0], 65_536))

    reader = threading.Thread(target=read_all)
    reader.start()
    LineWriter(pipe[1]).write(line)
    reader.join()
    assert received == line.encode() + b"\n"


def test_a_reader_that_does_not_read_is_not_waited_for_after_a_signal(
    pipe: tuple[int, int],
) -> None:
    def interrupted(blocking: object) -> object:
        raise Interrupted("stopped by SIGTERM")

    told: list[OSError] = []
    writer = LineWriter(pipe[1], failed=told.append, during=interrupted)
    writer.write("x" * 10_000)
    assert told == []
    writer.write("x" * 1_000_000)
    assert [error.strerror for error in told] == ["nobody reads it"]


def test_closed_standard_descriptors_are_opened_on_dev_null() -> None:
    program = (
        "import os, sys\n"
        "report = os.dup(1)\n"
        "for descriptor in (0, 1, 2): os.close(descriptor)\n"
        "from smtpwire.cli.streams import open_standard_descriptors\n"
        "open_standard_descriptors()\n"
        "null = os.stat(os.devnull)\n"
        "same = [os.path.samestat(os.fstat(d), null) for d in (0, 1, 2)]\n"
        "os.write(report, repr(same).encode())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[True, True, True]"


def test_open_standard_descriptors_are_left_alone() -> None:
    program = (
        "import os\n"
        "before = [os.fstat(d) for d in (0, 1, 2)]\n"
        "from smtpwire.cli.streams import open_standard_descriptors\n"
        "open_standard_descriptors()\n"
        "print(all(os.path.samestat(a, os.fstat(d)) for d, a in enumerate(before)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"True\n"


def test_the_encoding_is_that_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    monkeypatch.setattr("sys.stderr", None)
    assert standard_output()._encoding == "ascii"
    assert standard_error()._encoding == "utf-8"
