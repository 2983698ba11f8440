"""What is written, in which order, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Content
from smtpwire.errors import MessageUnreadable
from smtpwire.message.reader import BodyReader, MemoryReader
from smtpwire.net import outbox
from smtpwire.net.outbox import Outbox, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = MessageUnreadable("cannot be read", where="broken.eml")


class Library:
    """Contents by id; counts how often a reader was asked for."""

    def __init__(self, **contents: list[bytes]) -> None:
        self._contents = contents
        self._readers: dict[int, BodyReader] = {}
        self.asked = 0

    def __call__(self, content: Content) -> BodyReader:
        self.asked += 1
        if content.id not in self._readers:
            self._readers[content.id] = BodyReader(self._pieces(f"m{content.id}"))
        return self._readers[content.id]

    def _pieces(self, name: str) -> Iterator[bytes]:
        for piece in self._contents[name]:
            if piece == b"BROKEN":
                raise BROKEN
            yield piece


def whole(number: int) -> Content:
    return Content(number, None, last=True)


def written(box: Outbox, *, at_once: int = 1 << 20) -> tuple[bytes, list[Piece]]:
    """Write all there is, so many octets at a time; the octets, and the pieces told of."""
    data, pieces = b"", list[Piece]()
    while box:
        joined = b"".join(box.buffers())[:at_once]
        data += joined
        pieces += box.advance(len(joined))
    return data, pieces


def test_an_empty_one_has_nothing_to_write() -> None:
    box = Outbox(Library())
    assert not box
    assert box.buffers() == []
    assert box.advance(0) == []


@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 7, 1000])
def test_lines_and_contents_keep_their_order(at_once: int) -> None:
    box = Outbox(Library(m1=[b"ab", b"cde"], m2=[b"fgh"]))
    box.extend([b"ONE\r\n", whole(1), b"TWO\r\n"])
    box.extend([b"THREE\r\n", whole(2), b"FOUR\r\n"])
    data, pieces = written(box, at_once=at_once)
    assert data == b"ONE\r\nabcdeTWO\r\nTHREE\r\nfghFOUR\r\n"
    told: list[bytes] = []
    for piece in pieces:
        told += piece.lines or [bytes(piece.data)]
    assert b"".join(told) == data
    lines = [line for line in told if line.endswith(b"\n")]
    assert lines == [b"ONE\r\n", b"TWO\r\n", b"THREE\r\n", b"FOUR\r\n"]


def test_lines_that_come_together_are_one_buffer() -> None:
    box = Outbox(Library(m1=[b"abc"]))
    box.extend([whole(1), b"ONE\r\n", b"TWO\r\n"])
    box.extend([b"THREE\r\n"])
    assert box.buffers() == [b"abc", b"ONE\r\nTWO\r\n", b"THREE\r\n"]


def test_a_line_is_told_of_when_all_of_it_is_out() -> None:
    box = Outbox(Library())
    box.extend([b"ONE\r\n", b"TWO\r\n", b"THREE\r\n"])
    box.buffers()
    assert box.advance(4) == []
    assert box.advance(3) == [Piece(b"\nTW", [b"ONE\r\n"])]
    assert box.advance(3) == [Piece(b"O\r\n", [b"TWO\r\n"])]
    assert box.advance(7) == [Piece(b"THREE\r\n", [b"THREE\r\n"])]
    assert not box


@pytest.mark.parametrize("at_once", [1, 4, 1000])
def test_the_first_and_the_last_piece_of_a_content_are_told_once(at_once: int) -> None:
    box = Outbox(Library(m1=[b"abc", b"de"]))
    box.extend([b"LINE\r\n", whole(1)])
    _, pieces = written(box, at_once=at_once)
    content = [piece for piece in pieces if not piece.lines]
    assert [piece.first for piece in content] == [True] + [False] * (len(content) - 1)
    assert [piece.last for piece in content] == [False] * (len(content) - 1) + [True]
    assert not any(piece.first or piece.last for piece in pieces if piece.lines)


def test_the_end_of_a_content_is_told_only_when_all_of_it_is_out() -> None:
    box = Outbox(Library(m1=[b"abcd"]))
    box.extend([Content(1, 4, last=True)])
    box.buffers()
    assert box.advance(3) == [Piece(b"abc", first=True)]
    assert box.advance(1) == [Piece(b"d", last=True)]
    assert not box


def test_chunks_of_one_content_go_on_where_the_last_one_ended() -> None:
    library = Library(m1=[b"abc", b"defg"])
    box = Outbox(library)
    box.extend([b"BDAT 2\r\n", Content(1, 2, last=False), b"BDAT 5 LAST\r\n"])
    box.extend([Content(1, 5, last=True)])
    data, pieces = written(box)
    assert data == b"BDAT 2\r\nabBDAT 5 LAST\r\ncdefg"
    assert [bytes(piece.data) for piece in pieces if piece.last] == [b"ab", b"defg"]


def test_a_chunk_without_octets() -> None:
    box = Outbox(Library(m1=[]))
    box.extend([b"BDAT 0 LAST\r\n", Content(1, 0, last=True)])
    data, pieces = written(box)
    assert data == b"BDAT 0 LAST\r\n"
    assert pieces[-1] == Piece(b"", first=True, last=True)


@pytest.mark.parametrize("limit", ["BLOCK", "MAX_BUFFERS"])
def test_it_goes_with_the_line_in_front_of_it(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(outbox, limit, 1)
    box = Outbox(Library(m1=[]))
    box.extend([b"BDAT 0 LAST\r\n", Content(1, 0, last=True)])
    box.buffers()
    assert [piece.last for piece in box.advance(13)] == [False, True]


@pytest.mark.parametrize("pieces", [[b"abcdefghij"], [b"abcd", b"efghij"], [b"abcdefghij", b"k"]])
def test_the_end_is_known_with_the_last_octet_however_blocks_fall(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    """The server may answer before the next look at the content."""
    monkeypatch.setattr(outbox, "BLOCK", 10)
    octets = sum(map(len, pieces))
    box = Outbox(Library(m1=pieces))
    box.extend([whole(1)])
    done: list[Piece] = []
    while not done or not done[-1].last:
        done += box.advance(sum(map(len, box.buffers())))
    assert sum(len(piece.data) for piece in done) == octets
    assert done[-1].data
    assert not box


def test_no_more_than_a_block_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "BLOCK", 10)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"abc"

    reader = BodyReader(endless())
    box = Outbox(lambda content: reader)
    box.extend([whole(1)])
    for _ in range(10):
        assert 10 <= sum(map(len, box.buffers())) < 20
        box.advance(7)
    assert 3 * taken < 9 * 7 + 3 * 10


def test_no_more_buffers_than_the_system_takes() -> None:
    numbers = range(1000)
    box = Outbox(Library(**{f"m{number}": [b"y"] for number in numbers}))
    for number in numbers:
        box.extend([b"x\r\n", whole(number)])
    assert len(box.buffers()) == outbox.MAX_BUFFERS < 1024
    assert written(box)[0] == b"x\r\ny" * 1000


def test_a_content_that_cannot_be_read_does_not_keep_back_what_is_before_it() -> None:
    box = Outbox(Library(m1=[b"good"], m2=[b"ba", b"BROKEN"]))
    box.extend([b"ONE\r\n", whole(1), b"TWO\r\n", whole(2), b"THREE\r\n"])
    joined = b"".join(box.buffers())
    assert joined == b"ONE\r\ngoodTWO\r\n"
    pieces = box.advance(len(joined))
    assert [piece.last for piece in pieces] == [False, True, False]
    assert box
    with pytest.raises(MessageUnreadable) as caught:
        box.buffers()
    assert caught.value is BROKEN


def test_a_content_that_cannot_be_begun_is_no_other() -> None:
    def cannot(content: Content) -> BodyReader:
        raise BROKEN

    box = Outbox(cannot)
    box.extend([b"ONE\r\n", whole(1)])
    assert box.buffers() == [b"ONE\r\n"]
    box.advance(5)
    with pytest.raises(MessageUnreadable):
        box.buffers()


def test_what_is_cleared_is_not_written() -> None:
    box = Outbox(Library(m1=[b"abc"]))
    box.extend([b"ONE\r\n", whole(1)])
    box.buffers()
    box.clear()
    assert not box
    assert box.buffers() == []


def test_a_reader_is_asked_for_once_a_content() -> None:
    library = Library(m1=[b"a"] * 50)
    box = Outbox(library)
    box.extend([whole(1)])
    written(box, at_once=1)
    assert library.asked == 1


def test_a_pipe_is_read_only_when_asked_for_and_once_a_time() -> None:
    taken = 0

    def blocks() -> Iterator[bytes]:
        nonlocal taken
        for block in (b"", b"abc", b"", b"de"):
            taken += 1
            yield block

    reader = BodyReader(blocks(), pipe=7)
    box = Outbox(lambda content: reader)
    box.extend([b"LINE\r\n", whole(1), b"NEXT\r\n"])
    assert box.buffers() == [b"LINE\r\n"]
    waited_for = [box.pipe]
    box.advance(6)
    given: list[bytes] = []
    while box:
        waited_for.append(box.pipe)
        before = taken
        assert box.buffers() == []
        assert taken == before
        box.draw()
        assert taken <= before + 1
        joined = b"".join(box.buffers())
        given.append(joined)
        box.advance(len(joined))
    assert given == [b"", b"", b"", b"abc", b"deNEXT\r\n"]
    assert waited_for == [None, 7, 7, 7, 7, 7], "not while there is something to write"
    assert box.pipe is None


def test_a_pipe_that_cannot_be_read_is_told_at_once() -> None:
    library = Library(m1=[b"a", b"b", b"BROKEN"])
    reader = BodyReader(library._pieces("m1"), pipe=7)
    box = Outbox(lambda content: reader)
    box.extend([whole(1)])
    assert box.buffers() == []
    box.draw()
    box.draw()
    assert box.buffers() == [b"a"]
    box.advance(1)
    with pytest.raises(MessageUnreadable):
        box.draw()
    with pytest.raises(MessageUnreadable):
        box.buffers()


def test_nobody_waits_for_the_pipe_of_what_was_cleared() -> None:
    reader = BodyReader(iter([b"a"]), pipe=7)
    box = Outbox(lambda content: reader)
    box.extend([whole(1)])
    box.buffers()
    assert box.pipe == 7
    box.clear()
    assert box.pipe is None


def test_content_in_memory_is_written_as_it_is_kept() -> None:
    content, end = b"x" * 100_000, b".\r\n"
    box = Outbox(lambda content: MemoryReader([content_of[content.id], end]))
    content_of = {1: content, 2: content}
    box.extend([whole(1), b"MAIL\r\n", whole(2)])
    buffers = box.buffers()
    assert [buffer is content for buffer in buffers] == [True, False, False, True, False]
    assert box.advance(sum(map(len, buffers)))[-1] == Piece(end, last=True)
