"""What is to be written, in order: lines, and contents that become octets as the peer takes them.

The memory it needs is a few blocks, whatever a message weighs.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.event import Content
from smtpwire.errors import MessageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NamedTuple

    from smtpwire.message.reader import BodyReader
    from smtpwire.net.transport import Buffer
else:
    from smtpwire.record import NamedTuple

BLOCK = 262_144
"""Octets gathered for one write.  128 to 256 KiB were the fastest; 1 MiB was slower."""
MAX_BUFFERS = 512
"""Buffers in one write; the system's limit is 1,024."""


class Piece(NamedTuple):
    """One buffer on its way out, and what it is."""

    data: Buffer
    content: bool = False
    """It is content of a message; else a line."""
    first: bool = False
    """The first piece of its content."""
    last: bool = False
    """The last piece of its content."""


class Outbox:
    """A queue of lines and contents, and the pieces made of its front.

    Args:
        reader_for: gives the reader of a content when its turn comes.
    """

    def __init__(self, reader_for: Callable[[Content], BodyReader]) -> None:
        self._reader_for = reader_for
        self._items: deque[bytes | Content] = deque()
        self._pieces: deque[Piece] = deque()
        self._octets = 0
        """In the pieces."""
        self._reader: BodyReader | None = None
        """Of the content at the front of the items, once it is begun."""
        self._left: int | None = None
        """Octets of that content that were not read; None for all there are."""
        self._ahead: Buffer = b""
        """Its next piece; empty when it has no further one."""
        self._failure: MessageError | None = None
        """Why it cannot be read."""

    def __bool__(self) -> bool:
        return bool(self._pieces or self._items)

    def extend(self, items: Iterable[bytes | Content]) -> None:
        """Queue what the engine wants written."""
        self._items.extend(items)

    def clear(self) -> None:
        """Forget all that has not been handed over; nothing is written after that."""
        self._items.clear()
        self._pieces.clear()

    def buffers(self) -> list[Buffer]:
        """What to write next: at least one buffer when anything is queued.

        Raises:
            MessageError: the content whose turn it is cannot be read; all that stands before it
                has been handed over.
        """
        pieces = self._pieces
        while self._may_grow:
            item = self._items[0]
            if isinstance(item, Content):
                self._read(item)
            else:
                self._items.popleft()
                self._add(Piece(item))
        if self._failure is not None and not pieces:
            raise self._failure
        return [piece.data for piece in pieces]

    @property
    def _may_grow(self) -> bool:
        if not self._items or self._failure is not None:
            return False
        front = self._items[0]
        if isinstance(front, Content) and front.octets == 0:
            return True  # it goes with the line in front of it: there is nothing else to take
        return self._octets < BLOCK and len(self._pieces) < MAX_BUFFERS

    def _add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._octets += len(piece.data)

    def _read(self, content: Content) -> None:
        """Add the next piece of the content at the front; take it off the queue with its last.

        Whether it is the last is known before it goes out: a server may answer the end of data as
        soon as it has it.
        """
        first = self._reader is None
        try:
            if self._reader is None:
                self._reader = self._reader_for(content)
                self._left = content.octets
                self._ahead = self._next(self._reader)
            data = self._ahead
            self._ahead = self._next(self._reader) if data else b""
        except MessageError as error:
            # What stands before it is not concerned: the failure is told when that is out.
            self._failure = error
            return
        last = not self._ahead
        self._add(Piece(data, content=True, first=first, last=last))
        if last:
            self._items.popleft()
            self._reader = None

    def _next(self, reader: BodyReader) -> Buffer:
        if self._left is None:
            return reader.read(BLOCK)
        if not self._left:
            return b""
        data = reader.read(min(BLOCK, self._left))
        self._left -= len(data)
        return data

    def advance(self, octets: int) -> list[Piece]:
        """Take `octets` as handed over; return the pieces that were, whole or in part, in order.

        A piece handed over in part is returned with what was, and `last` false; the rest stays.
        """
        done: list[Piece] = []
        pieces = self._pieces
        self._octets -= octets
        while pieces:
            piece = pieces[0]
            size = len(piece.data)
            if size <= octets:
                octets -= size
                done.append(pieces.popleft())
            elif octets:
                view = memoryview(piece.data)
                done.append(piece._replace(data=view[:octets], last=False))
                pieces[0] = piece._replace(data=view[octets:], first=False)
                break
            else:
                break
        return done
