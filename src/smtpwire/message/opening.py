"""Opening a message and reading its beginning, before anything is known about it.

A message comes by a path or by a descriptor; behind either stands a regular file, whose octets can
be had again by position, or something that gives them once: a pipe, a FIFO, a terminal.
"""

from __future__ import annotations

import os
import select
import stat

from smtpwire.errors import MessageNotFound
from smtpwire.message.content import BLOCK, Stamp, read, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Digest(Protocol):
        """What `hashlib` makes."""

        def update(self, data: bytes, /) -> None:
            """Take further octets."""

        def digest(self) -> bytes:
            """What they come to."""
            ...


_FLAGS = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK

SMALL = 100 * 1024
"""Octets that one read asks for in the hope that the message has fewer."""
_PAGE = 4096
"""Octets of the smallest memory page: in front of one that cannot be had, a read ends too."""


def at_hand(source: str | int) -> bool:
    """Whether to open a message and read it to its end waits for nobody, as far as can be told now.

    So it is with a regular file, and with what cannot be opened.  Whoever is to open a message asks
    it when it is open; this is for who leaves that to others.
    """
    try:
        mode = os.stat(source).st_mode
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


class Opening:
    """An open message of which the beginning is in memory.

    Args:
        source: a path, or a descriptor that is open and stays the caller's to close.
        name: what to call the message in errors.
        proven: `source` is a path, and the directory in front of it one where files are what they
            seem (see `Opener`): a small one is read, and closed again, here.

    Attributes:
        fd: the message.
        owned: whether `fd` was opened here, and is to be closed.
        stamp: of a regular file, when it was opened; None for what cannot be read by position, and
            for what was read here.
        stored: whether there is room for it on some disk; not of what was read here.
        start: where in a regular file `head` begins.
        head: the octets read so far, and not taken yet.
        ended: whether nothing follows on `head`.
        digest: given the content when that is looked through, as it is read but without what a
            header is not to be sent with; None for nobody.

    Raises:
        MessageNotFound: it cannot be opened, or is a directory.
    """

    __slots__ = (
        "_met",
        "_name",
        "_size",
        "digest",
        "ended",
        "fd",
        "head",
        "owned",
        "stamp",
        "start",
        "stored",
    )

    def __init__(self, source: str | bytes | int, *, name: str, proven: bool = False) -> None:
        self._name = name
        self._size = 0
        self._met = True
        """Nobody has to come and open the other end of a FIFO."""
        self.head = b""
        self.ended = False
        self.digest: Digest | None = None
        self.stamp: Stamp | None = None
        self.stored = False
        self.start = 0
        self.fd = -1
        self.owned = not isinstance(source, int)
        if isinstance(source, int):
            self.fd = source
            self._look(None)
        elif not (proven and self._read_at_once(source)):
            self._look(source)

    def _read_at_once(self, path: str | bytes) -> bool:
        """Open, read and close a small file; False where it is not as simple as that."""
        try:
            self.fd = os.open(path, _FLAGS | os.O_NOFOLLOW)
            head = os.pread(self.fd, SMALL, 0)
        except (OSError, ValueError):
            return False  # whoever looks closer finds out why
        if len(head) == SMALL or len(head) % _PAGE == 0:
            return False
        self.close()
        self.head = head
        self.ended = True
        return True

    def _look(self, path: str | bytes | None) -> None:
        """Open the message by its path, where it is not open yet, and find out what it is."""
        try:
            if path is not None and self.fd < 0:
                self.fd = _open(path)
            status = os.fstat(self.fd)
            if stat.S_ISREG(status.st_mode):
                self.stamp = Stamp.of(status)
                self.stored = status.st_blocks > 0
                if not self.owned:  # what others have read of it is not the message's
                    self.start = os.lseek(self.fd, 0, os.SEEK_CUR)
                self._size = status.st_size - self.start
            elif self.owned:
                os.set_blocking(self.fd, True)
                self._met = False
        except OSError as error:
            self.close()
            raise MessageNotFound(f"cannot be opened: {reason(error)}", where=self._name) from error
        except ValueError as error:  # a NUL, or what the file system's encoding lacks
            raise MessageNotFound(
                "cannot be opened: no file has such a name", where=self._name
            ) from error
        if stat.S_ISDIR(status.st_mode):
            self.close()
            raise MessageNotFound("cannot be read: it is a directory", where=self._name)

    @property
    def at_hand(self) -> bool:
        """Whether to read it to its end waits for nobody.

        So it is with a regular file; whoever writes to a pipe, a FIFO or a terminal may take his
        time.
        """
        return self.ended or self.stamp is not None

    def fill(self, octets: int) -> None:
        """Read until `head` has at least so many octets, or all there are.

        Raises:
            MessageUnreadable: the system says no.
        """
        parts = [self.head] if self.head else []  # to join one alone copies nothing
        have = len(self.head)
        while have < octets and not self.ended:
            part = self._read(octets - have, have)
            parts.append(part)
            have += len(part)
        self.head = b"".join(parts)

    def read_on(self, octets: int) -> None:
        """Read once, up to so many octets behind `head`: of a pipe, what it has by then.

        Raises:
            MessageUnreadable: the system says no.
        """
        self.head += self._read(octets, len(self.head))

    def readable(self) -> bool:
        """Whether to read once would not wait for anybody."""
        if self.stamp is not None or self.ended:
            return True
        return bool(self._poll(0))

    def _poll(self, timeout: int | None) -> list[tuple[int, int]]:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return poll.poll(timeout)

    def _read(self, octets: int, have: int) -> bytes:
        if not self._met:
            # A FIFO that was opened without waiting for a writer gives no octets, as if at its
            # end, until there is one; but poll(2) tells of a hang-up only after somebody was there.
            self._poll(None)
            self._met = True
        wanted = min(octets, BLOCK)
        position = None
        if self.stamp is not None:
            position = self.start + have
            # One small read for a small file.  Where the size is not known (0, as in /proc) or no
            # longer right, it takes a read without result to see the end.
            wanted = min(wanted, self._size - have) if self._size > have else wanted
        part = read(self.fd, wanted, name=self._name, position=position)
        self.ended = not part or have + len(part) == self._size
        return part

    def take(self, octets: int) -> bytes:
        """Take the first octets out of `head`."""
        taken = self.head[:octets]
        self.head = self.head[octets:]
        self.start += len(taken)
        self._size -= len(taken)
        return taken

    def close(self) -> None:
        """Close the message if it was opened here.  May be repeated."""
        if self.owned and self.fd >= 0:
            os.close(self.fd)
            self.owned = False


def _open(path: str | bytes) -> int:
    """Open a path, of a FIFO this end only; wait for a file that is leased to others (fcntl(2))."""
    try:
        return os.open(path, _FLAGS)
    except BlockingIOError:
        return os.open(path, _FLAGS & ~os.O_NONBLOCK)
