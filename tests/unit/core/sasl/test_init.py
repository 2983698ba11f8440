"""The choice among mechanisms, and what no mechanism may show."""

from __future__ import annotations

import traceback
from itertools import combinations

import pytest

from smtpwire.core import sasl
from smtpwire.errors import AuthFailed

ALL = ("PLAIN", "LOGIN", "CRAM-MD5")


def choose(
    *offered: str,
    tls: bool = False,
    loopback: bool = False,
    forced: tuple[str, ...] = (),
    allow_cleartext: bool = False,
) -> str:
    return sasl.choose(
        offered, tls=tls, loopback=loopback, forced=forced, allow_cleartext=allow_cleartext
    )


def test_under_tls_the_order_is_plain_login_cram_md5() -> None:
    assert choose("CRAM-MD5", "LOGIN", "PLAIN", tls=True) == "PLAIN"
    assert choose("CRAM-MD5", "LOGIN", tls=True) == "LOGIN"
    assert choose("CRAM-MD5", tls=True) == "CRAM-MD5"


@pytest.mark.parametrize("excuse", ["loopback", "allow_cleartext"])
def test_in_the_clear_where_it_is_allowed_the_order_is_cram_md5_plain_login(excuse: str) -> None:
    for offered, chosen in (
        (("PLAIN", "LOGIN", "CRAM-MD5"), "CRAM-MD5"),
        (("LOGIN", "PLAIN"), "PLAIN"),
        (("LOGIN",), "LOGIN"),
    ):
        assert (
            choose(*offered, loopback=excuse == "loopback", allow_cleartext=excuse != "loopback")
            == chosen
        )


def test_in_the_clear_cram_md5_needs_no_excuse() -> None:
    assert choose("PLAIN", "CRAM-MD5") == "CRAM-MD5"


@pytest.mark.parametrize(
    ("offered", "forced", "named"),
    [
        (("PLAIN",), (), "PLAIN would"),
        (("LOGIN", "PLAIN", "GSSAPI"), (), "PLAIN and LOGIN would"),
        (ALL, ("LOGIN",), "LOGIN would"),
    ],
)
def test_in_the_clear_the_password_is_not_shown(
    offered: tuple[str, ...], forced: tuple[str, ...], named: str
) -> None:
    with pytest.raises(AuthFailed) as caught:
        choose(*offered, forced=forced)
    text = str(caught.value)
    assert text.startswith(named)
    for way_out in ("-M", "--auth", "--allow-cleartext-auth"):
        assert way_out in text
    assert caught.value.mechanism is None


def test_what_the_caller_forces_is_taken_in_the_callers_order() -> None:
    assert choose(*ALL, tls=True, forced=("CRAM-MD5", "PLAIN")) == "CRAM-MD5"
    assert choose("PLAIN", tls=True, forced=("CRAM-MD5", "PLAIN")) == "PLAIN"
    assert choose(*ALL, forced=("PLAIN", "CRAM-MD5")) == "CRAM-MD5"


def test_nothing_else_is_taken_when_the_caller_forces() -> None:
    with pytest.raises(AuthFailed, match="none of what --auth asks for: LOGIN, GSSAPI"):
        choose("PLAIN", "CRAM-MD5", "GSSAPI", tls=True, forced=("LOGIN", "GSSAPI"))


@pytest.mark.parametrize("offered", [(), ("GSSAPI", "X\x1b[2J")])
def test_nothing_in_common_says_what_is_known_and_nothing_the_server_said(
    offered: tuple[str, ...],
) -> None:
    with pytest.raises(AuthFailed) as caught:
        choose(*offered, tls=True)
    assert str(caught.value) == (
        "the server offers no login mechanism that is known here: PLAIN, LOGIN, CRAM-MD5"
    )


def test_what_is_offered_is_read_in_any_case_of_letters() -> None:
    assert choose("plain", tls=True) == "PLAIN"


def test_every_choice_can_be_made() -> None:
    for count in (1, 2, 3):
        for offered in combinations(ALL, count):
            name = choose(*offered, tls=True)
            assert sasl.mechanism(name, "tim", "secret").name == name


def test_credentials_are_utf_8() -> None:
    assert sasl.credentials("jürgen", "pässword") == ("jürgen".encode(), "pässword".encode())
    assert sasl.credentials("tim", "") == (b"tim", b"")


@pytest.mark.parametrize(
    ("user", "password", "text"),
    [
        ("ti\0m", "hunter2", "there is a NUL in the user name, and no server takes that"),
        ("tim", "hunter2\0", "there is a NUL in the password, and no server takes that"),
        ("tim\udcff", "hunter2", "the user name is not UTF-8"),
        ("tim", "hunter2\udcff", "the password is not UTF-8"),
    ],
)
def test_credentials_that_no_mechanism_can_carry(user: str, password: str, text: str) -> None:
    with pytest.raises(AuthFailed) as caught:
        sasl.mechanism("PLAIN", user, password)
    assert str(caught.value) == text
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert "hunter2" not in shown.replace(repr(password), "")


@pytest.mark.parametrize("name", sasl.MECHANISMS)
def test_no_secret_is_in_a_repr(name: str) -> None:
    assert "hunter2" not in repr(sasl.mechanism(name, "tim", "hunter2"))
