"""Writing lines to standard output, standard error and files, come what may.

Whole lines go to the descriptor at once, so that nothing is held back when the run ends, and
characters that the locale cannot show become escapes.  A reader that went away or a disk that is
full must never change what is delivered: the first failure is kept, said once, and from then on
nothing more is written there.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STDOUT, STDERR = 1, 2


def open_standard_descriptors() -> None:
    """Open /dev/null where descriptor 0, 1 or 2 is closed, before a socket gets its number."""
    for descriptor in (0, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


class LineWriter:
    """Lines to one descriptor.

    Attributes:
        failure: what ended the writing, or None.
    """

    def __init__(
        self,
        descriptor: int,
        encoding: str = "utf-8",
        failed: Callable[[OSError], object] | None = None,
    ) -> None:
        """Make a writer; nothing is opened and nothing is closed.

        Args:
            descriptor: where to write.
            encoding: how characters become octets; those it lacks are shown as escapes.
            failed: called once, with what went wrong first.
        """
        self._descriptor = descriptor
        self._encoding = encoding
        self._failed = failed
        self.failure: OSError | None = None

    def write(self, *lines: str) -> None:
        """Write lines that hold no line end; after a failure, do nothing."""
        if self.failure is not None or not lines:
            return
        data = "\n".join((*lines, "")).encode(self._encoding, "backslashreplace")
        try:
            _write_all(self._descriptor, data)
        except OSError as error:
            self.failure = error
            if self._failed is not None:
                self._failed(error)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            _wait_until_writable(descriptor)


def _wait_until_writable(descriptor: int) -> None:
    """Wait: whoever shares the open file may have made it non-blocking."""
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()


def standard_output(failed: Callable[[OSError], object] | None = None) -> LineWriter:
    """Return a writer to standard output, in its encoding."""
    return LineWriter(STDOUT, _encoding(sys.stdout), failed)


def standard_error() -> LineWriter:
    """Return a writer to standard error; that it fails is nowhere to be said."""
    return LineWriter(STDERR, _encoding(sys.stderr))


def _encoding(stream: object) -> str:
    """Return the encoding of a standard stream, which is None when it was closed at the start."""
    return getattr(stream, "encoding", None) or "utf-8"
