"""Small files by three calls, and all that is not as simple as that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageNotFound, MessageUnreadable
from smtpwire.message.body import open_message
from smtpwire.message.opener import Opener
from tests.unit.message.files import everything, opened, piped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.eml"
    path.write_bytes(b"abcdefghij")
    return path


class Calls:
    """Counts what the system is asked about files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        for name in ("open", "fstat", "pread", "close"):
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            self.names.append(name)
            return real(*arguments)

        return call

    def taken(self) -> list[str]:
        """Those since the last time."""
        names, self.names = self.names, []
        return names


SIMPLE = ["open", "pread", "close"]


def read_whole(opener: Opener, path: Path | str, name: str = "m") -> bytes:
    opening = opener.open(str(path), name=name)
    opening.fill(1_000_000)
    assert opening.ended
    opening.close()
    return opening.head


@pytest.fixture
def proven(tmp_path: Path) -> Opener:
    """An opener that has seen a message in the directory."""
    (tmp_path / "proof").write_bytes(b"proof")
    opener = Opener()
    assert read_whole(opener, tmp_path / "proof") == b"proof"
    return opener


def test_a_small_file_takes_three_calls(
    proven: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    for content in (b"x", b"x" * 4095, b"x" * 4097, b"x" * 100_000):
        path.write_bytes(content)
        calls.taken()
        assert read_whole(proven, path) == content
        assert calls.taken() == SIMPLE


def test_the_first_file_of_each_directory_is_asked_what_it_is(
    proven: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = Calls(monkeypatch)
    (tmp_path / "sub").mkdir()
    names = ["proof", "./proof", "sub/1", "sub/2", f"{tmp_path}/proof"]
    for number in "12":
        (tmp_path / "sub" / number).write_bytes(b"proof")
    kinds: list[bool] = []
    calls.taken()
    for name in names:
        assert read_whole(proven, name) == b"proof"
        kinds.append(calls.taken() == SIMPLE)
    assert kinds == [False, True, False, True, False]


@pytest.mark.parametrize("size", [0, 4096, 8192, 100 * 1024, 100 * 1024 + 1, 500_000])
def test_what_one_read_does_not_prove_is_looked_at_closely(
    proven: Opener, path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    content = b"x" * size
    path.write_bytes(content)
    calls = Calls(monkeypatch)
    assert read_whole(proven, path) == content
    assert "fstat" in calls.taken()


def test_fault_189_a_disk_that_fails_behind_the_first_page_is_no_short_message(
    proven: Opener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"x" * 10_000)
    real = os.pread

    def fail(fd: int, octets: int, position: int) -> bytes:
        if position >= 4096:
            raise OSError(5, "Input/output error")
        return real(fd, min(octets, 4096 - position), position)

    monkeypatch.setattr(os, "pread", fail)
    for opener in (proven, Opener()):
        with pytest.raises(MessageUnreadable, match="input/output error"):
            read_whole(opener, path)


def test_fault_189_a_failed_proof_leaves_nothing_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int, octets: int, position: int) -> bytes:
        raise OSError(5, "Input/output error")

    calls = Calls(monkeypatch)
    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(MessageUnreadable, match="input/output error"):
        Opener().open(str(path), name="m")
    assert calls.taken() == ["open", "fstat", "close"]


def test_a_link_is_followed_and_looked_at_closely(
    proven: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to("/proc/self/status")
    whole = link.read_bytes()
    calls = Calls(monkeypatch)
    assert read_whole(proven, link)[:20] == whole[:20]
    assert "fstat" in calls.taken()


def test_pseudo_files_prove_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their reads end anywhere, though some of them have a size, and it is right."""
    opener = Opener()
    calls = Calls(monkeypatch)
    for name in ("config.gz", "cmdline", "filesystems", "meminfo"):
        if os.path.exists(f"/proc/{name}"):
            calls.taken()
            assert read_whole(opener, f"/proc/{name}")
            assert "fstat" in calls.taken()


def test_a_fifo_and_a_directory_among_small_files_are_what_they_are(
    proven: Opener, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opening = proven.open(str(fifo), name="m")
    assert not opening.at_hand
    opening.close()
    (tmp_path / "sub").mkdir()
    for name, why in (
        ("sub", "cannot be read: it is a directory"),
        ("missing", "cannot be opened: no such file or directory"),
        ("a\0b", "cannot be opened: no file has such a name"),
    ):
        with pytest.raises(MessageNotFound) as caught:
            proven.open(f"{tmp_path}/{name}", name=name)
        assert str(caught.value) == why
        assert caught.value.where == name


def test_a_descriptor_is_opened_as_ever(path: Path) -> None:
    with opened(path) as fd, piped(b"abc") as reading:
        opener = Opener()
        for source, content in ((fd, b"abcdefghij"), (reading, b"abc")):
            opening = opener.open(source, name="-")
            opening.fill(100)
            assert (opening.head, opening.ended) == (content, True)


@pytest.mark.parametrize("octets", [1000, 1_000_000])
def test_a_body_takes_over_what_was_opened(path: Path, octets: int) -> None:
    content = b"x\r\n" * (octets // 3)
    path.write_bytes(content)
    before = set(os.listdir("/dev/fd"))
    opener = Opener()
    for _ in range(2):
        opening = opener.open(str(path), name="m")
        body, _ = open_message(opening, name="m", from_header=False)
        assert everything(body.reader(stuffed=False)) == content
        body.close()
    assert set(os.listdir("/dev/fd")) <= before
