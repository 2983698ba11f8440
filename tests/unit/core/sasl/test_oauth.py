"""OAUTHBEARER and XOAUTH2, octet for octet."""

from __future__ import annotations

import pytest

from smtpwire.core.sasl.mechanism import Facts
from smtpwire.core.sasl.oauth import OAuthBearer, XOAuth2, saslname
from smtpwire.errors import AuthFailed

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
FACTS = Facts(host="server.example.com", port=587)


def test_oauthbearer_says_everything_at_once() -> None:
    """The example of RFC 7628 section 4.1, with the port of submission."""
    said = OAuthBearer("user@example.com", TOKEN, FACTS).initial()
    assert said == (
        b"n,a=user@example.com,\1host=server.example.com\1port=587\1"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"
    )


def test_xoauth2_says_everything_at_once() -> None:
    said = XOAuth2("someuser@example.com", TOKEN).initial()
    assert said == f"user=someuser@example.com\1auth=Bearer {TOKEN}\1\1".encode()


def test_oauthbearer_answers_the_reason_of_a_refusal_once() -> None:
    bearer = OAuthBearer("user", TOKEN, FACTS)
    assert bearer.step(b'{"status":"invalid_token"}') == b"\1"
    assert bearer.step(b'{"status":"invalid_token"}') is None


def test_xoauth2_answers_the_reason_of_a_refusal_once() -> None:
    xoauth2 = XOAuth2("user", TOKEN)
    assert xoauth2.step(b'{"status":"400"}') == b""
    assert xoauth2.step(b'{"status":"400"}') is None


def test_a_comma_and_an_equals_sign_separate_nothing_in_a_name() -> None:
    assert saslname("a=b,c") == "a=3Db=2Cc"
    said = OAuthBearer("x", TOKEN, FACTS._replace(authzid="a=b,c")).initial()
    assert said.startswith(b"n,a=a=3Db=2Cc,\1")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a b",
        "geheim\1",
        "geheim\r\nQUIT",
        "gehei\N{LATIN SMALL LETTER M WITH DOT BELOW}",
        "==",
        "a=b",
    ],
)
def test_fault_92_what_is_no_token(token: str) -> None:
    for make in (lambda: XOAuth2("user", token), lambda: OAuthBearer("user", token, FACTS)):
        with pytest.raises(AuthFailed, match="is not an access token") as caught:
            make()
        assert "gehei" not in str(caught.value)


def test_fault_92_a_name_that_would_end_its_field() -> None:
    for make in (lambda: XOAuth2("a\1b", TOKEN), lambda: OAuthBearer("a\1b", TOKEN, FACTS)):
        with pytest.raises(AuthFailed, match="ends a field"):
            make()
