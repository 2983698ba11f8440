"""What is to be written, in order: lines, and contents that become octets as the peer takes them.

The memory it needs is a few blocks, whatever a message weighs.

What a pipe gives may take for ever to come, so `buffers` does not read pipes: whoever writes waits
for `pipe` and for the peer, together, and then calls `draw`.  Thus nothing that blocks stands
between the last look at the peer and the write.

Lines that come together are one piece, which costs less than to copy them does.

Where whoever keeps a journal has to note first that a message may be taken, the piece that ends its
data, and with it all that stands behind, is held until that may go out.  He is told of each content
when it is queued, so that he can note many together; a small one is then held as a whole, and with
it the lines that came together with it.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from smtpwire.core.event import Content
from smtpwire.errors import MessageError
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple

    from smtpwire.message.reader import Reader
    from smtpwire.net.transport import Buffer
else:
    from smtpwire.record import NamedTuple

BLOCK = 524_288
"""Octets gathered for one write: two blocks of a large message, so that there is one turn of the
loop for both, and a block that its line ends made longer is not cut in two.  More was no faster."""
MAX_BUFFERS = 512
"""Buffers in one write; the system's limit is 1,024."""


class Piece(NamedTuple):
    """One buffer on its way out, and what it is."""

    data: Buffer
    lines: Sequence[bytes] = ()
    """The lines that end in it, whole, though of the first one it may have only the rest; none for
    content of a message."""
    first: bool = False
    """The first piece of its content."""
    last: bool = False
    """The last piece of its content."""
    ends: int | None = None
    """The message whose end of data is in it, where that may be held."""


class Outbox:
    """A queue of lines and contents, and the pieces made of its front.

    Args:
        reader_for: gives the reader of a content when its turn comes.

    Attributes:
        may_end: asked, again and again, whether the end of a message's data may go out; None where
            it always may.
        coming: told of each message whose end of data was queued, where ends may be held; returns
            whether its content is so small that it may be held from its first octet.
    """

    def __init__(self, reader_for: Callable[[Content], Reader]) -> None:
        self.may_end: Callable[[int], bool] | None = None
        self.coming: Callable[[int], bool] | None = None
        self._small: set[int] = set()
        """Messages with such a content, until it goes out."""
        self._reader_for = reader_for
        self._items: deque[Piece | Content] = deque()
        """Lines that came together, as one piece, and contents."""
        self._pieces: deque[Piece] = deque()
        self._octets = 0
        """In the pieces."""
        self._reader: Reader | None = None
        """Of the content at the front of the items, once it is begun."""
        self._left: int | None = None
        """Octets of that content that were not read; None for all there are."""
        self._ahead: Buffer = b""
        """What was read of it last, and is kept back; empty before anything was."""
        self._first = True
        """None of its pieces has been added."""
        self._failure: MessageError | None = None
        """Why it cannot be read."""

    def __bool__(self) -> bool:
        return bool(self._pieces or self._items)

    def extend(self, items: Sequence[bytes | Content]) -> None:
        """Queue what the engine wants written."""
        lines: list[bytes] = []
        for item in items:
            if isinstance(item, Content):
                self._queue_lines(lines)
                self._items.append(item)
                lines = []
                if self.coming is not None and item.last and self.coming(item.id):
                    self._small.add(item.id)
            else:
                lines.append(item)
        self._queue_lines(lines)

    def _queue_lines(self, lines: list[bytes]) -> None:
        if lines:
            self._items.append(new(Piece, (b"".join(lines), lines, False, False, None)))

    def clear(self) -> None:
        """Forget all that has not been handed over; nothing is written after that."""
        self._items.clear()
        self._pieces.clear()
        self._reader = None

    def buffers(self) -> list[Buffer]:
        """What to write next; when there is nothing, see `pipe`.

        Raises:
            MessageError: the content whose turn it is cannot be read; all that stands before it
                has been handed over.
        """
        items = self._items
        while items and self._may_grow:
            item = items[0]
            if isinstance(item, Piece):
                self._add(item)
                items.popleft()
                continue
            if self._reader is None:
                self._begin(item)
            if self._reader is not None and self._reader.pipe is None:
                self._read(self._reader)
        self._tell_failure()
        buffers: list[Buffer] = []
        for piece in self._pieces:
            if piece.ends is not None and self._held(piece):
                break
            buffers.append(piece.data)
        return buffers

    @property
    def held(self) -> bool:
        """Whether what is to be written next is an end of data that may not go out yet."""
        if self.may_end is None:
            return False
        if self._pieces:
            return self._held(self._pieces[0])
        for item in islice(self._items, 2):  # lines that came with it may stand before it
            if isinstance(item, Content):
                return item.id in self._small and item.last and not self.may_end(item.id)
        return False

    def _held(self, piece: Piece) -> bool:
        ends, may_end = piece.ends, self.may_end
        return ends is not None and may_end is not None and not may_end(ends)

    @property
    def pipe(self) -> int | None:
        """The descriptor without which there is nothing to write, to be waited for."""
        return None if self._pieces or self._reader is None else self._reader.pipe

    def draw(self) -> None:
        """Read from `pipe`, once; that may still leave nothing to write.

        Raises:
            MessageError: as from `buffers`.
        """
        if self._reader is not None:
            self._read(self._reader)
        self._tell_failure()

    @property
    def _may_grow(self) -> bool:
        """Whether what comes next may join the pieces, if there is anything."""
        if self._failure is not None or (
            self._reader is not None and self._reader.pipe is not None
        ):
            return False
        if self._octets < BLOCK and len(self._pieces) < MAX_BUFFERS:
            return True
        # It goes with the line in front of it: there is nothing else to take.
        front = self._items[0]
        return isinstance(front, Content) and front.octets == 0

    def _tell_failure(self) -> None:
        if self._failure is not None and not self._pieces:
            raise self._failure

    def _add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._octets += len(piece.data)

    def _begin(self, content: Content) -> None:
        """Begin the content at the front."""
        try:
            self._reader = self._reader_for(content)
        except MessageError as error:
            self._failure = error
        self._left = content.octets
        self._first = True

    def _read(self, reader: Reader) -> None:
        """Read on in the content at the front; take it off the queue when it has ended.

        What is read is kept back until it is known whether more of it follows: whether a piece is
        the last is known before it goes out, since a server may answer the end of data as soon as
        it has it.
        """
        left = self._left
        try:
            if left is None:
                data = reader.read(BLOCK)
                ended = reader.ended or data == b""
            elif left:
                data = reader.read(min(BLOCK, left))
                self._left = left = left - len(data or b"")
                ended = not left or data == b""
            else:
                data, ended = b"", True
        except MessageError as error:
            # What stands before it is not concerned: the failure is told when that is out.
            self._failure = error
            return
        if data:
            if self._ahead:
                self._add_content(last=False)
            self._ahead = data
        if ended:
            self._add_content(last=True)
            self._items.popleft()
            self._reader = None

    def _add_content(self, *, last: bool) -> None:
        ends = None
        if last and self.may_end is not None:
            content = self._items[0]
            if isinstance(content, Content) and content.last:
                ends = None if self._was_held(content.id) else content.id
                if ends is not None and self._first and self._pieces:
                    self._hold_last_line(ends)
        self._add(new(Piece, (self._ahead, (), self._first, last, ends)))
        self._first = False
        self._ahead = b""

    def _was_held(self, ends: int) -> bool:
        """Whether a message was held from its first octet, and may go out as a whole by now."""
        if ends not in self._small:
            return False
        self._small.remove(ends)
        return self.may_end is not None and self.may_end(ends)

    def _hold_last_line(self, ends: int) -> None:
        """Hold the BDAT of a content with it: where there are no octets, it is what ends the data.

        What stands before it is answered meanwhile.
        """
        piece = self._pieces.pop()
        *before, line = piece.lines
        if before:
            view, cut = memoryview(piece.data), len(piece.data) - len(line)
            self._pieces.append(Piece(view[:cut], before))
            piece = Piece(view[cut:], (line,))
        self._pieces.append(piece._replace(ends=ends))

    def advance(self, octets: int) -> list[Piece]:
        """Take `octets` as handed over; return the pieces that were, in order.

        A piece handed over in part is returned with that part, and the rest stays: of a content
        with `last` false, of lines when any of them ends in it.
        """
        pieces = self._pieces
        self._octets -= octets
        if not self._octets:
            everything = list(pieces)
            pieces.clear()
            return everything
        done: list[Piece] = []
        while pieces:
            piece = pieces[0]
            size = len(piece.data)
            if size <= octets:
                octets -= size
                done.append(pieces.popleft())
            elif octets:
                out, pieces[0] = _split(piece, octets)
                if out.lines or not piece.lines:
                    done.append(out)
                break
            else:
                break
        return done


def _split(piece: Piece, octets: int) -> tuple[Piece, Piece]:
    """Cut a piece in two behind the first so many octets, 1 or more and less than all."""
    view = memoryview(piece.data)
    out, rest = view[:octets], view[octets:]
    if not piece.lines:
        rest_of_it = piece._replace(data=rest, first=False, ends=None)
        return piece._replace(data=out, last=False), rest_of_it
    whole, left = len(piece.lines), len(rest)
    while left > 0:
        whole -= 1
        left -= len(piece.lines[whole])
    return Piece(out, piece.lines[:whole]), Piece(rest, piece.lines[whole:])
