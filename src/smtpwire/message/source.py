"""The names of the messages of a run, in order, of which there may be a million.

Rules
- Names are never held as a list: a list file is read in blocks, and a name is made when its turn
  comes.
- A list is separated by NULs if there is a NUL in its first block (`find -print0`), else by
  newlines.  The first block is read in full before that is decided, so a pipe's timing does not
  matter.  Empty names are passed over.
- A name in a list is a file's: `-` is the file of that name there, and is given as `./-`.
- A name is what the system says it is, UTF-8 or not (PEP 383).
"""

from __future__ import annotations

import os

from smtpwire.errors import MessageUnreadable
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
    return _all_names(args, opening, files_from)


def _all_names(args: Sequence[str], opening: Opening, files_from: str) -> Iterator[str]:
    try:
        yield from args
        for name in _listed(opening, files_from):
            yield "./-" if name == b"-" else os.fsdecode(name)
    finally:
        opening.close()


def _listed(opening: Opening, files_from: str) -> Iterator[bytes]:
    separator = b""
    rest = b""
    while block := _next_block(opening):
        separator = separator or (b"\0" if b"\0" in block else b"\n")
        *names, rest = (rest + block).split(separator)
        yield from filter(None, names)
        if len(rest) > NAME_LIMIT:
            raise MessageUnreadable(
                f"a name in it is longer than {NAME_LIMIT} octets", where=files_from
            )
    if rest:
        yield rest


def _next_block(opening: Opening) -> bytes:
    opening.fill(_BLOCK)
    return opening.take(_BLOCK)
