"""GSSAPI: a ticket of MIT Kerberos says who it is, to Postfix by Cyrus SASL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.real.messages import ENVELOPE, new_mark, small
from tests.servers.catalogue import USER
from tests.servers.kerberos_client import tickets

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    from tests.command import Completed
    from tests.servers.farm import Server

    class LogIn(Protocol):
        """Submits a message behind a login."""

        def __call__(self, *options: str, keytab: str = ..., host: str = ...) -> Completed: ...


@pytest.fixture
def log_in(
    kerberos: Server, kerberos_modules: dict[str, str], postfix_cyrus: Server, tmp_path: Path
) -> LogIn:
    def run(*options: str, keytab: str = "client.keytab", host: str = "localhost") -> Completed:
        env = {**kerberos_modules, **tickets(kerberos, tmp_path, keytab)}
        tls = ("-M", "-V", "--ca-file", str(postfix_cyrus.ca_file))
        line = ("-v", "-t", *tls, "--auth", "GSSAPI", *options)
        address = f"{host}:{postfix_cyrus.port}"
        return run_smtp(*line, "-s", address, *ENVELOPE, stdin=small(new_mark()), env=env)

    return run


@pytest.mark.parametrize("user", [(), ("-U", USER), ("-U", f"{USER}@EXAMPLE.TEST")])
def test_a_ticket_logs_in(log_in: LogIn, user: tuple[str, ...]) -> None:
    done = log_in(*user)
    assert done.code == 0, done
    assert " AUTH GSSAPI," in done.stdout
    assert "\nsent: " in done.stdout


def test_nobody_may_act_as_another(log_in: LogIn) -> None:
    done = log_in("--authzid", "bob")
    assert done.code == 77, done
    assert "535 " in done.stderr
    assert "MAIL" not in done.stdout


def test_a_key_that_is_not_the_users_gets_no_ticket(log_in: LogIn) -> None:
    done = log_in(keytab="wrong.keytab")
    assert done.code == 77, done
    assert "GSSAPI does not come about: Decrypt integrity check failed\n" in done.stderr
    assert "AUTH GSSAPI" not in done.stdout


def test_a_server_that_the_realm_does_not_know_gets_no_ticket(log_in: LogIn) -> None:
    done = log_in(host="127.0.0.1")
    assert done.code == 77, done
    assert "GSSAPI does not come about: Server smtp/127.0.0.1@EXAMPLE.TEST not found" in done.stderr
    assert "AUTH GSSAPI" not in done.stdout
