"""The first line of whatever a secret is read from."""

from __future__ import annotations

import os

import pytest

from smtpwire.cli.firstline import LONGEST_LINE, first_line, text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", b""),
        (b"one", b"one"),
        (b"one\n", b"one\n"),
        (b"one\ntwo\n", b"one\n"),
        (b"\n", b"\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_first_line_with_its_end(content: bytes, line: bytes, size: int) -> None:
    read, write = os.pipe()
    try:
        for start in range(0, len(content), size):
            os.write(write, content[start : start + size])
        os.close(write)
        assert first_line(read) == line
    finally:
        os.close(read)


def test_a_line_without_an_end_is_bounded() -> None:
    with open("/dev/zero", "rb") as endless:
        assert first_line(endless.fileno()) == bytes(LONGEST_LINE)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", ""),
        (b" a b \n", " a b "),
        (b"a\r\n", "a"),
        (b"a\n\n", "a\n"),
        (b"s\xc3\xbc", "sü"),
        (b"\xff", "\udcff"),
    ],
)
def test_a_line_as_text(line: bytes, expected: str) -> None:
    assert text(line) == expected
