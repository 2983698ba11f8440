"""The reference itself, by cases that are read off the RFCs."""

from __future__ import annotations

import pytest

from tests import reference


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\n", b"a\r\n"),
        (b"a\r", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd\r\n"),
        (b"\r\r\n", b"\r\n\r\n"),
        (b"\n\r", b"\r\n\r\n"),
        (b"\n\n", b"\r\n\r\n"),
        (b".\n\x00\xff", b".\r\n\x00\xff\r\n"),
    ],
)
def test_every_line_ends_in_crlf(content: bytes, expected: bytes) -> None:
    assert reference.normalised(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\n", b"a\n\r\n"),
        (b"a\r", b"a\r\r\n"),
        (b"a\r\n.\r\n", b"a\r\n.\r\n"),
    ],
)
def test_the_end_of_data_begins_with_crlf(content: bytes, expected: bytes) -> None:
    assert reference.terminated(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"To: a\nBcc: b\n\nBcc: c\n", b"To: a\r\n\r\nBcc: c\r\n"),
        (b"bcc : b\n c\n\td\nTo: a\n", b"To: a\r\n"),
        (b"RESENT-BCC: b\r\n c\r\nTo: a,\r\n b\r\n\r\nx\r\n", b"To: a,\r\n b\r\n\r\nx\r\n"),
        (b"Bccs: b\nX-Bcc: c\n", b"Bccs: b\r\nX-Bcc: c\r\n"),
        (b"\nBcc: b\n", b"\r\nBcc: b\r\n"),
    ],
)
def test_bcc_goes_with_its_folded_lines(content: bytes, expected: bytes) -> None:
    assert reference.without_bcc(content) == expected
