"""Memory, files and pipes as sources of blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageUnreadable
from smtpwire.message.content import (
    BLOCK,
    FileContent,
    MemoryContent,
    PipeContent,
    Stamp,
    read,
    reason,
)
from tests.unit.message.files import is_open, opened, piped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGE = bytes(range(256)) * 3000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return path


def file_content(path: Path, **options: Any) -> FileContent:
    fd = os.open(path, os.O_RDONLY)
    return FileContent(fd, name="m", stamp=Stamp.of(os.fstat(fd)), **options)


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


def settle(path: Path) -> None:
    """Have the next change of a file come at another time than the last one."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.chmod(0o600)


def test_fault_188_a_change_whose_time_was_set_back_is_noticed(large: Path) -> None:
    content = file_content(large)
    before = large.stat()
    settle(large)
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(MessageUnreadable, match=r"^the message changed"):
        list(content.blocks())
    content.close()


def rename(path: Path) -> None:
    path.rename(path.with_name("renamed"))


@pytest.mark.parametrize("leave", [rename, Path.unlink])
def test_a_file_may_lose_its_name_while_it_is_sent(
    large: Path, leave: Callable[[Path], None]
) -> None:
    content = file_content(large)
    settle(large)
    leave(large)
    assert b"".join(content.blocks()) == LARGE
    content.close()


def test_fault_188_what_is_renamed_and_changed_is_noticed(large: Path) -> None:
    content = file_content(large)
    os.utime(large, ns=(0, 0))
    rename(large)
    with pytest.raises(MessageUnreadable, match=r"^the message changed"):
        list(content.blocks())
    content.close()


def test_where_nobody_tells_names_a_rename_is_a_change(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(path: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)

    monkeypatch.setattr("smtpwire.message.content.os.readlink", absent)
    content = file_content(large)
    settle(large)
    rename(large)
    with pytest.raises(MessageUnreadable, match=r"^the message changed"):
        list(content.blocks())
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
