"""The base of all mechanisms."""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import Mechanism


def test_a_mechanism_has_nothing_to_say_unless_it_says_so() -> None:
    assert Mechanism().initial() is None
    assert Mechanism().step(b"challenge") is None


def test_a_yes_is_enough_for_a_mechanism_unless_it_says_otherwise() -> None:
    Mechanism().accepted()
