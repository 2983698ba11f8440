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


def at_hand(source: str | int) -> bool:
    """Whether to open a message and read it to its end waits for nobody.

    So it is with a regular file, and with what cannot be opened; whoever writes to a pipe, a FIFO
    or a terminal may take his time.
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

    Attributes:
        fd: the message.
        owned: whether `fd` was opened here.
        stamp: of a regular file, when it was opened; None for what cannot be read by position.
        start: where in a regular file `head` begins.
        head: the octets read so far, and not taken yet.
        ended: whether nothing follows on `head`.

    Raises:
        MessageNotFound: it cannot be opened, or is a directory.
    """

    __slots__ = ("_name", "_size", "ended", "fd", "head", "owned", "stamp", "start")

    def __init__(self, source: str | bytes | int, *, name: str) -> None:
        self._name = name
        self.head = b""
        self.ended = False
        self.owned = not isinstance(source, int)
        self.fd = source if isinstance(source, int) else -1
        try:
            if not isinstance(source, int):
                self.fd = os.open(source, os.O_RDONLY | os.O_NOCTTY)
            status = os.fstat(self.fd)
            self.stamp = Stamp.of(status) if stat.S_ISREG(status.st_mode) else None
            # Of a file that came as a descriptor, what others have read is not the message's.
            shared = self.stamp is not None and not self.owned
            self.start = os.lseek(self.fd, 0, os.SEEK_CUR) if shared else 0
        except OSError as error:
            self.close()
            raise MessageNotFound(f"cannot be opened: {reason(error)}", where=name) from error
        except ValueError as error:  # a NUL, or what the file system's encoding lacks
            raise MessageNotFound(
                "cannot be opened: no file has such a name", where=name
            ) from error
        if stat.S_ISDIR(status.st_mode):
            self.close()
            raise MessageNotFound("cannot be read: it is a directory", where=name)
        self._size = 0 if self.stamp is None else self.stamp.size - self.start

    def fill(self, octets: int) -> None:
        """Read until `head` has at least so many octets, or all there are.

        Raises:
            MessageUnreadable: the system says no.
        """
        parts = [self.head]
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
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(0))

    def _read(self, octets: int, have: int) -> bytes:
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
