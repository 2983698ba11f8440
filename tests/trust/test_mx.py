"""--mx: the servers that take the mail of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import message_files, taken
from tests.command import run_smtp
from tests.scripted import ModelServer, StartTLS
from tests.trust.submitting import MESSAGE, assert_refused, proof
from tests.trust.zones import SIGNED, UNSIGNED, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.trust.submitting import Submit
    from tests.trust.zones import Zones

NOBODY = "127.0.0.2"
"""An address of this host at which no test's server listens."""


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer())


def elsewhere(zones: Zones) -> str:
    """A host that nobody answers at."""
    name = zones.domain()
    zones.publish(name, "A", NOBODY)
    return name


def test_the_best_is_used(submit: Submit, zones: Zones, server: ModelServer) -> None:
    first, second = zones.host(), zones.host()
    done = submit(server, zones.domain(first, second), "--mx")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"connected: {first}:{server.port} [127.0.0.1] ESMTP\n")


def test_the_next_one_where_it_cannot_be_reached(
    submit: Submit, zones: Zones, server: ModelServer
) -> None:
    away, host = elsewhere(zones), zones.host()
    done = submit(server, zones.domain(away, host), "--mx")
    assert done.code == 0
    assert f"smtp: {away}:{server.port}: warning: cannot connect to {NOBODY}: " in done.stderr
    assert f"connected: {host}:{server.port} " in done.stdout


def test_a_domain_without_mx_records_takes_its_mail_itself(
    submit: Submit, zones: Zones, server: ModelServer
) -> None:
    host = zones.host()
    assert submit(server, host, "--mx").code == 0
    assert len(server.messages) == 1


def test_a_null_mx_takes_no_mail(submit: Submit, zones: Zones, server: ModelServer) -> None:
    """RFC 7505: for good, also where the domain has an address."""
    domain = zones.host()
    zones.publish(domain, "MX", "0 .")
    done = submit(server, domain, "--mx")
    assert_refused(done, server, 69, f"the domain {domain} takes no mail (it has a null MX)")
    assert server.connections == []


def test_a_domain_that_does_not_exist(submit: Submit, server: ModelServer) -> None:
    done = submit(server, "nowhere.example.test", "--mx")
    assert_refused(done, server, 68, "the domain nowhere.example.test does not exist")


def test_a_host_that_does_not_exist(submit: Submit, zones: Zones, server: ModelServer) -> None:
    done = submit(server, zones.domain("nowhere.example.test"), "--mx")
    assert_refused(done, server, 68, "no such host")


def test_a_domain_that_cannot_be_looked_up_now(submit: Submit, server: ModelServer) -> None:
    done = submit(server, "anything.bogus.test", "--mx")
    assert_refused(done, server, 75, "the DNS does not say now what MX records")


def test_of_several_domains_the_next_is_used(zones: Zones, server: ModelServer) -> None:
    host = zones.host()
    servers = ("-s", "nowhere.example.test", "-s", zones.domain(host))
    envelope = ("-f", "a@x.example", "-r", "b@y.example")
    line = ("-v", "--mx", "--resolver", zones.resolver, "-p", str(server.port))
    done = run_smtp(*line, *servers, *envelope, stdin=MESSAGE)
    assert done.code == 0
    assert done.stderr == (
        "smtp: nowhere.example.test: warning: the domain nowhere.example.test does not exist;"
        " trying the next server\n"
    )
    assert done.stdout.startswith(f"connected: {host}:{server.port} ")


# -- certificates ----------------------------------------------------------------------------------


def test_the_certificate_is_to_be_for_the_host(
    start: Start, submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    done = submit(tls_server, zones.domain(host), "--mx", "-V", "-t")
    assert (done.code, done.stderr, proof(done)) == (0, "", "CA")
    assert tls_server.connections[0].sni == host
    wrong = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("wrong name")))
    refused = submit(wrong, zones.domain(host), "--mx", "-V")
    assert_refused(refused, wrong, 77, f"it is not for {host} but for 'elsewhere.example'")


def test_a_host_that_nothing_vouches_for_is_worth_a_warning(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    domain = zones.domain(zones.host(), zone=UNSIGNED)
    done = submit(tls_server, domain, "--mx", "-V")
    assert done.code == 0
    assert f"smtp: {domain}: warning: neither DNSSEC nor MTA-STS vouches for its MX" in done.stderr
    named = submit(tls_server, domain, "--mx", "-V", "--tls-name", "localhost")
    assert (named.code, named.stderr) == (0, "")


def test_what_tls_one_has_not_the_next_may_have(
    start: Start, submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    """The hosts share a port here, and so a server: what differs is the name."""
    wrong, right = f"a.{zones.host()}", zones.host()
    zones.publish(wrong, "A", "127.0.0.1")
    done = submit(tls_server, zones.domain(wrong, right), "--mx", "-V")
    assert done.code == 0
    assert f"it is not for {wrong}" in done.stderr
    assert f"connected: {right}:" in done.stdout


@pytest.mark.parametrize("several", [("-j3",), ("--processes=3",), ("--processes=2", "-j4")])
def test_many_connections_to_the_servers_of_a_domain(
    zones: Zones, tls_server: ModelServer, tmp_path: Path, several: tuple[str, ...]
) -> None:
    host = zones.host()
    zones.tlsa(host, record("right"))
    names = message_files(tmp_path, 20)
    done = run_smtp(
        *("-d", "--mx", "--dane", "--resolver", zones.resolver, *several),
        *("-p", str(tls_server.port), "-s", zones.domain(host), "-f", "a@x", "-r", "b@y", *names),
    )
    assert (done.code, done.stderr) == (0, "")
    assert taken(tls_server) == list(range(20))
    assert all(message.tls for message in tls_server.messages)


@pytest.mark.parametrize("several", ["-j3", "--processes=3"])
def test_what_many_connections_have_in_common_is_told_once(
    zones: Zones, server: ModelServer, tmp_path: Path, several: str
) -> None:
    host = zones.host()
    done = run_smtp(
        *("-d", "--mx", "--dane", "--resolver", zones.resolver, several),
        *("-p", str(server.port), "-s", zones.domain(host), "-f", "a@x", "-r", "b@y"),
        *message_files(tmp_path, 20),
    )
    assert done.code == 0
    assert done.stderr.count("it is used without DANE") == 1, done.stderr


@pytest.mark.parametrize("several", ["-j3", "--processes=3"])
def test_a_domain_that_cannot_be_found_ends_a_run_over_many_connections(
    zones: Zones, tmp_path: Path, several: str
) -> None:
    name = f"nowhere.{SIGNED}"
    done = run_smtp(
        *("--mx", "--resolver", zones.resolver, several, "-s", name, "-f", "a@x", "-r", "b@y"),
        *message_files(tmp_path, 20),
    )
    assert done.code == 68
    assert done.stderr == f"smtp: {name}: the domain {name} does not exist\n"
