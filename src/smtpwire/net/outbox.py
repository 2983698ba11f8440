"""What is to be written, in order: lines, and contents that become octets only as the peer takes them.

The memory it needs is one block, whatever a message weighs.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.event import Content

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
    content: bool
    first: bool
    """The first piece of its content."""
    last: bool
    """The last piece of its content."""
    ends_message: bool
    """The end of data is in this content."""


class Outbox:
    """A queue of lines and contents, and the pieces made of its front."""

    def __init__(self, reader_for: Callable[[Content], BodyReader]) -> None:
        self._reader_for = reader_for
        self._items: deque[bytes | Content] = deque()
        self._pieces: deque[Piece] = deque()
        self._octets = 0
        self._reader: BodyReader | None = None
        self._remaining: int | None = None
        self._started = False

    def __bool__(self) -> bool:
        return bool(self._pieces or self._items)

    def extend(self, items: Iterable[bytes | Content]) -> None:
        """Queue what the engine wants written."""
        self._items.extend(items)

    def clear(self) -> None:
        """Forget all that has not been handed over."""
        self._items.clear()
        self._pieces.clear()
        self._octets = 0
        self._reader = None

    def buffers(self) -> list[Buffer]:
        """What to write next: at least one buffer when anything is queued.

        Raises:
            MessageError: a content cannot be read; `advance` has not been told of its pieces.
        """
        pieces = self._pieces
        while self._items and self._octets < BLOCK and len(pieces) < MAX_BUFFERS:
            item = self._items[0]
            if isinstance(item, Content):
                self._read(item)
            else:
                self._items.popleft()
                self._add(Piece(item, False, False, False, False))
        return [piece.data for piece in pieces]

    def _add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._octets += len(piece.data)

    def _read(self, content: Content) -> None:
        """Add the next piece of the content at the front; drop it from the queue with its last one."""
        if self._reader is None:
            self._reader = self._reader_for(content)
            self._remaining = content.octets
            self._started = False
        limit = BLOCK - self._octets
        if self._remaining is None:
            data = self._reader.read(limit)
            last = not len(data)
        else:
            data = self._reader.read(min(limit, self._remaining)) if self._remaining else b""
            self._remaining -= len(data)
            last = not self._remaining
        self._add(Piece(data, True, not self._started, last, content.last and last))
        self._started = True
        if last:
            self._items.popleft()
            self._reader = None

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
                done.append(piece._replace(data=view[:octets], last=False, ends_message=False))
                pieces[0] = piece._replace(data=view[octets:], first=False)
                break
            else:
                break
        return done
