"""Elements of DER, taken off the front."""

from __future__ import annotations

import pytest

from smtpwire.net.der import OBJECT_IDENTIFIER, SEQUENCE, split


@pytest.mark.parametrize(
    ("der", "content", "behind"),
    [
        ("3000", "", ""),
        ("3002aabbcc", "aabb", "cc"),
        ("308180" + "00" * 128 + "01", "00" * 128, "01"),
        ("30820100" + "00" * 256, "00" * 256, ""),
    ],
)
def test_the_first_element(der: str, content: str, behind: str) -> None:
    expected = bytes.fromhex(content), bytes.fromhex(behind)
    assert split(bytes.fromhex(der)) == expected
    assert split(bytes.fromhex(der), SEQUENCE) == expected


def test_another_element() -> None:
    with pytest.raises(ValueError, match="not the element"):
        split(b"\x30\x00", OBJECT_IDENTIFIER)


@pytest.mark.parametrize("der", ["", "30"])
def test_no_element(der: str) -> None:
    with pytest.raises(ValueError, match="not the element"):
        split(bytes.fromhex(der))


@pytest.mark.parametrize("der", ["3001", "308102ff", "3082", "30ff" + "00" * 9])
def test_an_element_that_is_cut_off(der: str) -> None:
    with pytest.raises(ValueError, match="cut off"):
        split(bytes.fromhex(der))


def test_an_element_without_a_length() -> None:
    with pytest.raises(ValueError, match="does not say how long"):
        split(bytes.fromhex("3080aabb0000"))
