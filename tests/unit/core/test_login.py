"""AUTH, line for line: what is said, and what each answer leads to."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.command import SecretLine
from smtpwire.core.login import LoginExchange
from smtpwire.core.sasl import ChannelBinding, Mechanism
from smtpwire.core.session import Login, SessionOptions
from smtpwire.errors import AuthFailed, Interrupted, RemoteProtocolError
from tests.unit.core.helpers import reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from smtpwire.errors import SMTPError


def base64(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Talk:
    """A login, in the words of the wire."""

    def __init__(
        self,
        offered: str,
        *,
        secured: bool = True,
        binding: ChannelBinding | None = None,
        password: str | Callable[[], str] = "secret",
        **login: Any,
    ) -> None:
        ask = (lambda: password) if isinstance(password, str) else password
        given = Login("user", ask, **login)
        options = SessionOptions("x", login=given, host="mail.example", port=587, nonce="nonce")
        self.exchange = LoginExchange(
            options, given, frozenset(offered.split()), secured=secured, binding=binding
        )
        self.error: SMTPError | None = self.exchange.begin()

    def hear(self, text: str) -> str:
        """Take a reply; return what is said then, or "" when it is over."""
        self.error = self.exchange.answered(reply(text))
        return "" if self.error or self.exchange.done else self.said

    @property
    def said(self) -> str:
        return self.exchange.line.decode().removesuffix("\r\n")

    def failure(self) -> AuthFailed:
        assert isinstance(self.error, AuthFailed)
        assert not self.exchange.done
        return self.error


def test_plain_takes_one_line() -> None:
    talk = Talk("PLAIN")
    assert talk.said == "AUTH PLAIN " + base64("\0user\0secret")
    talk.hear("235 welcome")
    assert talk.exchange.done
    assert talk.exchange.name == "PLAIN"


def test_fault_86_challenges_may_be_empty() -> None:
    talk = Talk("LOGIN")
    assert talk.said == "AUTH LOGIN"
    assert talk.hear("334 ") == base64("user")
    assert talk.hear("334") == base64("secret")
    talk.hear("235 welcome")
    assert talk.exchange.done


def test_fault_87_the_yes_may_have_several_lines() -> None:
    talk = Talk("PLAIN")
    talk.hear("235-2.7.0 welcome\n235 2.7.0 indeed")
    assert talk.exchange.done


def test_fault_91_lines_with_a_secret_are_marked() -> None:
    talk = Talk("LOGIN")
    assert not isinstance(talk.exchange.line, SecretLine)
    talk.hear("334 VXNlcm5hbWU6")
    assert isinstance(talk.exchange.line, SecretLine)
    assert isinstance(Talk("PLAIN").exchange.line, SecretLine)


@pytest.mark.parametrize("words", ["", " ", " =", " PLAIN supported"])
def test_an_initial_response_that_is_too_long_for_the_line_follows_the_challenge(
    words: str,
) -> None:
    """Whatever the server says there: nothing but the initial response can be meant."""
    long = "x" * 400
    talk = Talk("PLAIN", password=long)
    assert talk.said == "AUTH PLAIN"
    assert talk.hear(f"334{words}") == base64(f"\0user\0{long}")
    talk.hear("235 welcome")
    assert talk.exchange.done


def test_an_empty_initial_response() -> None:
    given = Login("", lambda: "", mechanisms=("EXTERNAL",))
    exchange = LoginExchange(
        SessionOptions("x"), given, frozenset({"EXTERNAL"}), secured=True, binding=None
    )
    assert exchange.begin() is None
    assert exchange.line == b"AUTH EXTERNAL =\r\n"


def test_no_mechanism_that_may_be_used() -> None:
    error = Talk("PLAIN", secured=False).failure()
    assert error.mechanism is None


def test_fault_80_a_refusal_is_reported() -> None:
    talk = Talk("PLAIN LOGIN")
    talk.hear("454 4.7.0 later")
    assert talk.failure().mechanism == "PLAIN"
    assert talk.failure().reply == reply("454 4.7.0 later")


def test_what_is_neither_yes_nor_challenge() -> None:
    talk = Talk("PLAIN")
    talk.hear("250 ok")
    assert isinstance(talk.error, RemoteProtocolError)


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        ("334 ?", "is not base64"),
        ("334 VXNl*", "is not base64"),
        ("334 " + "A" * 12_288, "is too long"),
        ("334-VXNl\n334 cm5hbWU6", "is too long"),
    ],
)
def test_faults_84_and_85_a_challenge_that_cannot_be_answered_is_cancelled(
    challenge: str, why: str
) -> None:
    talk = Talk("LOGIN")
    assert talk.hear(challenge) == "*"
    assert not isinstance(talk.exchange.line, SecretLine)
    talk.hear("501 cancelled")
    assert why in str(talk.failure())
    assert talk.failure().mechanism == "LOGIN"
    assert talk.failure().reply == reply("501 cancelled")


def test_fault_83_a_server_that_asks_for_more_than_there_is() -> None:
    talk = Talk("PLAIN")
    assert talk.hear("334 bW9yZQ==") == "*"
    talk.hear("235 welcome all the same")
    assert "asked for more than there is" in str(talk.failure())


def test_a_password_is_asked_for_once_and_only_when_it_is_needed() -> None:
    asked = []

    def password() -> str:
        asked.append("once")
        return "secret"

    Talk("X-UNKNOWN", password=password).failure()
    assert asked == []
    talk = Talk("LOGIN", password=password)
    talk.hear("334")
    talk.hear("334")
    assert asked == ["once"]
    Talk("EXTERNAL", password=password, mechanisms=("EXTERNAL",))
    assert asked == ["once"]


@pytest.mark.parametrize("error", [AuthFailed("no token"), Interrupted("stopped by SIGINT")])
def test_a_password_that_cannot_be_had_ends_it(error: SMTPError) -> None:
    def password() -> str:
        raise error

    assert Talk("PLAIN", password=password).error is error


# -- mechanisms that prove something -------------------------------------------------------------


def test_fault_94_a_yes_without_the_servers_signature_is_none() -> None:
    talk = Talk("SCRAM-SHA-256 PLAIN")
    assert talk.said == "AUTH SCRAM-SHA-256 " + base64("n,,n=user,r=nonce")
    talk.hear("235 welcome")
    assert "has not proved" in str(talk.failure())
    assert talk.failure().reply == reply("235 welcome")


def test_fault_94_an_iteration_count_out_of_bounds_cancels() -> None:
    talk = Talk("SCRAM-SHA-256 PLAIN")
    assert talk.hear("334 " + base64("r=nonceX,s=c2FsdA==,i=1")) == "*"
    talk.hear("501 cancelled")
    assert "iteration count" in str(talk.failure())


def test_a_login_that_is_bound_to_the_connection() -> None:
    binding = ChannelBinding("tls-server-end-point", b"hash")
    talk = Talk("SCRAM-SHA-1-PLUS SCRAM-SHA-1", binding=binding)
    name, message = talk.said.removeprefix("AUTH ").split()
    assert name == "SCRAM-SHA-1-PLUS"
    assert b64decode(message) == b"p=tls-server-end-point,,n=user,r=nonce"


@pytest.mark.parametrize("added", ["", " FOO-PLUS", " SCRAM-SHA-384-PLUS"])
def test_who_could_be_bound_and_is_not_offered_it_says_so(added: str) -> None:
    """A name that nobody here knows is no offer of it."""
    binding = ChannelBinding("tls-unique", b"finished")
    talk = Talk(f"SCRAM-SHA-1{added}", binding=binding)
    assert b64decode(talk.said.split()[-1]).startswith(b"y,,")


def test_who_is_offered_it_and_is_not_bound_does_not_say_so() -> None:
    binding = ChannelBinding("tls-unique", b"finished")
    talk = Talk("SCRAM-SHA-1 scram-sha-256-plus", binding=binding, mechanisms=("SCRAM-SHA-1",))
    assert b64decode(talk.said.split()[-1]).startswith(b"n,,")


def test_a_mechanism_that_the_caller_brings() -> None:
    hosts = []

    class Brought(Mechanism):
        name = "NTLM"

        def initial(self) -> bytes:
            return b"hello"

    def bring(host: str) -> Mechanism:
        hosts.append(host)
        return Brought()

    talk = Talk("NTLM", mechanisms=("NTLM",), brought={"NTLM": bring})
    assert hosts == ["mail.example"]
    assert talk.said == "AUTH NTLM " + base64("hello")


# -- access tokens -------------------------------------------------------------------------------

BEARER = ("OAUTHBEARER", "XOAUTH2")
REASON = "334 " + base64('{"status":"invalid_token"}')


class Tokens:
    """Gives tokens in turn."""

    def __init__(self, *tokens: str | SMTPError) -> None:
        self.left = list(tokens)

    def __call__(self) -> str:
        token = self.left.pop(0)
        if isinstance(token, str):
            return token
        raise token


def bearer(tokens: Tokens) -> Talk:
    return Talk("XOAUTH2", password=tokens, renew=tokens, mechanisms=BEARER)


def xoauth2(token: str) -> str:
    return "AUTH XOAUTH2 " + base64(f"user=user\1auth=Bearer {token}\1\1")


@pytest.mark.parametrize("rounds", [1, 2])
def test_an_expired_token_is_replaced_once(rounds: int) -> None:
    talk = bearer(Tokens("old", "new"))
    assert talk.said == xoauth2("old")
    if rounds == 2:
        assert talk.hear(REASON) == ""
        assert talk.exchange.line == b"\r\n"
        assert isinstance(talk.exchange.line, SecretLine)
    assert talk.hear("535 5.7.8 expired") == xoauth2("new")
    talk.hear("235 welcome")
    assert talk.exchange.done


def test_a_second_token_that_is_refused_too_is_the_end() -> None:
    tokens = Tokens("old", "new", "newer")
    talk = bearer(tokens)
    talk.hear("535 expired")
    talk.hear("535 expired as well")
    assert talk.failure().reply == reply("535 expired as well")
    assert tokens.left == ["newer"]


def test_the_same_token_again_is_not_tried_again() -> None:
    talk = bearer(Tokens("old", "old"))
    talk.hear("535 expired")
    assert "no other token" in str(talk.failure())


def test_a_refusal_for_now_asks_for_no_other_token() -> None:
    tokens = Tokens("old", "new")
    talk = bearer(tokens)
    talk.hear("454 later")
    assert talk.failure().reply == reply("454 later")
    assert tokens.left == ["new"]


@pytest.mark.parametrize("error", [AuthFailed("the command failed"), Interrupted("stopped")])
def test_another_token_that_cannot_be_had_ends_it(error: SMTPError) -> None:
    talk = bearer(Tokens("old", error))
    talk.hear("535 expired")
    assert talk.error is error
    assert error.reply == reply("535 expired")


def test_an_error_that_has_a_reply_keeps_it() -> None:
    error = AuthFailed("as it was", reply=reply("535 older"))
    talk = bearer(Tokens("old", error))
    talk.hear("535 expired")
    assert error.reply == reply("535 older")
