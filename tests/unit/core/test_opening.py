"""From the greeting to the first MAIL: what is said, and what each answer leads to."""

from __future__ import annotations

from base64 import b64encode

import pytest

from smtpwire.core.event import Ready, StartTLS
from smtpwire.core.session import Login, TLSMode
from smtpwire.errors import (
    AuthFailed,
    ConnectionLost,
    GreetingRefused,
    HelloRefused,
    MissingExtension,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
    StartTLSRefused,
)
from tests.unit.core.helpers import Client, reply

EHLO, HELO, QUIT = "EHLO client.example", "HELO client.example", "QUIT"


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def login(
    password: str = "secret", *mechanisms: str, allow_cleartext: bool = True
) -> dict[str, Login]:
    return {"login": Login("user", lambda: password, mechanisms, allow_cleartext)}


def failure(client: Client) -> SMTPError:
    """Why the session cannot be set up, told once QUIT is answered."""
    assert client.hear("221 bye") == []
    assert not client.is_ready
    assert client.error is not None
    return client.error


# -- greeting ------------------------------------------------------------------------------------


def test_nothing_is_said_before_the_greeting() -> None:
    client = Client()
    assert client.said() == []
    assert client.hear("220-a\n220-b\n220 c") == [EHLO]


def test_fault_2_a_refused_greeting_ends_with_quit() -> None:
    client = Client()
    assert client.hear("554 no service") == [QUIT]
    error = failure(client)
    assert isinstance(error, GreetingRefused)
    assert error.reply == reply("554 no service")


def test_fault_3_a_421_greeting_ends_without_a_word() -> None:
    client = Client()
    assert client.hear("421 not now") == []
    assert isinstance(client.error, ServerClosing)
    assert client.error.reply == reply("421 not now")


@pytest.mark.parametrize("text", ["SSH-2.0-OpenSSH_9.6", "334 go", "221 bye", "250 ok", ""])
def test_fault_4_what_is_no_greeting_ends_without_a_word(text: str) -> None:
    client = Client()
    assert client.hear(text) == []
    assert isinstance(client.error, RemoteProtocolError)


def test_fault_46_two_replies_at_once() -> None:
    client = Client()
    assert client.hear("220 hello", "220 hello") == []
    assert isinstance(client.error, RemoteProtocolError)


# -- EHLO and HELO -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [500, 502])
def test_faults_29_and_30_helo_after_a_server_that_does_not_know_ehlo(code: int) -> None:
    client = Client()
    client.hear("220 hello")
    assert client.hear(f"{code} what?") == [HELO]
    client.hear("250 hello")
    assert client.is_ready
    [ready] = [event for event in client.events if isinstance(event, Ready)]
    assert ready.greeting == reply("220 hello")
    assert ready.hello == reply("250 hello")
    assert not ready.capabilities.esmtp


@pytest.mark.parametrize("code", [501, 504, 550, 554, 451, 530, 450, 503])
def test_faults_31_to_35_no_helo_after_any_other_refusal(code: int) -> None:
    client = Client()
    client.hear("220 hello")
    assert client.hear(f"{code} no") == [QUIT]
    error = failure(client)
    assert isinstance(error, HelloRefused)
    assert (error.ehlo, error.helo) == (reply(f"{code} no"), None)
    assert error.reply == error.ehlo


def test_fault_36_a_421_to_ehlo() -> None:
    client = Client()
    client.hear("220 hello")
    assert client.hear("421 no") == []
    assert isinstance(client.error, ServerClosing)


def test_fault_37_the_refusal_is_reported_and_not_the_close_behind_it() -> None:
    client = Client()
    client.hear("220 hello")
    client.hear("500 what?")
    client.engine.receive_eof()
    error = client.error
    assert isinstance(error, HelloRefused)
    assert (error.ehlo, error.helo) == (reply("500 what?"), None)


def test_a_421_to_helo_does_not_hide_the_reply_to_ehlo() -> None:
    client = Client()
    client.hear("220 hello")
    client.hear("500 what?")
    assert client.hear("421 no") == []
    error = client.error
    assert isinstance(error, HelloRefused)
    assert (error.ehlo, error.helo) == (reply("500 what?"), reply("421 no"))


def test_fault_38_a_close_on_ehlo_is_just_that() -> None:
    client = Client()
    client.hear("220 hello")
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)


def test_fault_39_both_replies_are_kept() -> None:
    client = Client()
    client.hear("220 hello")
    client.hear("502 what?")
    assert client.hear("504 no") == [QUIT]
    error = failure(client)
    assert isinstance(error, HelloRefused)
    assert (error.ehlo, error.helo) == (reply("502 what?"), reply("504 no"))
    assert error.reply == error.helo


def test_ehlo_is_not_answered_by_3yz() -> None:
    client = Client()
    client.hear("220 hello")
    assert client.hear("334 go") == []
    assert isinstance(client.error, RemoteProtocolError)


def test_fault_46_two_complete_replies_to_ehlo() -> None:
    client = Client()
    client.hear("220 hello")
    assert client.hear("250-a\n250 b", "250-a\n250 b") == []
    assert isinstance(client.error, RemoteProtocolError)


def test_after_a_loss_in_the_first_transaction_the_old_refusal_is_not_reported() -> None:
    client = Client()
    client.hear("220 hello")
    client.hear("500 what?")
    client.hear("250 hello")
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)


# -- STARTTLS ------------------------------------------------------------------------------------


def greeted(*offers: str, **options: object) -> tuple[Client, list[str]]:
    """A client that has heard what is offered, and what it says then."""
    client = Client(**options)
    client.hear("220 hello")
    return client, client.hear("\n".join(f"250-{x}" for x in ("hi", *offers)) + "\n250 HELP")


@pytest.mark.parametrize("tls", [TLSMode.OPPORTUNISTIC, TLSMode.REQUIRED])
def test_starttls_and_ehlo_again(tls: TLSMode) -> None:
    client, said = greeted("STARTTLS", "PIPELINING", tls=tls)
    assert said == ["STARTTLS"]
    assert client.hear("220 go") == []
    assert StartTLS() in client.events
    secured = [client.engine.secured]
    client.engine.tls_established()
    secured.append(client.engine.secured)
    assert secured == [False, True]
    assert client.said() == [EHLO]
    client.hear("250-hi\n250 STARTTLS")
    assert client.is_ready, "fault 65: STARTTLS offered again is not used again"
    [ready] = [event for event in client.events if isinstance(event, Ready)]
    assert not ready.capabilities.offers("PIPELINING"), "fault 63: what was offered is forgotten"


def test_starttls_is_not_used_unasked() -> None:
    client, said = greeted("STARTTLS")
    assert said == []
    assert client.is_ready


def test_starttls_is_not_used_inside_tls() -> None:
    client, said = greeted("STARTTLS", tls=TLSMode.REQUIRED, secured=True)
    assert said == []
    assert client.is_ready


def test_fault_49_required_and_not_offered() -> None:
    client, said = greeted("AUTH PLAIN", tls=TLSMode.REQUIRED, **login())
    assert said == [QUIT]
    error = failure(client)
    assert isinstance(error, MissingExtension)
    assert error.name == "STARTTLS"


def test_fault_50_wanted_and_not_offered() -> None:
    client, said = greeted(tls=TLSMode.OPPORTUNISTIC)
    assert said == []
    assert client.is_ready


def test_fault_51_required_and_refused() -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.REQUIRED)
    assert client.hear("454 not now") == [QUIT]
    error = failure(client)
    assert isinstance(error, StartTLSRefused)
    assert error.reply == reply("454 not now")


def test_fault_52_wanted_and_refused() -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    assert client.hear("454 not now") == []
    assert client.is_ready
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)
    assert client.error.reply == reply("454 not now")


def test_fault_53_a_421_to_starttls() -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    assert client.hear("421 no") == []
    assert isinstance(client.error, ServerClosing)


@pytest.mark.parametrize("behind", [b"250 forged\r\n", b"2"])
def test_faults_54_and_55_octets_behind_the_220(behind: bytes) -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    client.engine.receive(b"220 go\r\n" + behind)
    assert isinstance(client.error, RemoteProtocolError)
    assert StartTLS() not in client.engine.events()


def test_fault_54_octets_in_the_clear_while_the_handshake_is_due() -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    client.hear("220 go")
    client.engine.receive(b"250 forged\r\n")
    assert isinstance(client.error, RemoteProtocolError)


def test_fault_61_only_220_starts_tls() -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    assert client.hear("250 go") == []
    assert isinstance(client.error, RemoteProtocolError)


@pytest.mark.parametrize("code", [500, 550])
def test_fault_64_no_helo_inside_tls(code: int) -> None:
    client, _ = greeted("STARTTLS", tls=TLSMode.REQUIRED)
    client.hear("220 go")
    client.engine.tls_established()
    assert client.said() == [EHLO]
    assert client.hear(f"{code} no") == [QUIT]
    assert str(failure(client)) == "EHLO was refused inside TLS"


# -- AUTH ----------------------------------------------------------------------------------------


def test_a_login_comes_before_the_first_message() -> None:
    client, said = greeted("AUTH PLAIN", **login())
    assert said == ["AUTH PLAIN " + base64("\0user\0secret")]
    assert client.hear("235 welcome") == []
    assert client.is_ready
    [ready] = [event for event in client.events if isinstance(event, Ready)]
    assert ready.mechanism == "PLAIN"


def test_a_login_that_takes_several_lines() -> None:
    client, said = greeted("AUTH LOGIN", **login())
    assert said == ["AUTH LOGIN"]
    assert client.hear("334 " + base64("Username:")) == [base64("user")]
    assert client.hear("334 " + base64("Password:")) == [base64("secret")]
    client.hear("235 welcome")
    assert client.is_ready


def test_auth_not_offered() -> None:
    client, said = greeted(**login())
    assert said == [QUIT]
    error = failure(client)
    assert isinstance(error, MissingExtension)
    assert error.name == "AUTH"


def test_fault_78_no_other_mechanism_is_tried() -> None:
    client, _ = greeted("AUTH PLAIN LOGIN CRAM-MD5", **login())
    client.hear("334 " + base64("<1@x>"))
    assert client.hear("535 no") == [QUIT]
    error = failure(client)
    assert isinstance(error, AuthFailed)
    assert error.mechanism == "CRAM-MD5"
    assert error.reply == reply("535 no")


def test_fault_95_two_replies() -> None:
    client, _ = greeted("AUTH PLAIN", **login())
    assert client.hear("535 no", "235 yes") == []
    assert isinstance(client.error, AuthFailed), "the first is the reason"


def refused_once() -> Client:
    """A client whose first token was refused, and that has just sent another."""
    tokens = iter(("old", "new"))
    renewed = Login("user", lambda: next(tokens), ("XOAUTH2",), True, renew=lambda: next(tokens))
    client, _ = greeted("AUTH XOAUTH2", login=renewed)
    assert client.hear("535 5.7.8 no")[0].startswith("AUTH XOAUTH2 ")
    return client


def test_a_close_behind_a_token_that_was_refused_does_not_hide_the_refusal() -> None:
    client = refused_once()
    client.engine.receive_eof()
    error = client.error
    assert isinstance(error, AuthFailed)
    assert (error.mechanism, error.reply) == ("XOAUTH2", reply("535 5.7.8 no"))
    assert str(error).endswith("with another token the server closed the connection")


def test_neither_does_a_421_there() -> None:
    client = refused_once()
    assert client.hear("421 bye") == []
    error = client.error
    assert isinstance(error, AuthFailed)
    assert error.reply == reply("535 5.7.8 no")


def test_a_close_behind_auth_is_just_that() -> None:
    client, _ = greeted("AUTH PLAIN", **login())
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)
    assert client.error.at_login, "the server may have the password"


def test_a_close_behind_a_login_that_was_given_up_does_not_hide_why() -> None:
    client, _ = greeted("AUTH LOGIN", **login())
    assert client.hear("334 no base64") == ["*"]
    client.engine.receive_eof()
    assert isinstance(client.error, AuthFailed)
    assert "is not base64" in str(client.error)


def test_a_token_that_was_refused_is_forgotten_with_one_that_is_accepted() -> None:
    client = refused_once()
    client.hear("235 yes")
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)


def test_inside_tls_a_login_can_be_bound_to_the_connection() -> None:
    asked = []
    client = Client(tls=TLSMode.REQUIRED, **login())
    client.engine.bind_logins(lambda: asked.append("once"))
    for text in ("220 hello", "250-hi\n250-AUTH PLAIN\n250 STARTTLS", "220 go"):
        client.hear(text)
    client.engine.tls_established()
    assert client.said() == [EHLO]
    assert asked == []
    client.hear("250-hi\n250 AUTH PLAIN")
    assert asked == ["once"]


def test_in_the_clear_there_is_nothing_to_bind_a_login_to() -> None:
    client = Client(**login())
    client.engine.bind_logins(lambda: pytest.fail("there is no TLS"))
    client.hear("220 hello")
    assert client.hear("250-hi\n250 AUTH PLAIN") == ["AUTH PLAIN " + base64("\0user\0secret")]


def test_without_a_binding_a_login_inside_tls_is_not_bound() -> None:
    _, said = greeted("AUTH PLAIN SCRAM-SHA-1-PLUS", secured=True, **login())
    assert said == ["AUTH PLAIN " + base64("\0user\0secret")]
