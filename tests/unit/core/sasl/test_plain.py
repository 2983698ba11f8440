"""PLAIN and LOGIN, octet for octet."""

from __future__ import annotations

from smtpwire.core.sasl.plain import Login, Plain


def test_plain_says_everything_at_once() -> None:
    """The example of RFC 4616 section 4."""
    plain = Plain(b"tim", b"tanstaaftanstaaf")
    assert plain.initial() == b"\0tim\0tanstaaftanstaaf"


def test_plain_has_no_second_answer() -> None:
    plain = Plain(b"tim", b"secret")
    plain.initial()
    assert plain.step(b"") is None


def test_plain_with_an_empty_password() -> None:
    assert Plain(b"tim", b"").initial() == b"\0tim\0"


def test_login_answers_two_questions_whatever_they_are() -> None:
    login = Login(b"tim", b"secret")
    assert login.initial() is None
    assert login.step(b"Password:") == b"tim"
    assert login.step(b"") == b"secret"
    assert login.step(b"Username:") is None


def test_plain_can_name_whom_to_act_as() -> None:
    assert Plain(b"tim", b"secret", b"joe").initial() == b"joe\0tim\0secret"
