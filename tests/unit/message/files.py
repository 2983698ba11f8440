"""Messages to open: as files and through pipes."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smtpwire.message.reader import Reader


@contextmanager
def piped(*writes: bytes) -> Iterator[int]:
    """A pipe's end to read from, which gives these writes and then ends."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as pipe:
            for data in writes:
                try:
                    rest = memoryview(data)
                    while rest:
                        rest = rest[pipe.write(rest) :]
                except BrokenPipeError:  # the test had enough
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield reading
    finally:
        os.close(reading)
        writer.join()


class Pipe:
    """A pipe of which both ends are in the test's hands; what is not there is not waited for.

    Attributes:
        reading: the end to read from.
    """

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)  # a wait fails the test, where it would never end

    def write(self, data: bytes) -> None:
        """Write so little that it does not wait either."""
        assert os.write(self._writing, data) == len(data)

    def end(self) -> None:
        """Let what was written be all.  May be repeated."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def close(self) -> None:
        """Close both ends."""
        self.end()
        os.close(self.reading)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of a file."""
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def is_open(fd: int) -> bool:
    """Whether a descriptor is one."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def drain(reader: Reader, sent: bytearray, limit: int = 100_000) -> None:
    """Read to the end, and keep what came when an error ends it."""
    while (piece := reader.read(limit)) != b"":
        sent += piece or b""


def everything(reader: Reader, limit: int = 65_536) -> bytes:
    """All that a reader gives, in pieces of a size."""
    pieces: list[bytes] = []
    while (piece := reader.read(limit)) != b"":
        if piece is not None:  # there was nothing to give yet
            assert len(piece) <= limit
            pieces.append(bytes(piece))
    assert reader.read(limit) == b""
    return b"".join(pieces)
