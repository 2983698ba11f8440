"""The names of a run's messages."""

from __future__ import annotations

import os
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageNotFound, MessageUnreadable
from smtpwire.message.source import NAME_LIMIT, message_names
from tests.unit.message.files import is_open, piped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list"


def test_the_arguments_or_standard_input() -> None:
    assert list(message_names(["a", "-", "a"], None)) == ["a", "-", "a"]
    assert list(message_names([], None)) == ["-"]


def test_the_arguments_go_before_the_list(listed: Path) -> None:
    listed.write_bytes(b"c\nd\n")
    assert list(message_names(["a", "b"], str(listed))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"a", ["a"]),
        (b"a\n\nb\n", ["a", "b"]),
        (b"a b\r\n", ["a b\r"]),
        (b"a\0b\0", ["a", "b"]),
        (b"a\nb\0c\n\0\0d", ["a\nb", "c\n", "d"]),
        (b"\xff\n", ["\udcff"]),
        (b"-\n./-\n-x\n", ["./-", "./-", "-x"]),
    ],
)
def test_lists(listed: Path, content: bytes, want: list[str]) -> None:
    listed.write_bytes(content)
    assert list(message_names([], str(listed))) == want


def test_what_separates_does_not_depend_on_how_a_pipe_delivers() -> None:
    with piped(b"a\n", b"b", b"\0", b"c") as fd:
        assert list(message_names([], "-", fd)) == ["a\nb", "c"]
        assert is_open(fd)


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_names_across_blocks(listed: Path, separator: bytes) -> None:
    names = [f"{number:0{number % 50 + 5}}" for number in range(20_000)]
    listed.write_bytes(separator.join(map(str.encode, names)))
    assert list(message_names([], str(listed))) == names


def test_a_million_names_in_constant_memory(listed: Path) -> None:
    listed.write_bytes(b"".join(b"%d\n" % number for number in range(1_000_000)))
    tracemalloc.start()
    try:
        names = message_names([], str(listed))
        assert next(islice(names, 999_999, None)) == "999999"
        assert list(names) == []
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_name_without_end_is_not_waited_for(listed: Path) -> None:
    listed.write_bytes(b"a\n" + b"x" * (NAME_LIMIT + 65_536))
    names = message_names([], str(listed))
    assert next(names) == "a"
    with pytest.raises(MessageUnreadable) as caught:
        next(names)
    assert str(caught.value) == "a name in it is longer than 65536 octets"
    assert caught.value.where == str(listed)


def test_a_list_that_cannot_be_opened_is_an_error_before_any_name(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(MessageNotFound) as caught:
        message_names(["a"], missing)
    assert (str(caught.value), caught.value.where) == (
        "cannot be opened: no such file or directory",
        missing,
    )


def test_the_list_is_closed_at_its_end(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fds: list[int] = []
    real = os.open

    def note(path: str, flags: int) -> int:
        fds.append(real(path, flags))
        return fds[-1]

    monkeypatch.setattr(os, "open", note)
    listed.write_bytes(b"a\nb\n")
    assert list(message_names([], str(listed))) == ["a", "b"]
    assert [is_open(fd) for fd in fds] == [False]
