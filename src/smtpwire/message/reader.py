"""From content to the octets on the wire, in pieces of a size that the caller chooses.

Rules
- The order is: normalise, count, double dots; each block before the next one is read, because who
  says that a block is clean says it of what was read so far.  What is counted must be what was
  declared (SIZE=, BDAT), so a content that gives more or fewer octets than when it was scanned is
  an error.
- The last octets leave only when the content has ended in order and the count is right: an error
  always comes before them, so a truncated message is never ended (RFC 5321 section 4.1.1.4 makes
  the terminator a promise that all of the message is there).
- After an error there is nothing but that error.
- What is in memory was found to be whole before the first octet goes out: `MemoryReader` has
  nothing to check, and gives the octets as they are kept.
- A pipe may be silent for ever, so it is never read unless the caller asks for it: one `read` takes
  one block of it at most, and `pipe` says what to wait for in front of that.
"""

from __future__ import annotations

from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smtpwire.message.dots import DotStuffer
    from smtpwire.message.eol import Normaliser
    from smtpwire.message.witness import TrustingNormaliser


class MemoryReader:
    """One sending of a content that is in memory.

    Args:
        pieces: the octets in order; none of them is empty.
    """

    __slots__ = ("_pieces", "_rest")

    pipe = None
    """There is nothing to wait for."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest: bytes | memoryview = next(self._pieces, b"")

    @property
    def ended(self) -> bool:
        """Whether all of it has been read."""
        return not self._rest

    def read(self, limit: int) -> bytes | memoryview:
        """The next octets for the wire, uncopied; see `BodyReader.read`."""
        piece = self._rest
        if len(piece) <= limit:
            self._rest = next(self._pieces, b"")
            return piece
        view = memoryview(piece)
        self._rest = view[limit:]
        return view[:limit]


class BodyReader:
    """One sending of one message's content.

    Args:
        pieces: the octets in order, in pieces of any size; an empty one is not the end.
        pipe: the pipe that they come from, if each piece may have to be waited for.
    """

    __slots__ = ("_error", "_pieces", "_pipe", "_rest")

    ended = False
    """Only to read on would tell."""

    def __init__(self, pieces: Iterator[bytes | memoryview], *, pipe: int | None = None) -> None:
        self._pieces = pieces
        self._pipe = pipe
        self._rest: bytes | memoryview = b""
        self._error: MessageUnreadable | None = None

    @property
    def pipe(self) -> int | None:
        """The descriptor that the next `read` waits for; None when it has nothing to wait for."""
        return None if self._rest else self._pipe

    def read(self, limit: int) -> bytes | memoryview | None:
        """The next octets for the wire.

        Args:
            limit: how many at most; 1 or more.

        Returns:
            Fewer than `limit` do not mean the end; none do.  None, which only a reader with a
            `pipe` gives: there are none until the pipe has been read again.

        Raises:
            MessageUnreadable: reading failed or the message changed.  What was returned so far is
                then not the whole message, and must not be ended.
        """
        if self._error is not None:
            raise self._error
        piece = self._rest
        while not piece:
            try:
                piece = next(self._pieces)
            except StopIteration:
                return b""
            except MessageUnreadable as error:
                self._error = error
                raise
            if not piece and self._pipe is not None:
                return None
        if len(piece) <= limit:
            self._rest = b""
            return piece
        view = memoryview(piece)
        self._rest = view[limit:]
        return view[:limit]


Reader = MemoryReader | BodyReader


def wire_pieces(
    blocks: Iterator[bytes],
    *,
    name: str,
    size: int | None,
    normaliser: Normaliser | TrustingNormaliser | None,
    stuffer: DotStuffer | None,
    prefix: bytes,
) -> Iterator[bytes | memoryview]:
    """Convert content for the wire; one block behind the reading.

    Args:
        blocks: the content.
        name: the message's name, for errors.
        size: how many octets there must be before dots are doubled, or None for any number.
        normaliser: for content that may have other line ends than CRLF.
        stuffer: for DATA; its terminator ends the last piece.
        prefix: goes out in front of everything, as it is and not counted.

    Yields:
        The octets for the wire in order, in pieces of any size: one a block, which is empty when
        the block has only been read ahead, and one at the end.

    Raises:
        MessageUnreadable: from `blocks`, or when there are more or fewer octets than `size`.
    """
    count = 0
    held: bytes | memoryview = b""
    for block in blocks:
        piece = block if normaliser is None else normaliser.feed(block)
        count += len(piece)
        if size is not None and count > size:
            raise changed(name)
        if stuffer is not None:
            piece = stuffer.feed(piece)
        if prefix:
            piece = b"".join((prefix, piece))
            prefix = b""
        yield held
        held = piece
    tail = b"" if normaliser is None else normaliser.finish()
    if size is not None and count + len(tail) != size:
        raise changed(name)
    if stuffer is not None:
        tail = b"".join((stuffer.feed(tail), stuffer.finish()))
    yield b"".join((held, tail)) if tail else held
