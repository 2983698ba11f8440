"""Where the octets of a message come from: memory, a file, or a pipe.

What is in memory is simply there.  A file and a pipe give all their octets, from the first one,
each time `blocks` is called.  Their `final` says that these are what BDAT sends, line ends and all,
and that nobody else can change them; their `pipe` is the descriptor that each block but the first
may have to be waited for, if there is one.

Rules
- A file is read by position, so nothing depends on, or moves, the offset of its descriptor.
- A block of a file is only believed when the whole file was as it was found: the end of the
  iteration looks at size and times of change, and raises when they are others.  Whoever reads
  must hold back the last block until the iteration has ended.
- The time of the last change of status counts too, because the other one can be set at will
  (utime(2)); but not of a file that has another name by then: a message may be renamed while it is
  sent, as Maildirs do.
- Octets in memory and in a spool are the program's own and cannot change.
- A file is read, never given to sendfile(2): that queues its pages and not their octets, so what is
  written to them goes out for as long as the peer has not taken them; and it is not faster.
"""

from __future__ import annotations

import os

from smtpwire.errors import MessageUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple

    from smtpwire.message.witness import Witness
else:
    from smtpwire.record import NamedTuple

BLOCK = 256 * 1024
"""Octets a read: large enough that calls do not count, small enough to stay in a CPU's cache."""

_LARGER_THAN_BLOCKS = 4 * BLOCK


class Stamp(NamedTuple):
    """What tells a file from the same file with something written to it."""

    size: int
    changed: int
    """Time of the last change of the octets, in nanoseconds."""
    touched: int
    """Time of the last change of the status, of which the other one is a part; likewise."""

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Take it from what the system says of the file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class MemoryContent:
    """Octets in memory, as BDAT sends them.

    Args:
        octets: all of them; not empty.
    """

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

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
        stamp: of the file when it was opened; None for a spool, which no one else can change and
            which holds what will be sent.
        witness: of the file before it was looked through; None for a spool, which needs none.
    """

    pipe = None

    def __init__(
        self,
        fd: int,
        *,
        name: str,
        head: bytes = b"",
        start: int = 0,
        owned: bool = True,
        stamp: Stamp | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.final = stamp is None
        self.witness = witness
        self._fd = fd
        self._name = name
        self._head = head
        self._start = start
        self._owned = owned
        self._stamp = stamp
        self._path = "" if stamp is None else _path(fd)

    def blocks(self) -> Iterator[bytes]:
        """Head and file."""
        keep_freed_blocks()
        if self._head:
            yield self._head
        position = self._start
        while block := read(self._fd, BLOCK, name=self._name, position=position):
            yield block
            position += len(block)
        if self._stamp is not None and self._has_changed(self._stamp):
            raise changed(self._name)

    def _has_changed(self, found: Stamp) -> bool:
        now = _stamp(self._fd, self._name)
        if now == found:
            return False
        renamed = _path(self._fd) != self._path
        return not renamed or now != found._replace(touched=now.touched)

    def close(self) -> None:
        """Close the file if it is owned."""
        if self._owned:
            self._owned = False
            os.close(self._fd)


class PipeContent:
    """A pipe, of which some octets were read before; it can be read once.

    Args:
        fd: the pipe; closed with the content when `owned`.
        name: the message's name, for errors.
        head: the octets that were read.
        owned: whether `fd` is the content's to close.
    """

    final = False
    witness = None

    def __init__(self, fd: int, *, name: str, head: bytes, owned: bool) -> None:
        self.pipe = fd
        self._name = name
        self._head = head
        self._owned = owned
        self._begun = False

    def blocks(self) -> Iterator[bytes]:
        """Head and the rest of the pipe; the first time only."""
        if self._begun:
            raise MessageUnreadable(
                "the message came through a pipe that was not spooled, and cannot be read again",
                where=self._name,
            )
        self._begun = True
        return self._read()

    def close(self) -> None:
        """Close the pipe if it is owned."""
        if self._owned:
            self._owned = False
            os.close(self.pipe)

    def _read(self) -> Iterator[bytes]:
        keep_freed_blocks()
        head, self._head = self._head, b""
        yield head
        while block := read(self.pipe, BLOCK, name=self._name):
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
        raise _unreadable(error, name) from error


def keep_freed_blocks() -> None:
    """Have the C library keep the memory of one block for the next.

    glibc gives freed memory back to the system beyond twice the size of the largest allocation
    that it ever mapped and unmapped (mallopt(3), "M_MMAP_THRESHOLD"), at first 256 KiB.  The
    blocks of one turn are more than that, and to have them back costs a page fault for every 4
    KiB: more than all the work on the octets.  This allocation is mapped, and never touched.
    """
    bytes(_LARGER_THAN_BLOCKS)


def _stamp(fd: int, name: str) -> Stamp:
    try:
        return Stamp.of(os.fstat(fd))
    except OSError as error:
        raise _unreadable(error, name) from error


def _path(fd: int) -> str:
    """Where the file is now; empty where the system does not say, which only Linux does."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def _unreadable(error: OSError, name: str) -> MessageUnreadable:
    return MessageUnreadable(f"reading failed: {reason(error)}", where=name)


def changed(name: str) -> MessageUnreadable:
    """The error for a message that is no longer the one that was counted."""
    return MessageUnreadable("the message changed while it was being sent", where=name)


def reason(error: OSError) -> str:
    """What the system said, to be put into a sentence: "no such file or directory"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
