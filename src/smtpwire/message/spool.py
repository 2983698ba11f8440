"""A place on disk for what comes through a pipe and is too large for memory.

The file has no name (or loses it at once), so nothing is left behind whatever happens, and is
readable by its owner only (cli.md, "Streams").  `tempfile` would do this too, for 20 ms of imports.
"""

from __future__ import annotations

import errno
import os

from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_USUAL = "/tmp"  # noqa: S108 - the file has no name in it, or one that nobody can foresee
_NO_UNNAMED_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})
"""How file systems and kernels without O_TMPFILE answer it (open(2))."""


class Spool:
    """A file to write to and then read by its `fd`, which the caller closes.

    Args:
        directory: where; None for TMPDIR, or /tmp without one.
        name: the message's name, for errors.

    Raises:
        MessageUnreadable: no file can be had there.
    """

    def __init__(self, directory: str | None, *, name: str) -> None:
        self._directory = directory or os.environ.get("TMPDIR") or _USUAL
        self._name = name
        try:
            self.fd = _unnamed_file(self._directory)
        except OSError as error:
            self._fail(error)

    def write(self, data: bytes | memoryview) -> None:
        """Append all of `data`.

        Raises:
            MessageUnreadable: the disk is full, or fails.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.fd, rest) :]
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        raise MessageUnreadable(
            f"spooling the message to {self._directory} failed: {reason(error)};"
            " TMPDIR names another directory",
            where=self._name,
        ) from error


def _unnamed_file(directory: str) -> int:
    unnamed = getattr(os, "O_TMPFILE", 0)  # Linux only
    if unnamed:
        try:
            return os.open(directory, os.O_RDWR | os.O_EXCL | unnamed, 0o600)
        except OSError as error:
            if error.errno not in _NO_UNNAMED_FILES:
                raise
    path = os.path.join(directory, f"smtp-{os.urandom(12).hex()}")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)
    return fd
