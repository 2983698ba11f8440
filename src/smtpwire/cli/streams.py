"""Writing lines to standard output, standard error and files, come what may.

Whole lines go to the descriptor at once, so that nothing is held back when the run ends, and
characters that the locale cannot show become escapes.  A reader that went away or a disk that is
full must never change what is delivered: the first failure is kept, said once, and from then on
nothing more is written there.  A reader that only does not read is waited for, but not after a
signal.
"""

from __future__ import annotations

import errno
import os
import select
import sys

from smtpwire.errors import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Wait: TypeAlias = Callable[[Callable[[], object]], object]

STDOUT, STDERR = 1, 2


def _for_ever(blocking: Callable[[], object]) -> object:
    return blocking()


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
        *,
        failed: Callable[[OSError], object] | None = None,
        during: Wait = _for_ever,
    ) -> None:
        """Make a writer; nothing is opened and nothing is closed.

        Args:
            descriptor: where to write.
            encoding: how characters become octets; those it lacks are shown as escapes.
            failed: called once, with what went wrong first.
            during: calls what may block for as long as nobody reads, and raises Interrupted when
                that is not to be waited for any more (`StopRequest.during`).
        """
        self._descriptor = descriptor
        self._encoding = encoding
        self._failed = failed
        self._during = during
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self.failure: OSError | None = None

    def write(self, *lines: str) -> None:
        """Write lines that hold no line end; after a failure, do nothing."""
        if self.failure is not None or not lines:
            return
        data = "\n".join((*lines, "")).encode(self._encoding, "backslashreplace")
        try:
            self._write_all(memoryview(data))
        except OSError as error:
            self.failure = error
            if self._failed is not None:
                self._failed(error)

    def _write_all(self, data: memoryview) -> None:
        while data:
            if not self._poll.poll(0):
                self._wait()
            # A pipe that can be written to takes so much without blocking (pipe(7)).
            data = data[os.write(self._descriptor, data[: select.PIPE_BUF]) :]

    def _wait(self) -> None:
        try:
            self._during(self._poll.poll)
        except Interrupted:
            raise OSError(errno.EAGAIN, "nobody reads it") from None


def standard_output(
    failed: Callable[[OSError], object] | None = None, during: Wait = _for_ever
) -> LineWriter:
    """Return a writer to standard output, in its encoding; the arguments are `LineWriter`'s."""
    return LineWriter(STDOUT, _encoding(sys.stdout), failed=failed, during=during)


def standard_error(during: Wait = _for_ever) -> LineWriter:
    """Return a writer to standard error; that it fails is nowhere to be said."""
    return LineWriter(STDERR, _encoding(sys.stderr), during=during)


def _encoding(stream: object) -> str:
    """Return the encoding of a standard stream, which is None when it was closed at the start."""
    return getattr(stream, "encoding", None) or "utf-8"
