"""Memory, files and pipes as sources of blocks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import (
    BLOCK,
    FileContent,
    FileSlice,
    MemoryContent,
    PipeContent,
    Stamp,
    read,
    reason,
    split,
)
from tests.unit.message.files import is_open, opened, piped

if TYPE_CHECKING:
    from pathlib import Path

LARGE = bytes(range(256)) * 3000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return path


def file_content(path: Path, **options: object) -> FileContent:
    fd = os.open(path, os.O_RDONLY)
    return FileContent(fd, name="m", stamp=Stamp.of(os.fstat(fd)), **options)  # type: ignore[arg-type]


def test_memory_holds_nothing_open() -> None:
    content = MemoryContent(b"abc")
    assert content.octets == b"abc"
    content.close()
    content.close()


def test_a_file_comes_in_blocks_as_often_as_wanted(large: Path) -> None:
    content = file_content(large, head=b"head", start=10)
    for _ in range(2):
        blocks = list(content.blocks())
        assert blocks[0] == b"head"
        assert b"".join(blocks[1:]) == LARGE[10:]
        assert max(map(len, blocks)) == BLOCK
    assert not content.final
    assert content.pipe is None
    content.close()


def test_two_readings_of_a_file_do_not_disturb_each_other(large: Path) -> None:
    content = file_content(large)
    first, second = content.blocks(), content.blocks()
    pairs = list(zip(first, second, strict=True))
    assert all(one == other for one, other in pairs)
    content.close()


def test_an_owned_file_is_closed_once_and_another_never(large: Path) -> None:
    with opened(large) as fd:
        for owned in (False, True):
            content = FileContent(os.dup(fd) if owned else fd, name="m", owned=owned)
            content.close()
            content.close()
            assert is_open(fd)


@pytest.mark.parametrize("change", [b"longer", b""])
def test_fault_188_a_file_that_grew_or_shrank_is_noticed_at_its_end(
    large: Path, change: bytes
) -> None:
    content = file_content(large)
    blocks = content.blocks()
    next(blocks)
    large.write_bytes(LARGE + change if change else LARGE[: BLOCK + 1])
    with pytest.raises(MessageUnreadable, match=r"^the message changed while it was being sent$"):
        list(blocks)
    content.close()


def test_fault_188_a_file_changed_in_place_is_noticed(large: Path) -> None:
    content = file_content(large)
    os.utime(large, ns=(0, os.stat(large).st_mtime_ns + 1))
    with pytest.raises(MessageUnreadable) as caught:
        list(content.blocks())
    assert caught.value.where == "m"
    content.close()


def test_a_file_may_be_renamed_while_it_is_sent(large: Path) -> None:
    content = file_content(large)
    large.rename(large.with_name("renamed"))
    assert b"".join(content.blocks()) == LARGE
    content.close()


def test_a_spool_is_final_and_not_looked_at_for_changes(large: Path) -> None:
    with opened(large) as fd:
        content = FileContent(fd, name="m", owned=False)
        assert content.final
        os.utime(large)
        assert b"".join(content.blocks()) == LARGE


def test_a_file_whose_state_cannot_be_read_is_unreadable(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = file_content(large)

    def stale(fd: int) -> os.stat_result:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patched:
        patched.setattr("smtpwire.message.content.os.fstat", stale)
        with pytest.raises(MessageUnreadable, match=r"^reading failed: stale file handle$"):
            list(content.blocks())
    content.close()


def test_a_pipe_comes_once() -> None:
    with piped(b"b" * 100_000, b"c") as fd:
        content = PipeContent(fd, name="m", head=b"a", owned=False)
        assert not content.final
        assert content.pipe == fd
        assert b"".join(content.blocks()) == b"a" + b"b" * 100_000 + b"c"
        with pytest.raises(MessageUnreadable, match="cannot be read again") as caught:
            content.blocks()
        assert caught.value.where == "m"
        content.close()
        assert is_open(fd)


def test_an_owned_pipe_is_closed() -> None:
    with piped() as fd:
        own = os.dup(fd)
        content = PipeContent(own, name="m", head=b"a", owned=True)
        content.close()
        assert not is_open(own)
        content.close()


def test_fault_189_a_failed_read_names_the_message_and_the_reason() -> None:
    with piped() as fd:
        closed = os.dup(fd)
        os.close(closed)
        for position in (None, 0):
            with pytest.raises(MessageUnreadable) as caught:
                read(closed, 1, name="m", position=position)
            assert str(caught.value) == "reading failed: bad file descriptor"
            assert caught.value.where == "m"


def test_a_reason_without_the_systems_words() -> None:
    assert reason(OSError("It broke")) == "it broke"
    assert reason(OSError()) == ""


def written(piece: bytes | FileSlice) -> bytes:
    """The octets of a piece, wherever they are."""
    data = b""
    while isinstance(piece, FileSlice):
        if not piece:
            return data
        some = piece.read()
        data += some
        _, piece = piece.split(len(some))
    return data + piece


@pytest.mark.parametrize("blocks", [3, 4, 5, 9])
def test_the_middle_of_a_large_file_stays_in_it(tmp_path: Path, blocks: int) -> None:
    path = tmp_path / "m"
    octets = (LARGE * 4)[: blocks * BLOCK + 77]
    path.write_bytes(octets)
    content = file_content(path, head=b"head", start=50)
    want = b"head" + octets[50:]
    pieces = list(content.slices(len(want)))
    assert b"".join(map(written, pieces)) == want
    slices = [piece for piece in pieces if isinstance(piece, FileSlice)]
    assert [len(piece) for piece in slices] == ([] if blocks == 3 else [len(want) - 4 - 2 * BLOCK])
    assert isinstance(pieces[-1], bytes)
    content.close()


def test_fault_188_a_file_changed_behind_its_middle_is_noticed_before_its_last_block(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m"
    path.write_bytes(LARGE * 4)
    content = file_content(path)
    pieces = content.slices(len(LARGE) * 4)
    assert isinstance(next(pieces), bytes)
    assert isinstance(next(pieces), FileSlice)
    os.utime(path, (0, 0))
    assert len(next(pieces)) == BLOCK
    with pytest.raises(MessageUnreadable, match=r"^the message changed while it was being sent$"):
        next(pieces)
    content.close()


def test_fault_188_what_is_no_longer_in_a_file_cannot_be_read_from_it(large: Path) -> None:
    with opened(large) as fd:
        piece = FileSlice(fd, 10, 100, name="m")
        large.write_bytes(b"short")
        with pytest.raises(MessageUnreadable, match=r"^the message changed") as caught:
            piece.read()
        assert caught.value.where == "m"


def test_octets_are_cut_where_they_are(large: Path) -> None:
    octets = b"abcdef"
    first, rest = split(octets, 2)
    assert isinstance(first, memoryview)
    assert isinstance(rest, memoryview)
    assert first.obj is rest.obj is octets
    assert (bytes(first), bytes(rest)) == (b"ab", b"cdef")
    with opened(large) as fd:
        cut = split(FileSlice(fd, 10, 100, name="m"), 30)
        assert [piece.offset for piece in cut if isinstance(piece, FileSlice)] == [10, 40]
        assert list(map(len, cut)) == [30, 70]
