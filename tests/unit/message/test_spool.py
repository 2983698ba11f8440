"""Files without a name."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageUnreadable
from smtpwire.message.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

NO_TMPFILE = [None, errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL]
"""A system that does not know O_TMPFILE, and the ways in which others refuse it."""


def without_tmpfile(monkeypatch: pytest.MonkeyPatch, number: int | None) -> None:
    real = os.open
    if number is None:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
        return
    flag = 1 << 30
    monkeypatch.setattr(os, "O_TMPFILE", flag, raising=False)

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & flag:
            raise OSError(number, os.strerror(number))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)


def check(directory: Path) -> None:
    spool = Spool(str(directory), name="m")
    try:
        spool.write(b"ab")
        spool.write(memoryview(b"cd"))
        status = os.fstat(spool.fd)
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert status.st_nlink == 0
        assert os.pread(spool.fd, 10, 0) == b"abcd"
        assert list(directory.iterdir()) == []
    finally:
        os.close(spool.fd)


def test_a_spool_has_no_name_and_is_its_owners(tmp_path: Path) -> None:
    check(tmp_path)


@pytest.mark.parametrize("number", NO_TMPFILE)
def test_a_system_without_unnamed_files(
    tmp_path: Path, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tmpfile(monkeypatch, number)
    check(tmp_path)


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    with pytest.raises(MessageUnreadable) as caught:
        Spool(None, name="m")
    assert str(caught.value) == (
        f"spooling the message to {tmp_path}/missing failed: no such file or directory;"
        " TMPDIR names another directory"
    )
    assert caught.value.where == "m"
    os.close(Spool(str(tmp_path), name="m").fd)
    monkeypatch.delenv("TMPDIR")
    os.close(Spool(None, name="m").fd)


def test_an_error_that_is_not_about_unnamed_files_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tmpfile(monkeypatch, errno.ENOSPC)
    with pytest.raises(MessageUnreadable, match="no space left on device; TMPDIR names"):
        Spool(str(tmp_path), name="m")


def test_a_disk_that_takes_little_and_then_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    room = 5

    def write(fd: int, data: memoryview) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = real(fd, data[: min(room, 2)])
        room -= taken
        return taken

    spool = Spool(str(tmp_path), name="m")
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", write)
            spool.write(b"abcd")
            with pytest.raises(
                MessageUnreadable, match=f"spooling the message to {tmp_path} failed"
            ):
                spool.write(b"ef")
        assert os.pread(spool.fd, 10, 0) == b"abcde"
    finally:
        os.close(spool.fd)
