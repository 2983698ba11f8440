"""The choice among mechanisms, and what no mechanism may show."""

from __future__ import annotations

import traceback
from itertools import combinations
from typing import Any

import pytest

from smtpwire.core import sasl
from smtpwire.core.sasl import ChannelBinding, Facts
from smtpwire.errors import AuthFailed

SCRAM = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
PLUS = tuple(f"{name}-PLUS" for name in SCRAM)
SENT = ("PLAIN", "LOGIN", "CRAM-MD5")
OWN = [name for name in sasl.MECHANISMS if name not in sasl.BROUGHT]
FACTS = Facts(nonce="n", binding=ChannelBinding("tls-unique", b"x"))


def choose(
    *offered: str,
    tls: bool = False,
    bound: bool | None = None,
    loopback: bool = False,
    forced: tuple[str, ...] = (),
    allow_cleartext: bool = False,
) -> str:
    return sasl.choose(
        offered,
        tls=tls,
        bound=tls if bound is None else bound,
        loopback=loopback,
        forced=forced,
        allow_cleartext=allow_cleartext,
    )


def order(offered: tuple[str, ...], **how: Any) -> list[str]:
    """What is chosen of all that is offered, then of what is left, and so on."""
    chosen = []
    left = set(offered)
    while left:
        chosen.append(choose(*left, **how))
        left.remove(chosen[-1])
    return chosen


def test_under_tls_the_order_is_scram_plain_login_cram_md5() -> None:
    assert order((*SENT, *SCRAM, *PLUS), tls=True) == [*PLUS, *SCRAM, "PLAIN", "LOGIN", "CRAM-MD5"]


@pytest.mark.parametrize("excuse", ["loopback", "allow_cleartext"])
def test_in_the_clear_where_it_is_allowed_the_order_is_scram_cram_md5_plain_login(
    excuse: str,
) -> None:
    assert order((*SENT, *SCRAM), **{excuse: True}) == [*SCRAM, "CRAM-MD5", "PLAIN", "LOGIN"]


@pytest.mark.parametrize("name", ["CRAM-MD5", *SCRAM])
def test_in_the_clear_what_does_not_show_the_password_needs_no_excuse(name: str) -> None:
    assert choose("PLAIN", name) == name


def test_channel_binding_is_not_chosen_where_there_is_none() -> None:
    assert choose(*PLUS, *SCRAM, tls=True, bound=False) == SCRAM[0]
    assert choose(*PLUS, *SCRAM) == SCRAM[0]


@pytest.mark.parametrize(
    ("tls", "why"),
    [(True, "for the server's certificate"), (False, r"without TLS \(-M\)")],
)
def test_where_it_is_asked_for_and_there_is_none_that_is_said(tls: bool, why: str) -> None:
    with pytest.raises(AuthFailed, match=f"SCRAM-SHA-1-PLUS cannot be used: .*{why}"):
        choose(*PLUS, *SCRAM, tls=tls, bound=False, forced=("SCRAM-SHA-1-PLUS",))


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER", "EXTERNAL", "NTLM", "GSSAPI"])
def test_what_needs_more_than_a_password_is_not_chosen_unasked(name: str) -> None:
    assert choose(name, "PLAIN", tls=True) == "PLAIN"
    assert choose(name, "PLAIN", tls=True, forced=(name,)) == name


@pytest.mark.parametrize(
    ("offered", "forced", "named"),
    [
        (("PLAIN",), (), "PLAIN would show the password"),
        (("LOGIN", "PLAIN", "GSSAPI"), (), "PLAIN and LOGIN would"),
        (SENT, ("LOGIN",), "LOGIN would"),
        (sasl.TOKEN, sasl.TOKEN, "OAUTHBEARER and XOAUTH2 would show the access token"),
    ],
)
def test_fault_77_in_the_clear_the_password_is_not_shown(
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
    assert choose(*SENT, tls=True, forced=("CRAM-MD5", "PLAIN")) == "CRAM-MD5"
    assert choose("PLAIN", tls=True, forced=("CRAM-MD5", "PLAIN")) == "PLAIN"
    assert choose(*SENT, forced=("PLAIN", "CRAM-MD5")) == "CRAM-MD5"


def test_nothing_else_is_taken_when_the_caller_forces() -> None:
    with pytest.raises(AuthFailed, match="none of what --auth asks for: LOGIN, GSSAPI"):
        choose("PLAIN", "CRAM-MD5", tls=True, forced=("LOGIN", "GSSAPI"))


@pytest.mark.parametrize("offered", [(), ("GSSAPI", "X\x1b[2J")])
def test_nothing_in_common_says_what_is_known_and_nothing_the_server_said(
    offered: tuple[str, ...],
) -> None:
    with pytest.raises(AuthFailed) as caught:
        choose(*offered, tls=True)
    assert str(caught.value) == (
        "the server offers no login mechanism that could be used:"
        " SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, CRAM-MD5"
    )


def test_what_is_offered_is_read_in_any_case_of_letters() -> None:
    assert choose("plain", tls=True) == "PLAIN"


def test_every_choice_can_be_made() -> None:
    for count in (1, 2, 3):
        for offered in combinations(OWN, count):
            name = choose(*offered, tls=True, forced=offered)
            assert sasl.mechanism(name, "tim", "secret", FACTS).name == name


def test_whom_to_act_as_is_said_by_those_that_can() -> None:
    facts = FACTS._replace(authzid="joe")
    initial = {
        name: sasl.mechanism(name, "tim", "secret", facts).initial()
        for name in ("PLAIN", "SCRAM-SHA-1", "EXTERNAL", "OAUTHBEARER")
    }
    assert initial["PLAIN"] == b"joe\0tim\0secret"
    assert initial["SCRAM-SHA-1"] == b"y,a=joe,n=tim,r=n"
    assert initial["EXTERNAL"] == b"joe"
    assert b"n,a=joe," in (initial["OAUTHBEARER"] or b"")
    assert sasl.mechanism("EXTERNAL", "tim", "", FACTS).initial() == b"tim"


def test_credentials_are_utf_8() -> None:
    assert sasl.credentials("jürgen", "pässword") == ("jürgen".encode(), "pässword".encode())
    assert sasl.credentials("tim", "") == (b"tim", b"")


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    ("user", "password", "text"),
    [
        ("ti\0m", "hunter2", "there is a NUL in the user name, and no server takes that"),
        ("tim", "hunter2\0", "there is a NUL in the password, and no server takes that"),
        ("tim\udcff", "hunter2", "the user name is not UTF-8"),
        ("tim", "hunter2\udcff", "the password is not UTF-8"),
    ],
)
def test_fault_92_credentials_that_no_mechanism_can_carry(
    name: str, user: str, password: str, text: str
) -> None:
    with pytest.raises(AuthFailed) as caught:
        sasl.mechanism(name, user, password, FACTS)
    assert str(caught.value) == text
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert "hunter2" not in shown.replace(repr(password), "")


@pytest.mark.parametrize("name", OWN)
def test_fault_92_nor_can_they_carry_a_nul_in_whom_to_act_as(name: str) -> None:
    with pytest.raises(AuthFailed, match="a NUL in the authorization identity"):
        sasl.mechanism(name, "tim", "secret", FACTS._replace(authzid="j\0e"))


@pytest.mark.parametrize("name", OWN)
def test_no_secret_is_in_a_repr(name: str) -> None:
    assert "hunter2" not in repr(sasl.mechanism(name, "tim", "hunter2", FACTS))
