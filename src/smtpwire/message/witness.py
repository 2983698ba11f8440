"""Whether a file is still the one that was looked through, as far as the system can tell.

The system notes when a file was last written to, and does so before the octets change.  So whoever
reads octets and then finds the times that were there before the scan has read what the scan read.

Rules
- Times are noted with some granularity: one write behind another in the same instant leaves no
  trace.  A file that was changed so recently when the scan began is no witness.
- The time of the last change of status counts here, because the other one can be set at will
  (utime(2)): a file that is renamed in between is looked at again, and that is all.
- What was different once is never believed again.
- Who writes through a mapping (mmap(2)) is seen when he begins, but not with each octet.
"""

from __future__ import annotations

import os
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.message.eol import Normaliser

GRANULARITY = 2_000_000_000
"""Nanoseconds; the coarsest that there is, of FAT.  Others note some milliseconds or less."""


class Witness:
    """Remembers a file as it is now, which is before it is looked through.

    Args:
        fd: a regular file, open for as long as `unchanged` is asked.
    """

    __slots__ = ("_fd", "_seen")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._seen = seen = _times(fd)
        if seen is not None and max(seen[1:]) + GRANULARITY >= time_ns():
            self._seen = None

    def unchanged(self) -> bool:
        """Whether what was read of it so far is what it was; False when that cannot be known."""
        if self._seen is not None and self._seen != _times(self._fd):
            self._seen = None
        return self._seen is not None


class TrustingNormaliser:
    """Passes on a content that was found to be clean, and normalises it once it may be another.

    Args:
        normaliser: fresh, for what may be another.
        unchanged: asked behind each reading: whether the octets are those that were clean.
    """

    __slots__ = ("_normaliser", "_unchanged")

    def __init__(self, normaliser: Normaliser, unchanged: Callable[[], bool]) -> None:
        self._normaliser = normaliser
        self._unchanged = unchanged

    def feed(self, data: bytes | memoryview) -> bytes | memoryview:
        """Take octets that were just read; see `Normaliser.feed`."""
        if self._unchanged():
            self._normaliser.skip(data)
            return data
        return self._normaliser.feed(data)

    def finish(self) -> bytes:
        """End the content; see `Normaliser.finish`."""
        return self._normaliser.finish()


def _times(fd: int) -> tuple[int, int, int] | None:
    """Size, and both times; None when the system does not say."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
