"""Where a header ends, and its fields."""

from __future__ import annotations

import re

import pytest

from smtpwire.errors import MessageUnusable
from smtpwire.message.header import Field, header_end, shown, split
from tests.unit.message.chunks import strings


def reference_end(octets: bytes) -> int | None:
    """Walk along the line ends."""
    at = 0
    for end in re.finditer(rb"\r\n|\r|\n", octets):
        if end.start() == at:
            return at
        at = end.end()
    return None


def test_the_header_ends_at_the_first_empty_line() -> None:
    for octets in strings(b"\r\na", 7):
        assert header_end(octets) == reference_end(octets), octets


def test_more_octets_never_change_where_it_ends() -> None:
    for octets in strings(b"\r\na", 5):
        end = header_end(octets)
        if end is not None:
            for more in strings(b"\r\na", 2):
                assert header_end(octets + more) == end


def test_a_line_of_white_space_does_not_end_it() -> None:
    assert header_end(b"A: b\r\n \r\nC: d\r\n\r\n") == len(b"A: b\r\n \r\nC: d\r\n")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_fields_with_folds(end: bytes) -> None:
    texts = [b"A: b" + end, b"C-d :" + end + b" e" + end + b"\tf" + end, b"A:" + end]
    assert list(split(b"".join(texts))) == [
        Field("a", b" b" + end, texts[0]),
        Field("c-d", end + b" e" + end + b"\tf" + end, texts[1]),
        Field("a", end, texts[2]),
    ]


def test_the_last_line_may_be_open() -> None:
    assert list(split(b"A: b\nB: c")) == [
        Field("a", b" b\n", b"A: b\n"),
        Field("b", b" c", b"B: c"),
    ]


def test_no_header_has_no_fields() -> None:
    assert list(split(b"")) == []


def test_the_fields_together_are_the_header() -> None:
    for body in strings(b"\r\n a", 6):
        header = b"A:" + body
        end = header_end(header)
        header = header[:end]
        try:
            fields = list(split(header))
        except MessageUnusable:
            assert re.search(rb"[\r\n]a", header), header
        else:
            assert b"".join(field.text for field in fields) == header


def test_fault_184_nul_and_eight_bits_in_a_body_are_kept() -> None:
    header = b"Subject: \0\xff\x80\r\n"
    assert list(split(header)) == [Field("subject", b" \0\xff\x80\r\n", header)]


def test_fault_184_a_bare_cr_ends_a_line() -> None:
    assert [field.name for field in split(b"Subject: a\rBcc: b@x\r\n")] == ["subject", "bcc"]


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        (b"no colon\r\n", "'no colon'"),
        (b" folded first\r\n", "'folded first'"),
        (b": no name\r\n", "': no name'"),
        (b"two words: a\r\n", "'two words: a'"),
        (b"B\xffc: a\r\n", r"'B\\xffc: a'"),
        (b">From a\r\n", "'>From a'"),
        (b"x" * 100 + b"\r\n", f"'{'x' * 40}...'"),
    ],
)
def test_what_is_no_field_is_refused_and_quoted(line: bytes, quoted: str) -> None:
    with pytest.raises(MessageUnusable) as caught:
        list(split(line))
    assert str(caught.value) == f"in the header, {quoted} is not a field"


def test_what_is_no_field_is_refused_anywhere() -> None:
    fields = split(b"A: b\r\nno field\r\n")
    assert next(fields).name == "a"
    with pytest.raises(MessageUnusable):
        next(fields)


def test_fault_185_the_from_line_of_an_mbox_is_refused_by_name() -> None:
    with pytest.raises(MessageUnusable, match='"From " of an mbox file'):
        list(split(b"From a@x Thu Jan  1 00:00:00 1970\nTo: b@y\n"))


def test_what_is_shown_is_short_and_printable() -> None:
    assert shown(" a\x1bb\u202e\udcff\r\n") == r"'a\x1bb\u202e\udcff'"
    assert shown("a" * 40) == repr("a" * 40)
    assert shown("a" * 41) == repr("a" * 40 + "...")
