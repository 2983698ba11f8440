"""Opens the messages of a run, one after the other: small files by three calls each.

That is one each to open, read and close the file, and none to ask what it is and how long.
By POSIX a read of a regular file that gives fewer octets than were asked for has met its end
(read(2)), but pseudo-files are regular too, and give what they please, a page at a time.  So
the first message of each directory is asked, and proves the directory when it has blocks on
some disk, which pseudo-files have not, and as many octets as it says.  What remains is looked at
as closely as the first: symbolic links, which may lead elsewhere; what is empty; and what
gives whole pages, since a read that fails in its midst tells what it has, and the next one why.
"""

from __future__ import annotations

from smtpwire.errors import MessageError
from smtpwire.message.content import keep_freed_blocks
from smtpwire.message.opening import SMALL, Opening


class Opener:
    """Opens what `Opening` would open, and remembers the directory."""

    __slots__ = ("_proven",)

    def __init__(self) -> None:
        self._proven = ""

    def open(self, source: str | int, *, name: str) -> Opening:
        """Open a message; a regular file, and only that, may have been read to its end.

        Args:
            source: a path, or a descriptor that is open and stays the caller's to close.
            name: what to call the message in errors.

        Returns:
            The message, which the caller closes.

        Raises:
            MessageNotFound: it cannot be opened, or is a directory.
            MessageUnreadable: the system does not let it be read.
        """
        if isinstance(source, int):
            return Opening(source, name=name)
        directory = source[: source.rfind("/") + 1] or "./"
        opening = Opening(source, name=name, proven=directory == self._proven)
        if opening.stored:
            try:
                opening.fill(SMALL)
            except MessageError:
                opening.close()
                raise
            if opening.ended:
                keep_freed_blocks()
                self._proven = directory
                opening.close()
        return opening
