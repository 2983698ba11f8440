"""From content to the octets on the wire, in pieces of a size that the caller chooses.

Rules
- The order is: normalise, count, double dots.  What is counted must be what was declared (SIZE=,
  BDAT), so a content that gives more or fewer octets than when it was scanned is an error.
- The last octets leave only when the content has ended in order and the count is right: an error
  always comes before them, so a truncated message is never ended (RFC 5321 section 4.1.1.4 makes
  the terminator a promise that all of the message is there).
- After an error there is nothing but that error.
"""

from __future__ import annotations

from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.message.dots import DotStuffer
    from smtpwire.message.eol import Normaliser


class BodyReader:
    """One sending of one message's content.

    Args:
        pieces: the octets in order, in pieces of any size.
    """

    __slots__ = ("_error", "_pieces", "_rest")

    def __init__(self, pieces: Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._rest: bytes | memoryview = b""
        self._error: MessageUnreadable | None = None

    def read(self, limit: int) -> bytes | memoryview:
        """The next octets for the wire.

        Args:
            limit: how many at most; 1 or more.

        Returns:
            Fewer than `limit` do not mean the end; none do.

        Raises:
            MessageUnreadable: reading failed or the message changed.  What was returned so far is
                then not the whole message, and must not be ended.
        """
        if self._error is not None:
            raise self._error
        piece = self._rest
        if not piece:
            try:
                piece = next(self._pieces, b"")
            except MessageUnreadable as error:
                self._error = error
                raise
        if len(piece) <= limit:
            self._rest = b""
            return piece
        view = memoryview(piece)
        self._rest = view[limit:]
        return view[:limit]


def wire_pieces(
    blocks: Iterator[bytes],
    *,
    name: str,
    size: int | None,
    normaliser: Normaliser | None,
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
        The octets for the wire in order, in pieces of any size but none.

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
        if held:
            yield held
        held = piece
    tail = b"" if normaliser is None else normaliser.finish()
    if size is not None and count + len(tail) != size:
        raise changed(name)
    if stuffer is not None:
        tail = b"".join((stuffer.feed(tail), stuffer.finish()))
    yield b"".join((held, tail)) if tail else held
