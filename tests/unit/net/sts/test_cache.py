"""Policies that are kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.net.sts.cache import Cache, Entry
from tests.unit.net.sts.test_policy import GOOD, READ

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry("1", GOOD.decode(), 1000.0)


@pytest.mark.parametrize(
    ("now", "there"),
    [(999.0, False), (1000.0, True), (605_799.9, True), (605_800.0, False)],
)
def test_a_policy_expires(now: float, there: bool) -> None:
    """A clock that went back to before it was fetched says nothing of how old it is."""
    assert ENTRY.policy(now) == (READ if there else None)


def test_what_is_stored_is_found(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "new" / "directory"))
    assert cache.load("example.org") is None
    cache.store("example.org", ENTRY)
    assert cache.load("Example.ORG") == ENTRY
    assert cache.load("other.org") is None
    cache.store("example.org", ENTRY._replace(id="2"))
    assert Cache(str(tmp_path / "new" / "directory")).load("example.org") == ENTRY._replace(id="2")
    assert os.listdir(tmp_path / "new" / "directory") == ["example.org.json"]


def test_the_directory_is_its_owners_alone(tmp_path: Path) -> None:
    Cache(str(tmp_path / "policies")).store("example.org", ENTRY)
    assert (tmp_path / "policies").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"id": "1", "text": "not a policy", "fetched": 1}',
        b'{"id": "1", "text": "\\u00e9", "fetched": 1}',
        b'{"id": "1", "text": "\\ud800", "fetched": 1}',
        b'{"id": "1", "text": "", "fetched": "x"}',
    ],
)
def test_what_cannot_be_read_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "example.org.json").write_bytes(content)
    assert Cache(str(tmp_path)).load("example.org") is None


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        Cache(str(tmp_path / "file")).store("example.org", ENTRY)
