"""What a server says cannot do anything to a terminal, and nothing of it is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpwire.cli.escape import octets, printable, reply_line, reply_lines, sentence, shorten
from smtpwire.core.reply import Reply

HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 100 %", "plain text, 100 %"),
        ("Grüße 日本 €", "Grüße 日本 €"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\nc\td\0e\x7f", r"a\x0db\x0ac\x09d\x00e\x7f"),
        ("\x9b31m", r"\u009b31m"),
        ("\u202ereversed", r"\u202ereversed"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("joiner\u034f filler\u3164 variation\ufe0f", r"joiner\u034f filler\u3164 variation\ufe0f"),
        ("private\ue000 unassigned\U000e0fff tag\U000e0041", None),
        ("back\\slash", r"back\\slash"),
        ("octet\udcff", r"octet\xff"),
        ("surrogate\ud800", r"surrogate\ud800"),
        ("beyond\U000e0041", r"beyond\U000e0041"),
        ("no-break\u00a0space", r"no-break\u00a0space"),
    ],
)
def test_escapes(text: str, shown: str | None) -> None:
    expected = shown or r"private\ue000 unassigned\U000e0fff tag\U000e0041"
    assert printable(text) == expected


@given(st.text(st.characters()))
def test_fault_197_200_nothing_hidden_gets_through(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & HIDDEN_CATEGORIES


@given(st.text(), st.text())
def test_two_texts_are_never_shown_alike(one: str, other: str) -> None:
    assert (printable(one) == printable(other)) == (one == other)


@given(st.binary())
def test_octets_of_any_kind_can_be_shown_on_any_terminal(data: bytes) -> None:
    assert octets(data).isprintable()


def test_octets_are_utf8_where_they_can_be() -> None:
    assert octets("é".encode() + b"\xe9\x80") == r"é\xe9\x80"


def test_a_sentence_keeps_its_backslashes() -> None:
    assert sentence(r"'a\nb' is wrong") == r"'a\nb' is wrong"
    assert sentence("\x1b") == r"\x1b"


def test_fault_201_a_long_text_is_shortened() -> None:
    assert shorten("a" * 10, 10) == "a" * 10
    assert shorten("a" * 25_000, 10) == "aaaaaaaaaa... (25000 characters)"


def test_a_reply_in_one_line() -> None:
    assert reply_line(Reply(250, (b"one", b"", b"tw\xc3\xb6"))) == "250 one / twö"
    assert reply_line(Reply(250, (b"",))) == "250"


def test_fault_199_a_reply_as_it_stood_on_the_wire_has_a_line_for_each_of_its_lines() -> None:
    reply = Reply(550, (b"no\r250 faked", b"", b"end"))
    assert reply_lines(reply) == [r"550-no\x0d250 faked", "550-", "550 end"]


def test_a_reply_without_text_has_no_trailing_space() -> None:
    assert reply_lines(Reply(250, (b"",))) == ["250"]
