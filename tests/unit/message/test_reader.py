"""From blocks to what goes out: order, counts, and what an error stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageUnreadable
from smtpwire.message.dots import DotStuffer
from smtpwire.message.eol import Normaliser
from smtpwire.message.reader import BodyReader, MemoryReader, wire_pieces
from tests.unit.message.files import everything

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def pieces(
    blocks: Iterable[bytes],
    *,
    size: int | None = None,
    normalise: bool = True,
    stuffed: bool = True,
    prefix: bytes = b"",
) -> list[bytes]:
    return [
        bytes(piece)
        for piece in wire_pieces(
            iter(blocks),
            name="m",
            size=size,
            normaliser=Normaliser() if normalise else None,
            stuffer=DotStuffer() if stuffed else None,
            prefix=prefix,
        )
        if piece
    ]


def test_line_ends_then_dots_then_the_end_of_data() -> None:
    assert pieces([b".a\n", b".b\n."]) == [b"..a\r\n", b"..b\r\n..\r\n.\r\n"]


def test_without_dots_exactly_the_content() -> None:
    assert pieces([b".a\n", b".b\n."], stuffed=False) == [b".a\r\n", b".b\r\n.\r\n"]
    assert pieces([b".a\n", b"."], stuffed=False, normalise=False) == [b".a\n", b"."]


def test_a_block_that_changes_nothing_is_the_piece_itself() -> None:
    blocks = [b"a\r\n", b"b\r\n"]
    out = list(
        wire_pieces(
            iter(blocks), name="m", size=6, normaliser=Normaliser(), stuffer=None, prefix=b""
        )
    )
    assert out[0] == b"", "the first block is kept back"
    assert all(piece is block for piece, block in zip(out[1:], blocks, strict=True))


def test_the_prefix_goes_first_as_it_is_with_the_first_block() -> None:
    assert pieces([b".a\n", b"b\n"], size=7, prefix=b".P\n") == [b".P\n..a\r\n", b"b\r\n.\r\n"]


def test_the_last_block_waits_until_the_content_has_ended() -> None:
    def failing() -> Iterator[bytes]:
        yield b"a\n"
        yield b"b\n"
        raise MessageUnreadable("broken", where="m")

    for stuffed in (False, True):
        reader = BodyReader(
            wire_pieces(
                failing(),
                name="m",
                size=None,
                normaliser=Normaliser(),
                stuffer=DotStuffer() if stuffed else None,
                prefix=b"",
            )
        )
        assert reader.read(100) == b"a\r\n"
        for _ in range(3):
            with pytest.raises(MessageUnreadable, match=r"^broken$"):
                reader.read(100)


@pytest.mark.parametrize("stuffed", [False, True])
@pytest.mark.parametrize("size", [0, 5, 7, 8, 100])
def test_fault_188_more_or_fewer_octets_than_were_counted_are_an_error(
    size: int, stuffed: bool
) -> None:
    out: list[bytes] = []
    stuffer = DotStuffer() if stuffed else None
    with pytest.raises(MessageUnreadable, match="changed while it was being sent") as caught:
        out.extend(
            bytes(piece)
            for piece in wire_pieces(
                iter([b"a\n", b"b"]),
                name="m",
                size=size,
                normaliser=Normaliser(),
                stuffer=stuffer,
                prefix=b"",
            )
        )
    assert caught.value.where == "m"
    assert b"".join(out) in (b"", b"a\r\n")


def test_the_size_does_not_count_prefix_dots_and_end() -> None:
    assert pieces([b".a\n", b"b"], size=7, prefix=b"P")[-1].endswith(b"\r\n.\r\n")


def test_reading_in_pieces_of_any_size() -> None:
    content = [b"a", b"bcdefgh", b"ij"]
    for limit in range(1, 12):
        assert everything(BodyReader(iter(content)), limit) == b"abcdefghij"


def test_a_piece_within_the_limit_is_not_copied() -> None:
    piece = b"abc"
    assert BodyReader(iter([piece])).read(3) is piece


def test_the_end_is_the_end() -> None:
    reader = BodyReader(iter(()))
    assert [reader.read(1) for _ in range(3)] == [b"", b"", b""]


def test_an_empty_piece_is_not_the_end() -> None:
    assert everything(BodyReader(iter([b"", b"a", b"", b"", b"b", b""]))) == b"ab"


def test_a_pipe_is_not_read_twice_for_one_call() -> None:
    """The second time may take for ever, and nobody would look at the server meanwhile."""
    taken = 0

    def blocks() -> Iterator[bytes]:
        nonlocal taken
        for block in (b"a\n", b"\r", b"\r", b"b\n"):
            taken += 1
            yield block

    reader = BodyReader(
        wire_pieces(
            blocks(),
            name="m",
            size=None,
            normaliser=Normaliser(),
            stuffer=DotStuffer(),
            prefix=b"",
        ),
        pipe=7,
    )
    given: list[bytes | None] = []
    while (piece := reader.read(100)) != b"":
        given.append(None if piece is None else bytes(piece))
        assert taken <= len(given)
    assert b"".join(filter(None, given)) == b"a\r\n\r\n\r\nb\r\n.\r\n"
    assert None in given


def test_what_is_left_of_a_piece_needs_no_pipe() -> None:
    reader = BodyReader(iter([b"abc"]), pipe=7)
    seen = [(reader.pipe, reader.read(2)) for _ in range(3)]
    assert seen == [(7, b"ab"), (None, b"c"), (7, b"")]


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"bcdef", b"g"], []])
@pytest.mark.parametrize("limit", range(1, 9))
def test_what_is_in_memory_in_pieces_of_any_size(pieces: list[bytes], limit: int) -> None:
    reader = MemoryReader(pieces)
    given = b""
    while not reader.ended:
        piece = reader.read(limit)
        assert 0 < len(piece) <= limit
        given += piece
    assert given == b"".join(pieces)
    assert reader.pipe is None
    assert everything(reader) == b""


def test_what_is_in_memory_is_not_copied() -> None:
    pieces = [b"abc", b"de"]
    reader = MemoryReader(pieces)
    assert [reader.read(3), reader.read(3)] == pieces
    view = MemoryReader(pieces).read(2)
    assert isinstance(view, memoryview)
    assert view.obj is pieces[0]
