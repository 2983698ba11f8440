"""Each way to read a text, and where what is read stands in it."""

from __future__ import annotations

import html
import json
import quopri
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smtpwire.cli.readings import Reading, readings

WHITE_SPACE = b" \t\n"


def read(text: bytes) -> list[bytes]:
    return [reading.octets for reading in readings(text)]


def place(text: bytes, octets: bytes) -> bytes:
    """The part of a text that a reading has these octets from."""
    for reading in readings(text):
        start = reading.octets.find(octets)
        if start >= 0:
            first, last = reading.span(start, start + len(octets))
            return text[first:last]
    raise AssertionError(octets)


@pytest.mark.parametrize("text", [b"", b"plain text", b"two\nlines", "\u00e9".encode(), b"\xff"])
def test_without_a_sign_of_an_escape_a_text_is_read_as_it_stands(text: bytes) -> None:
    assert read(text) == [text]


@pytest.mark.parametrize(
    ("escaped", "meant"),
    [
        (rb"\x41\x6a", b"Aj"),
        (rb"\101", b"A"),
        (rb"\u0041\u00e9", "A\u00e9".encode()),
        (rb"\ud83d\ude00", "\U0001f600".encode()),
        (rb"\U0001f600", "\U0001f600".encode()),
        (rb"\ud83d!", b"\xed\xa0\xbd!"),
        (rb"\"\\\/", b'"\\/'),
        (rb"\n\t", b"\n\t"),
        (rb"\9", rb"\9"),
        (b"%41+%6A", b"Aj"),
        (b"%4g%", b"%4g"),
        (b"&amp;&#65;&#x6A;&#66!", b"&AjB!"),
        (b"&eacute;&none;", "\u00e9&none;".encode()),
        (b"a & b", b"a & b"),
        (b"=41_=\n=6A", b"Aj"),
        (b"+41+6A", b"Aj"),
        (b"0x41 0X6a", b"41 6a"),
        (rb"%41\x42&#67;=44+45", b"ABCDE"),
    ],
)
def test_escapes_are_undone(escaped: bytes, meant: bytes) -> None:
    assert meant in read(escaped)


@pytest.mark.parametrize(
    "broken_off",
    [
        *("\\", "\\x", "\\x4", "\\u", "\\u00e", "\\U0001f6", "\\1", "%", "%4", "=4", "+4", "&"),
        *("&#6", "&am", "\\ud83d", "\\ud83d\\", "\\ud83d\\ude0"),
    ],
)
def test_an_escape_that_was_cut_means_nothing(broken_off: str) -> None:
    assert b"Aj" in read(b"Aj" + broken_off.encode())


def test_a_status_between_lines_is_left_out_and_the_line_goes_on() -> None:
    assert read(b"5.7.8 one\n5.7.8 two\n250 three") == [b"5.7.8 onetwo\n250 three"]
    assert place(b"on\n5.7.8 e", b"one") == b"on\n5.7.8 e"


@given(st.text(min_size=1))
@example("\U0001f600\u00e9\\")
def test_whatever_libraries_escape_is_read(text: str) -> None:
    octets = text.encode()
    forms = [
        json.dumps(text)[1:-1].encode(),
        quote(text, safe="").encode(),
        html.escape(text).encode(),
        "".join(f"&#{ord(character)};" for character in text if character.isalnum()).encode(),
        b"".join(b"\\x%02x" % octet for octet in octets),
    ]
    wanted = [octets, octets, octets, "".join(filter(str.isalnum, text)).encode(), octets]
    for form, meant in zip(forms, wanted, strict=True):
        assert meant in read(form)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_of_what_makes_nothing_of_white_space_all_else_is_read(text: str) -> None:
    assert text.encode() in read(quote_plus(text).encode())
    assert text.encode() in read(quopri.encodestring(text.encode(), header=True))


@given(st.binary(max_size=20), st.data())
def test_a_span_is_where_the_octets_are_from(before: bytes, data: st.DataObject) -> None:
    text = data.draw(st.binary(min_size=1, max_size=20))
    view = Reading(text).without(WHITE_SPACE)
    if view.octets:
        start = data.draw(st.integers(0, len(view.octets) - 1))
        end = data.draw(st.integers(start + 1, len(view.octets)))
        first, last = view.span(start, end)
        assert text[first:last].translate(None, WHITE_SPACE) == view.octets[start:end]
        assert text[first : first + 1] == view.octets[start : start + 1]


def test_an_escape_belongs_to_its_character_as_a_whole() -> None:
    assert place(b"x S%75p3r y", b"up") == b"%75p"
    assert place(b"x &#83;u&#112; y", b"Sup") == b"&#83;u&#112;"
    assert place(rb"\u00e9\\\"", "\u00e9\\".encode()) == rb"\u00e9\\"
    assert place(b"=C3=A9=\nx", b"\xa9x") == b"=A9=\nx"


def test_a_narrowed_reading_of_undone_escapes() -> None:
    text = b"no: S%20%75 p. "
    undone = next(reading for reading in readings(text) if b"u" in reading.octets)
    view = undone.without(WHITE_SPACE)
    assert view.octets == b"no:Sup."
    assert view.lower == b"no:sup."
    first, last = view.span(3, 6)
    assert text[first:last] == b"S%20%75 p"
