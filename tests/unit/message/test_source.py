"""The names of a run's messages."""

from __future__ import annotations

import os
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageNotFound, MessageUnreadable
from smtpwire.message.opening import Opening
from smtpwire.message.source import NAME_LIMIT, ListedNames, message_names
from tests.unit.message.files import Pipe, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list"


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def listed_in(pipe: Pipe, *args: str) -> ListedNames:
    """The names that come through a pipe."""
    return ListedNames(args, Opening(pipe.reading, name="-"), "-")


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


@pytest.mark.parametrize(
    ("writes", "want"),
    [
        ((b"a\nb\0c",), ["a\nb", "c"]),
        ((b"a", b"b\0", b"c\nd"), ["ab", "c\nd"]),
        ((b"a\n", b"b\0c"), ["a", "b\0c"]),
        ((b"a\n", b"\n", b"-\n-", b"x"), ["a", "./-", "-x"]),
    ],
)
def test_the_first_separator_that_a_pipe_gives_is_the_one(
    pipe: Pipe, writes: tuple[bytes, ...], want: list[str]
) -> None:
    names = listed_in(pipe)
    for data in writes:
        pipe.write(data)
        names.ready()  # each is a read of its own
    pipe.end()
    assert list(names) == want
    assert is_open(pipe.reading)


def test_a_name_is_dealt_out_as_soon_as_it_is_whole(pipe: Pipe) -> None:
    names = listed_in(pipe, "first")
    assert names.ready()
    assert next(names) == "first"
    assert not names.ready()
    pipe.write(b"a")
    assert not names.ready()
    pipe.write(b"\nb\nc")
    assert names.ready()
    assert [next(names), next(names)] == ["a", "b"]
    assert not names.ready()
    pipe.end()
    assert names.ready()
    assert list(names) == ["c"]
    assert names.ready(), "that it has ended need not be awaited"


def test_a_closed_list_gives_no_more(listed: Path) -> None:
    listed.write_bytes(b"a\n")
    opening = Opening(str(listed), name="list")
    names = ListedNames([], opening, "list")
    names.close()
    names.close()
    assert list(names) == []
    assert not is_open(opening.fd)


def test_a_list_says_what_to_wait_for_until_it_has_ended(pipe: Pipe) -> None:
    names = listed_in(pipe)
    assert not names.ready()
    assert names.fd == pipe.reading
    pipe.end()
    assert names.ready()
    assert names.fd is None


def test_a_list_that_cannot_be_read_on_breaks_behind_its_names(pipe: Pipe) -> None:
    names = listed_in(pipe)
    pipe.write(b"a\n" + b"x" * 10)
    assert names.ready()
    pipe.write(b"y" * NAME_LIMIT)
    assert next(names) == "a"
    assert names.ready(), "an error need not be awaited either"
    with pytest.raises(MessageUnreadable):
        next(names)
    assert list(names) == []


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
