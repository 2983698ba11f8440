"""Which messages may go out of their file without being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.message.body import open_body
from smtpwire.message.content import BLOCK, FileSlice
from tests.unit.message.files import piped

if TYPE_CHECKING:
    from pathlib import Path

    from smtpwire.message.body import Body

CLEAN = b"0123456789abcd\r\n" * (BLOCK // 2)
"""Eight blocks."""


def sliced(body: Body, *, stuffed: bool = False, slices: bool = True) -> tuple[int, bool]:
    """How many octets a reader gives, and whether any of them stay in the file."""
    reader = body.reader(stuffed=stuffed, prefix=b"P", slices=slices)
    octets, found = 0, False
    while piece := reader.read(1_000_000):
        octets += len(piece)
        found = found or isinstance(piece, FileSlice)
    body.close()
    return octets, found


def test_a_clean_file_by_bdat(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(CLEAN)
    assert sliced(open_body(str(path), name="m")) == (len(CLEAN) + 1, True)
    assert sliced(open_body(str(path), name="m", raw=True)) == (len(CLEAN) + 1, True)


def test_a_spooled_pipe_by_bdat(tmp_path: Path) -> None:
    with piped(CLEAN) as fd:
        body = open_body(fd, name="-", spool_dir=str(tmp_path))
    assert sliced(body) == (len(CLEAN) + 1, True)


def test_not_when_it_has_to_be_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(CLEAN)
    assert sliced(open_body(str(path), name="m"), slices=False) == (len(CLEAN) + 1, False)


def test_not_by_data(tmp_path: Path) -> None:
    """A line end and a dot, written into the file in between, could end the data early."""
    path = tmp_path / "m"
    path.write_bytes(CLEAN)
    assert sliced(open_body(str(path), name="m"), stuffed=True) == (len(CLEAN) + 4, False)


@pytest.mark.parametrize("content", [CLEAN.replace(b"\r", b""), CLEAN + b"open", CLEAN + b"\n"])
def test_not_when_line_ends_have_to_be_mended(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    octets, found = sliced(open_body(str(path), name="m"))
    assert not found
    assert octets > len(content)
