"""Each mechanism with real servers that offer it, with the right secret and with a wrong one.

Postfix logs in by Dovecot, or by Cyrus; Dovecot's own submission service and smtp-server besides.
PLAIN, LOGIN and CRAM-MD5 with Postfix and Exim are in test_tls_and_login.py.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.real.messages import ENVELOPE, new_mark, small
from tests.servers.catalogue import PASSWORD, USER
from tests.servers.tokens import token

if TYPE_CHECKING:
    from tests.command import Completed
    from tests.servers.farm import Server

SENT = ("PLAIN", "LOGIN", "CRAM-MD5")
SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-256")
BEARER = ("XOAUTH2", "OAUTHBEARER")

BY_PASSWORD = [
    *(("postfix", name) for name in SCRAM),
    *(("dovecot", name) for name in (*SENT, *SCRAM)),
    *(("postfix_cyrus", name) for name in (*SENT, *SCRAM, "SCRAM-SHA-512", "NTLM")),
    *(("smtp_server", name) for name in SENT),
]
BY_TOKEN = [
    *(("postfix", name) for name in BEARER),
    *(("dovecot", name) for name in BEARER),
    ("smtp_server", "XOAUTH2"),
]
WITHOUT_TLS = [("postfix", name) for name in SCRAM]


def log_in(server: Server, *options: str, tls: bool = True) -> Completed:
    verified = ("-M", "-V", "--ca-file", str(server.ca_file)) if tls else ()
    address = f"localhost:{server.port}"
    line = ("-v", "-t", *verified, "-U", USER, *options, "-s", address, *ENVELOPE)
    return run_smtp(*line, stdin=small(new_mark()), secrets=[token()])


def assert_logged_in(done: Completed, name: str) -> None:
    assert done.code == 0, done
    assert re.search(rf"^connected: .* AUTH {name}\b(?!-)", done.stdout, re.MULTILINE)
    assert "\nsent: " in done.stdout


def assert_refused(done: Completed, attempts: int = 1) -> None:
    assert done.code == 77, done
    sent = [line[4:] for line in done.stdout.splitlines() if line[:4] in {" -> ", " ~> "}]
    assert [line.split()[0] for line in sent].count("AUTH") == attempts
    assert "MAIL" not in done.stdout


def serving(request: pytest.FixtureRequest, name: str) -> Server:
    found: Server = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize(("server", "name"), BY_PASSWORD)
def test_the_right_password(request: pytest.FixtureRequest, server: str, name: str) -> None:
    done = log_in(serving(request, server), "-P", PASSWORD, "--auth", name)
    assert_logged_in(done, name)


@pytest.mark.parametrize(("server", "name"), BY_PASSWORD)
def test_a_wrong_password(request: pytest.FixtureRequest, server: str, name: str) -> None:
    done = log_in(serving(request, server), "-P", "not the right one", "--auth", name)
    assert_refused(done)
    assert "535 " in done.stderr or "501 " in done.stderr


@pytest.mark.parametrize(("server", "name"), WITHOUT_TLS)
def test_without_tls(request: pytest.FixtureRequest, server: str, name: str) -> None:
    done = log_in(serving(request, server), "-P", PASSWORD, "--auth", name, tls=False)
    assert_logged_in(done, name)


@pytest.mark.parametrize(
    ("server", "name"), [("postfix", "SCRAM-SHA-256"), ("postfix_cyrus", "SCRAM-SHA-512")]
)
def test_the_strongest_is_chosen(request: pytest.FixtureRequest, server: str, name: str) -> None:
    assert_logged_in(log_in(serving(request, server), "-P", PASSWORD), name)


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "PLAIN"])
def test_nobody_may_act_as_another(dovecot: Server, name: str) -> None:
    """Dovecot lets only masters; what is asked for is understood and refused."""
    own = log_in(dovecot, "-P", PASSWORD, "--auth", name, "--authzid", USER)
    assert_logged_in(own, name)
    another = log_in(dovecot, "-P", PASSWORD, "--auth", name, "--authzid", "bob")
    assert_refused(another)


def printing(*tokens: str) -> tuple[str, ...]:
    """The options to log in by the token that a command prints."""
    return ("--oauth-token-command", f"echo {shlex.quote(tokens[0])}")


@pytest.mark.parametrize(("server", "name"), BY_TOKEN)
def test_the_right_token(request: pytest.FixtureRequest, server: str, name: str) -> None:
    done = log_in(serving(request, server), *printing(token()), "--auth", name)
    assert_logged_in(done, name)


@pytest.mark.parametrize(("server", "name"), BY_TOKEN)
def test_a_wrong_token(request: pytest.FixtureRequest, server: str, name: str) -> None:
    """Its reason comes first, and is answered; the same token is not sent again."""
    wrong = token(user="bob")
    done = log_in(serving(request, server), *printing(wrong), "--auth", name)
    assert_refused(done)
    assert "535 " in done.stderr
    assert "334 " in done.stdout


def test_an_expired_token_is_replaced(dovecot: Server, tmp_path: object) -> None:
    old, new = token(expired=True), token()
    command = f"cd {tmp_path} && if test -e asked; then echo {new}; else >asked; echo {old}; fi"
    assert_logged_in(log_in(dovecot, "--oauth-token-command", command), "OAUTHBEARER")
