"""What a server says cannot do anything to a terminal, and nothing of it is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpwire.cli.escape import (
    QUOTED_LIMIT,
    octets,
    printable,
    quoted,
    reply_line,
    reply_lines,
    sentence,
    shorten,
)
from smtpwire.core.reply import Reply

SEEN_CATEGORIES = "LNPS"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 100 %", "plain text, 100 %"),
        ("Grüße 日本語 한국 €½ «ночь» שלום", None),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb\nc\td\0e\x7f", r"a\x0db\x0ac\x09d\x00e\x7f"),
        ("\x9b31m", r"\u009b31m"),
        ("\u202ereversed\u2066", r"\u202ereversed\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("soft\u00adhyphen joiner\u034f", r"soft\u00adhyphen joiner\u034f"),
        ("acce\u0301nt enclosed\u20dd", r"acce\u0301nt enclosed\u20dd"),
        ("before its letter: \u0915\u093f", "before its letter: \u0915\\u093f"),
        ("no\u2800dots \U0001d159 note", r"no\u2800dots \U0001d159 note"),
        ("fillers\u115f\u1160\u3164\uffa0", r"fillers\u115f\u1160\u3164\uffa0"),
        ("joined\u1161\u11a8\ud7b0", r"joined\u1161\u11a8\ud7b0"),
        ("variation\ufe0f\U000e0100\u180b", r"variation\ufe0f\U000e0100\u180b"),
        ("tags\U000e0041\U000e007f", r"tags\U000e0041\U000e007f"),
        ("private\ue000\U0010fffd", r"private\ue000\U0010fffd"),
        ("unassigned\u0378\U000e0fff\uffff", r"unassigned\u0378\U000e0fff\uffff"),
        ("back\\slash ü", r"back\\slash ü"),
        ("octet\udcff", r"octet\xff"),
        ("surrogate\ud800", r"surrogate\ud800"),
        ("no-break\u00a0space\u3000wide", r"no-break\u00a0space\u3000wide"),
    ],
)
def test_escapes(text: str, shown: str | None) -> None:
    assert printable(text) == (shown or text)


@given(st.text(st.characters()))
def test_fault_197_200_nothing_hidden_gets_through(text: str) -> None:
    shown = set(printable(text)) - {" "}
    assert {unicodedata.category(character)[0] for character in shown} <= set(SEEN_CATEGORIES)


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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "'plain'"),
        ("a\udcff\n", r"'a\xff\n'"),
        ("soft\u00adhyphen\x9b", r"'soft\u00adhyphen\u009b'"),
        (r"\udcff \xff", r"'\\udcff \\xff'"),
        ("e\u0301", r"'e\u0301'"),
        ("9" * 5000, f"'{'9' * QUOTED_LIMIT}'... (5000 characters)"),
    ],
)
def test_a_sentence_quotes_with_the_same_escapes(value: str, shown: str) -> None:
    assert sentence(f"{quoted(value)} is wrong") == f"{shown} is wrong"


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
