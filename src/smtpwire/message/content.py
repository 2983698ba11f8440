"""Where the octets of a message come from: memory, a file, or a pipe.

Every `Content` gives all its octets, from the first one, each time `blocks` is called.  Its `final`
says that they are what BDAT sends, line ends and all, and that nobody else can change them.

Rules
- A file is read by position, so nothing depends on, or moves, the offset of its descriptor.
- A block of a file is only believed when the whole file was as it was found: the end of the
  iteration looks at size and time of change, and raises when they are others.  Whoever reads
  must hold back the last block until the iteration has ended.  The time of the last change of
  status does not count: a message may be renamed while it is sent, as Maildirs do.
- Octets in memory and in a spool are the program's own and cannot change.
"""

from __future__ import annotations

import os

from smtpwire.errors import MessageUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 256 * 1024
"""Octets a read: large enough that calls do not count, small enough to stay in a CPU's cache."""


class MemoryContent:
    """Octets in memory, as they will be sent."""

    final = True

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def blocks(self) -> Iterator[bytes]:
        """All of them, at once."""
        return iter((self._octets,))

    def close(self) -> None:
        """Nothing is held."""


class FileContent:
    """A regular file, from a position on.

    Args:
        fd: the file; closed with the content when `owned`.
        name: the message's name, for errors.
        head: octets that stand before those of the file.
        start: where in the file to begin.
        owned: whether `fd` is the content's to close.
        final: the file is a spool: no one else can change it, and it holds what will be sent.
    """

    def __init__(
        self,
        fd: int,
        *,
        name: str,
        head: bytes = b"",
        start: int = 0,
        owned: bool = True,
        final: bool = False,
    ) -> None:
        self.final = final
        self._fd = fd
        self._name = name
        self._head = head
        self._start = start
        self._owned = owned
        self._stamp = self._look()

    def blocks(self) -> Iterator[bytes]:
        """Head and file."""
        if self._head:
            yield self._head
        position = self._start
        while block := read(self._fd, BLOCK, name=self._name, position=position):
            yield block
            position += len(block)
        if self._look() != self._stamp:
            raise changed(self._name)

    def close(self) -> None:
        """Close the file if it is owned."""
        if self._owned:
            self._owned = False
            os.close(self._fd)

    def _look(self) -> tuple[int, int]:
        status = os.fstat(self._fd)
        return status.st_size, status.st_mtime_ns


class PipeContent:
    """A pipe, of which some octets were read before; it can be read once.

    Args:
        fd: the pipe; closed with the content when `owned`.
        name: the message's name, for errors.
        head: the octets that were read.
        owned: whether `fd` is the content's to close.
    """

    final = False

    def __init__(self, fd: int, *, name: str, head: bytes, owned: bool) -> None:
        self._fd = fd
        self._name = name
        self._head = head
        self._owned = owned
        self._begun = False

    def blocks(self) -> Iterator[bytes]:
        """Head and the rest of the pipe; the first time only."""
        if self._begun:
            raise MessageUnreadable(
                "it came through a pipe that was not spooled, and cannot be read again",
                where=self._name,
            )
        self._begun = True
        return self._read()

    def close(self) -> None:
        """Close the pipe if it is owned."""
        if self._owned:
            self._owned = False
            os.close(self._fd)

    def _read(self) -> Iterator[bytes]:
        head, self._head = self._head, b""
        yield head
        while block := read(self._fd, BLOCK, name=self._name):
            yield block


Content = MemoryContent | FileContent | PipeContent


def read(fd: int, count: int, *, name: str, position: int | None = None) -> bytes:
    """Read up to `count` octets, from `position` or else from where the descriptor stands.

    Raises:
        MessageUnreadable: the system says no.
    """
    try:
        return os.read(fd, count) if position is None else os.pread(fd, count, position)
    except OSError as error:
        raise MessageUnreadable(f"reading it failed: {reason(error)}", where=name) from error


def changed(name: str) -> MessageUnreadable:
    """The error for a message that is no longer the one that was counted."""
    return MessageUnreadable("it changed while it was being sent", where=name)


def reason(error: OSError) -> str:
    """What the system said, to be put into a sentence: "no such file or directory"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
