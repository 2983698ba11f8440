"""What the tests of memory share: a sink, content by the gigabyte, and the command, measured."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from tests.command import SMTP, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
ISOLATED = (sys.executable, "-I", "-S")

LINE = b".x" + b"y" * 59 + b"\n"
"""62 octets in a file, 63 by BDAT with its CRLF, and 64 by DATA with its dot doubled."""

WRITER = """
import os, sys
line, count = sys.argv[1].encode() + b"\\n", int(sys.argv[2])
block = line * 4096
for _ in range(count // 4096):
    os.write(1, block)
os.write(1, line * (count % 4096))
"""


class Sink:
    """A sink that runs."""

    def __init__(self, *offers: str) -> None:
        self._process = subprocess.Popen(
            [*ISOLATED, HERE / "sink.py", *offers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        # Read as it comes: a pipe that nobody reads would stop the sink.
        self._told: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.address = f"127.0.0.1:{self._told.get(timeout=30)}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._told.put(line.strip())

    def octets(self, messages: int) -> list[int]:
        """The sizes of the next messages that it took."""
        return [int(self._told.get(timeout=30)) for _ in range(messages)]

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        self._process.wait()


@pytest.fixture
def sink() -> Iterator[Callable[..., Sink]]:
    """Start a sink, such as `sink("PIPELINING")`."""
    running: list[Sink] = []

    def start(*offers: str) -> Sink:
        running.append(Sink(*offers))
        return running[-1]

    yield start
    for each in running:
        each.stop()


class Measured(NamedTuple):
    """A command that has ended."""

    code: int
    stderr: str
    peak: int
    """The most memory it had, in KiB."""


class Measure(Protocol):
    """What the fixture `measure` is."""

    def __call__(
        self, *args: str, lines: int = 0, tmpdir: str | None = None, descriptors: int = 64
    ) -> Measured:
        """Run `smtp`, with `lines` of content coming through a pipe on its standard input."""
        raise NotImplementedError


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    def run(
        *args: str, lines: int = 0, tmpdir: str | None = None, descriptors: int = 64
    ) -> Measured:
        peak = tmp_path / "peak"
        runner: list[str | Path] = [*ISOLATED, HERE / "measured.py", peak, str(descriptors)]
        environment = clean_environment(str(tmp_path), {"TMPDIR": tmpdir or str(tmp_path)})
        line = LINE.decode().rstrip("\n")
        with subprocess.Popen(
            [*ISOLATED, "-c", WRITER, line, str(lines)], stdout=subprocess.PIPE
        ) as writer:
            done = subprocess.run(
                [*runner, SMTP, *args],
                stdin=writer.stdout,
                stderr=subprocess.PIPE,
                env=environment,
                timeout=1800,
                check=False,
            )
        return Measured(done.returncode, done.stderr.decode(), int(peak.read_text()))

    return run


@pytest.fixture(scope="module")
def lines(request: pytest.FixtureRequest, soak: bool) -> int:
    """How many lines a large message has: 200 MB of them, or 4 GB (and more than 2^32 octets)."""
    return (4_400_000_000 if soak else 200_000_000) // len(LINE)


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory, lines: int) -> Iterator[str]:
    """A file of so many lines; it does not outlive the tests."""
    path = tmp_path_factory.mktemp("large") / "large.eml"
    with path.open("wb") as file:
        subprocess.run(
            [*ISOLATED, "-c", WRITER, LINE.decode().rstrip("\n"), str(lines)],
            stdout=file,
            check=True,
        )
    yield str(path)
    os.unlink(path)
