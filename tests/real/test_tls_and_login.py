"""STARTTLS, TLS on connect and AUTH with real servers: OpenSSL (Postfix) and GnuTLS (Exim)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.real.arrivals import arrived
from tests.real.messages import ENVELOPE, new_mark, small
from tests.servers.catalogue import PASSWORD, USER

if TYPE_CHECKING:
    from tests.servers.farm import Server

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5"]


def assert_delivered(server: Server, mark: str) -> None:
    assert arrived(server, mark) == [reference.normalised(small(mark))]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_starttls_with_a_verified_certificate(server: Server, host: str) -> None:
    mark = new_mark()
    address = f"{host}:{server.port}"
    tls = ("-M", "-V", "--ca-file", str(server.ca_file))
    done = run_smtp("-v", "-t", *tls, "-s", address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    connected = next(
        line for line in done.stdout.splitlines() if line.startswith(f"connected: {address} ")
    )
    assert " TLSv1.3 " in connected
    assert " verified" in connected
    in_the_clear = [line for line in done.stdout.splitlines() if line.startswith(" -> ")]
    assert [line.split()[1] for line in in_the_clear] == ["EHLO", "STARTTLS"]
    assert_delivered(server, mark)


def test_tls_on_connect(server: Server) -> None:
    mark = new_mark()
    url = f"smtps://localhost:{server.ports['tls']}"
    done = run_smtp(
        "-t", "-V", "--ca-file", str(server.ca_file), "-s", url, *ENVELOPE, stdin=small(mark)
    )
    assert done.code == 0, done
    assert not [line for line in done.stdout.splitlines() if line.startswith((" -> ", "<-  "))]
    assert_delivered(server, mark)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_version_of_tls_that_is_asked_for(server: Server, version: str) -> None:
    mark = new_mark()
    limits = ("--tls-min", version, "--tls-max", version)
    done = run_smtp("-v", "-M", *limits, "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    assert f" TLSv{version} " in done.stdout
    assert_delivered(server, mark)


@pytest.mark.parametrize("options", [["-V"], ["-T", "-V"], ["-M", "-V"]], ids="".join)
def test_a_certificate_of_an_unknown_authority_ends_the_run(
    server: Server, options: list[str]
) -> None:
    """Nothing is sent, in the clear least of all."""
    mark = new_mark()
    done = run_smtp("-t", *options, "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 77, done
    assert "MAIL" not in done.stdout
    assert server.mail.holding(mark.encode()) == []


def test_opportunistic_tls_uses_it_where_it_is_offered(server: Server) -> None:
    mark = new_mark()
    done = run_smtp("-v", "-T", "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    assert " TLSv1." in done.stdout
    assert_delivered(server, mark)


def test_opportunistic_tls_goes_on_without_where_it_is_not(opensmtpd: Server) -> None:
    mark = new_mark()
    done = run_smtp("-v", "-T", "-s", opensmtpd.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    assert "TLS" not in done.stdout
    assert arrived(opensmtpd, mark) == [reference.without_bcc(small(mark))]


def test_required_tls_ends_the_run_where_it_is_not_offered(opensmtpd: Server) -> None:
    mark = new_mark()
    done = run_smtp("-t", "-M", "-s", opensmtpd.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 69, done
    assert "MAIL" not in done.stdout


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("tls", [[], ["-M"]], ids=["clear", "tls"])
def test_login(server: Server, mechanism: str, tls: list[str]) -> None:
    """Without TLS too: a password may go in the clear to a loopback address."""
    mark = new_mark()
    login = (*tls, "-U", USER, "-P", PASSWORD, "--auth", mechanism)
    done = run_smtp("-v", "-t", *login, "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    connected = next(line for line in done.stdout.splitlines() if line.startswith("connected: "))
    assert connected.partition(",")[0].endswith(f" AUTH {mechanism}")
    assert PASSWORD not in done.stdout
    assert_delivered(server, mark)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("tls", [[], ["-M"]], ids=["clear", "tls"])
def test_a_wrong_password_ends_the_run(server: Server, mechanism: str, tls: list[str]) -> None:
    """One attempt, by one mechanism, and no MAIL."""
    mark = new_mark()
    login = (*tls, "-U", USER, "-P", "wrong", "--auth", mechanism)
    done = run_smtp("-t", *login, "-s", server.address, *ENVELOPE, stdin=small(mark))
    assert done.code == 77, done
    assert "535 " in done.stderr
    sent = [line[4:] for line in done.stdout.splitlines() if line[:4] in {" -> ", " ~> "}]
    assert [line.split()[0] for line in sent].count("AUTH") == 1
    assert "MAIL" not in done.stdout
    assert server.mail.holding(mark.encode()) == []


def test_a_submission_server_wants_tls_and_a_login(postfix: Server) -> None:
    mark = new_mark()
    address = f"localhost:{postfix.ports['submission']}"
    tls = ("-M", "-V", "--ca-file", str(postfix.ca_file))
    without = run_smtp(*tls, "-s", address, *ENVELOPE, stdin=small(mark))
    assert without.code == 67, without
    login = ("-U", USER, "-P", PASSWORD)
    done = run_smtp(*tls, *login, "-s", address, *ENVELOPE, stdin=small(mark))
    assert done.code == 0, done
    assert_delivered(postfix, mark)
