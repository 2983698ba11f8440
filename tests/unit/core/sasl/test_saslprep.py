"""SASLprep: the examples of the RFC, each table once, and another implementation's answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scramp.utils import ScramException
from scramp.utils import saslprep as scramp_saslprep

from smtpwire.core.sasl.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # RFC 4013 section 3, from here
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("", ""),
        ("a b", "a b"),
        ("a\u00a0b", "a b"),
        ("a\u200bb", "a b"),
        ("u\u0308", "\u00fc"),
        ("\u00bd", "1\u20442"),  # RFC 5802 section 3 asks for these two
        ("\u00b4", " \u0301"),
        ("\u0627\u0031\u0628", "\u06271\u0628"),
    ],
)
def test_what_is_prepared(text: str, prepared: str) -> None:
    assert saslprep(text, stored=True) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "\u0007",  # RFC 4013 section 3
        "\u06271",  # the same: it does not end as it began
        "1\u0627",
        "\u0627a\u0627",
        "\x7f",
        "\u0080",
        "\ue000",
        "\ufdd0",
        "\ufff9",
        "\u2ff0",
        "\u200e",
        "\U000e0001",
    ],
)
@pytest.mark.parametrize("stored", [True, False])
def test_what_is_prohibited_is_not_repeated(text: str, stored: bool) -> None:
    with pytest.raises(ValueError, match=r"^[ -~]+$"):
        saslprep(text, stored=stored)


def test_what_unicode_3_2_does_not_know_may_be_in_a_query_only() -> None:
    assert saslprep("\U0001f511", stored=False) == "\U0001f511"
    with pytest.raises(ValueError, match="prohibits"):
        saslprep("\U0001f511", stored=True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_scramp_says_the_same(text: str) -> None:
    try:
        expected = scramp_saslprep(text)
    except ScramException:
        with pytest.raises(ValueError, match="it"):
            saslprep(text, stored=True)
    else:
        assert saslprep(text, stored=True) == expected
