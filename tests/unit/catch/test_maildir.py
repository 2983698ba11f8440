"""Messages into a Maildir."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.catch.maildir import Maildir

if TYPE_CHECKING:
    from pathlib import Path


def test_the_directories_are_made_and_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        Maildir(str(tmp_path / "a" / "b"))
    assert {p.name for p in (tmp_path / "a" / "b").iterdir()} == {"tmp", "new", "cur"}


def test_names_sort_by_the_order_of_delivery(tmp_path: Path) -> None:
    maildir = Maildir(str(tmp_path))
    names = [maildir.deliver(b"%d" % number) for number in range(20)]
    stored = sorted((tmp_path / "new").iterdir())
    assert [p.name for p in stored] == names
    assert [p.read_bytes() for p in stored] == [b"%d" % number for number in range(20)]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_host_name_with_separators_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "a/b:c")
    name = Maildir(str(tmp_path)).deliver(b"")
    assert name.endswith(r".a\057b\072c")


def test_what_cannot_be_moved_into_new_leaves_nothing(tmp_path: Path) -> None:
    maildir = Maildir(str(tmp_path))
    (tmp_path / "new").rmdir()
    with pytest.raises(FileNotFoundError):
        maildir.deliver(b"content")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_cannot_be_begun_leaves_nothing(tmp_path: Path) -> None:
    maildir = Maildir(str(tmp_path))
    (tmp_path / "tmp").rmdir()
    with pytest.raises(FileNotFoundError):
        maildir.deliver(b"content")
    assert list((tmp_path / "new").iterdir()) == []
