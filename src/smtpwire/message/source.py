"""The names of the messages of a run, in order, of which there may be a million.

Rules
- Names are never held as a list: a list file is read in blocks, and a name is made when its turn
  comes.  One that comes through a pipe is dealt out as soon as it is whole: whoever writes the list
  may take his time, and `ready` tells whether he does.
- A list is separated by NULs if there is a NUL in what is read first of it (`find -print0`), else
  by newlines.  Of a pipe that is one read, or several until there is either in it: to wait for a
  block would be to hold back the names that are there.
- Empty names are passed over.
- A name in a list is a file's: `-` is the file of that name there, and is given as `./-`.
- A name is what the system says it is, UTF-8 or not (PEP 383).
"""

from __future__ import annotations

import os
from collections import deque

from smtpwire.errors import MessageError, MessageUnreadable
from smtpwire.message.opening import Opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BLOCK = 64 * 1024

NAME_LIMIT = 64 * 1024
"""Octets in a name; PATH_MAX is 4096 on Linux and 1024 elsewhere, so this is no name."""


def message_names(args: Sequence[str], files_from: str | None, stdin_fd: int = 0) -> Iterator[str]:
    """Name the messages of a run.

    Args:
        args: the names on the command line; they come first.
        files_from: a file with more names, `-` for standard input; None for no more.
        stdin_fd: standard input's descriptor.

    Returns:
        The names; `-`, standard input, when neither says any.

    Raises:
        MessageNotFound: the list cannot be opened; from this call, before any name.
        MessageUnreadable: reading the list failed; from the iteration.
    """
    if files_from is None:
        return iter(args or ("-",))
    opening = Opening(stdin_fd if files_from == "-" else files_from, name=files_from)
    return ListedNames(args, opening, files_from)


class ListedNames:
    """Names of which most are still to be read.

    Args:
        args: the names that come first, as they are.
        opening: the list of the others; closed at its end.
        where: what to call the list in errors.

    Raises:
        MessageUnreadable: reading the list failed, or it is none; from `__next__`, behind the names
            that were whole.
    """

    def __init__(self, args: Sequence[str], opening: Opening, where: str) -> None:
        self._names = deque(args)
        """Whole, and not dealt out yet."""
        self._opening = opening
        self._where = where
        self._separator = b""
        self._rest = b""
        """The beginning of a name, or of the list as long as no separator was seen."""
        self._ended = False
        self._error: MessageError | None = None

    def __iter__(self) -> Iterator[str]:
        """Deal out what has not been dealt out yet."""
        return self

    def __next__(self) -> str:
        """Wait for the next name."""
        while not (self._names or self._ended):
            self._read()
        if self._names:
            return self._names.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    @property
    def fd(self) -> int | None:
        """What the next names come through, to be waited for; None when there is no more of it."""
        return None if self._ended else self._opening.fd

    def ready(self) -> bool:
        """Whether the next name, or that there is none, can be had without waiting."""
        while not (self._names or self._ended) and self._opening.readable():
            self._read()
        return bool(self._names) or self._ended

    def close(self) -> None:
        """Read no more, and close the list where it was opened for this.  May be repeated."""
        self._ended = True
        self._opening.close()

    def _read(self) -> None:
        """Read once, and take the names that are whole by now."""
        try:
            self._opening.read_on(_BLOCK)
            self._add(self._rest + self._opening.take(_BLOCK))
        except MessageError as error:
            self._error = error
            self.close()

    def _add(self, octets: bytes) -> None:
        if not self._separator:
            self._separator = next((mark for mark in (b"\0", b"\n") if mark in octets), b"")
        whole = octets.split(self._separator) if self._separator else [octets]
        self._rest = whole.pop()
        if self._opening.ended:
            whole.append(self._rest)
            self.close()
        self._names.extend(_name(name) for name in whole if name)
        if not self._ended and len(self._rest) > NAME_LIMIT:
            raise MessageUnreadable(
                f"a name in it is longer than {NAME_LIMIT} octets", where=self._where
            )


def _name(listed: bytes) -> str:
    return "./-" if listed == b"-" else os.fsdecode(listed)
