"""EXTERNAL: the client's certificate says who it is, to Exim and to Dovecot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.real.messages import ENVELOPE, new_mark, small

if TYPE_CHECKING:
    from tests.command import Completed
    from tests.servers.farm import Server

NAMES = {"exim": "alice@example.test", "dovecot": "alice"}
"""Whom the client's certificate is for: Exim looks at its mail address, Dovecot at its name."""


def log_in(server: Server, *options: str, certificate: bool = True) -> Completed:
    tls = ["-M", "-V", "--ca-file", str(server.ca_file)]
    if certificate:
        both = str(server.ca_file.with_name("client.pem"))
        tls += ["--cert", both, "--key", both]
    line = ("-v", "-t", *tls, "--auth", "EXTERNAL", *options)
    address = f"localhost:{server.port}"
    return run_smtp(*line, "-s", address, *ENVELOPE, stdin=small(new_mark()))


@pytest.mark.parametrize(("name", "user"), NAMES.items())
@pytest.mark.parametrize("option", ["-U", "--authzid"])
def test_the_certificate_logs_in(
    request: pytest.FixtureRequest, name: str, user: str, option: str
) -> None:
    done = log_in(request.getfixturevalue(name), option, user)
    assert done.code == 0, done
    assert " AUTH EXTERNAL" in done.stdout
    assert "\nsent: " in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_it_does_not_for_somebody_else(request: pytest.FixtureRequest, name: str) -> None:
    done = log_in(request.getfixturevalue(name), "-U", "bob@example.test")
    assert done.code == 77, done
    assert "535 " in done.stderr
    assert "MAIL" not in done.stdout


def test_without_a_certificate_exim_does_not_offer_it(exim: Server) -> None:
    done = log_in(exim, "-U", NAMES["exim"], certificate=False)
    assert done.code == 77, done
    assert "the server offers none of what --auth asks for: EXTERNAL" in done.stderr
