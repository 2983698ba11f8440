"""Taking a password off the process's list of arguments, where ps(1) shows it to everyone.

On Linux that list is memory of the process itself, and /proc/self tells where and lets it be
written.  Elsewhere nothing is done.  Between the start of the process and this there are some
milliseconds in which anybody who looks sees the password, so this helps and does not protect.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ARG_START = 48
"""The field of /proc/self/stat, counted from 1, that says where the arguments are; see proc(5)."""
_STATE = 3
"""The first field behind the name, which may itself have spaces and parentheses."""


def hide(argv: Sequence[str], places: Iterable[tuple[int, int]]) -> None:
    """Overwrite parts of the list of arguments of this process.

    Args:
        argv: its last arguments, as they were given.
        places: which word of `argv`, and from which character of it to its end.
    """
    try:
        start, listed = _arguments()
        words = [os.fsencode(word) for word in argv]
        whole = b"".join(word + b"\0" for word in words)
        if not listed.endswith(whole):
            return  # somebody else has written there
        start += len(listed) - len(whole)
        memory = os.open("/proc/self/mem", os.O_WRONLY)
    except (OSError, ValueError, IndexError):
        return  # not Linux, or a Linux that does not let us
    try:
        for number, offset in places:
            before = sum(len(word) + 1 for word in words[:number])
            skipped = len(os.fsencode(argv[number][:offset]))
            length = len(words[number]) - skipped
            # One letter stands for it, so that not even its length is shown by ps.
            os.pwrite(memory, b"x".ljust(length, b"\0")[:length], start + before + skipped)
    except OSError:
        return
    finally:
        os.close(memory)


def _arguments() -> tuple[int, bytes]:
    """Where the arguments of this process are in its memory, and what they are."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    with open("/proc/self/cmdline", "rb") as file:
        return int(fields[_ARG_START - _STATE]), file.read()
