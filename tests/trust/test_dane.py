"""--dane, with a signed zone, a badly signed one and an unsigned one (RFC 7672)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.scripted import ModelServer, StartTLS
from tests.trust.submitting import MESSAGE, assert_refused, proof
from tests.trust.zones import BOGUS, SIGNED, UNSIGNED, record

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start
    from tests.trust.submitting import Submit
    from tests.trust.zones import Zones

OTHER_KEY = "3 1 1 " + "ab" * 32


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_the_servers_own_certificate(
    submit: Submit, zones: Zones, tls_server: ModelServer, selector: int, matching: int
) -> None:
    host = zones.host()
    zones.tlsa(host, record("right", 3, selector, matching))
    done = submit(tls_server, host, "--dane", "-t")
    assert (done.code, done.stderr, proof(done)) == (0, "", "DANE-EE")
    assert tls_server.connections[0].sni == host


@pytest.mark.parametrize("options", [(), ("-T",), ("-M",), ("-V",), ("-T", "-V")])
def test_another_key_is_refused_whatever_else_is_asked_for(
    submit: Submit, zones: Zones, tls_server: ModelServer, options: tuple[str, ...]
) -> None:
    """Where TLSA records are, they decide: the certificate itself is right."""
    host = zones.host()
    zones.tlsa(host, OTHER_KEY)
    done = submit(tls_server, host, "--dane", *options)
    assert_refused(done, tls_server, 77, "no TLSA record of the server is about it")


def test_of_several_records_one_is_enough(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    zones.tlsa(host, OTHER_KEY, record("right"), "0 0 1 " + "cd" * 32)
    assert submit(tls_server, host, "--dane").code == 0


@pytest.mark.parametrize("kind", ["right", "expired", "wrong name"])
@pytest.mark.parametrize("selector", [0, 1])
def test_an_anchor_above_it(
    start: Start, submit: Submit, zones: Zones, kind: str, selector: int
) -> None:
    certificate = StartTLS(f"{kind}, with its authority")
    server = start(ModelServer(offers=("STARTTLS",), starttls=certificate))
    host = zones.host()
    zones.tlsa(host, record(kind, 2, selector))
    done = submit(server, host, "--dane", "-t")
    if kind == "right":
        assert (done.code, done.stderr, proof(done)) == (0, "", "DANE-TA")
    else:
        assert_refused(done, server, 77, f"by DANE-TA, it cannot be verified for {host}")


def test_an_anchor_that_the_server_does_not_send(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    zones.tlsa(host, record("right", 2))
    done = submit(tls_server, host, "--dane")
    assert_refused(done, tls_server, 77, "no TLSA record is about it or one that was sent with it")


def test_records_of_no_use_require_tls_and_prove_nothing(
    start: Start, submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    """RFC 7672 section 3.1.3."""
    host = zones.host()
    zones.tlsa(host, "1 1 1 " + "ab" * 32)
    done = submit(tls_server, host, "--dane", "-t")
    assert (done.code, proof(done)) == (0, "")
    assert "none of its TLSA records can be used" in done.stderr
    verified = submit(tls_server, host, "--dane", "-V", "-t")
    assert (verified.code, proof(verified)) == (0, "CA")
    clear = start(ModelServer())
    assert_refused(submit(clear, host, "--dane"), clear, 69, "does not offer STARTTLS")


# -- where DANE does not apply ---------------------------------------------------------------------


def test_no_records(submit: Submit, zones: Zones, tls_server: ModelServer) -> None:
    host = zones.host()
    done = submit(tls_server, host, "--dane", "-t")
    assert (done.code, proof(done)) == (0, "")
    assert f"smtp: {host}:{tls_server.port}: warning: it is used without DANE: no TLSA record" in (
        done.stderr
    )
    assert tls_server.messages[0].tls


def test_with_V_the_ca_decides_where_there_are_no_records(  # noqa: N802 - the option's name
    start: Start, submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    done = submit(tls_server, host, "--dane", "-V", "-t")
    assert (done.code, proof(done)) == (0, "CA")
    wrong = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("self-signed")))
    assert_refused(submit(wrong, host, "--dane", "-V"), wrong, 77, "it is self-signed")


@pytest.mark.parametrize("zone", [UNSIGNED])
def test_records_that_nothing_vouches_for_are_none(
    submit: Submit, zones: Zones, tls_server: ModelServer, zone: str
) -> None:
    host = zones.host(zone)
    zones.tlsa(host, OTHER_KEY)
    done = submit(tls_server, host, "--dane")
    assert done.code == 0
    assert "it is used without DANE: DNSSEC does not vouch for its addresses" in done.stderr


def test_a_forged_zone_is_not_the_absence_of_records(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    """RFC 7672 section 2.1.2: nothing is sent to a host whose records cannot be looked up."""
    host = zones.host(BOGUS)
    done = submit(tls_server, host, "--dane")
    assert_refused(done, tls_server, 75, "not signed as it should be")
    assert tls_server.connections == []


def test_a_host_that_is_named_by_its_address(submit: Submit, tls_server: ModelServer) -> None:
    done = submit(tls_server, "127.0.0.1", "--dane")
    assert done.code == 0
    assert "it is used without DANE: it is named by its address" in done.stderr


def test_a_resolver_elsewhere_is_refused_before_connecting(tls_server: ModelServer) -> None:
    line = ("--dane", "--resolver", "192.0.2.53", tls_server.address, "a@x.example", "b@y.example")
    done = run_smtp(*line)
    assert done.code == 64
    assert re.fullmatch(r"smtp: --dane: the DNS server 192\.0\.2\.53 is not on .*\n", done.stderr)
    assert tls_server.connections == []


@pytest.mark.parametrize(("name", "code"), [("localhost", 0), ("elsewhere.example", 75)])
def test_a_resolver_by_tls_has_to_prove_who_it_is(
    zones: Zones, tls_server: ModelServer, name: str, code: int
) -> None:
    host = zones.host()
    zones.tlsa(host, record("right"))
    line = ("-t", "--dane", "--resolver", f"{zones.encrypted}#{name}", "--connect-timeout", "3")
    envelope = (f"{host}:{tls_server.port}", "a@x.example", "b@y.example")
    done = run_smtp(*line, "--ca-file", zones.ca_file, *envelope, stdin=MESSAGE)
    assert done.code == code, done
    assert len(tls_server.messages) == (0 if code else 1)
    if not code:
        assert proof(done) == "DANE-EE"


# -- aliases ---------------------------------------------------------------------------------------


def alias_of(zones: Zones, target: str, zone: str = SIGNED) -> str:
    """A new alias (CNAME)."""
    name = zones.domain(zone=zone)
    zones.publish(name, "CNAME", f"{target}.")
    return name


@pytest.mark.parametrize("at_target", [True, False])
def test_records_at_the_end_of_an_alias_or_else_at_its_start(
    submit: Submit, zones: Zones, tls_server: ModelServer, at_target: bool
) -> None:
    """RFC 7672 section 2.2.2."""
    target = zones.host()
    alias = alias_of(zones, target)
    base = target if at_target else alias
    zones.tlsa(base, record("right"))
    done = submit(tls_server, alias, "--dane", "-t")
    assert (done.code, proof(done)) == (0, "DANE-EE")
    assert tls_server.connections[0].sni == base


def test_where_the_end_of_an_alias_is_not_secure_its_start_may_be(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    target = zones.host(UNSIGNED)
    zones.tlsa(target, OTHER_KEY)
    alias = alias_of(zones, target)
    zones.tlsa(alias, record("right"))
    done = submit(tls_server, alias, "--dane", "-t")
    assert (done.code, proof(done)) == (0, "DANE-EE")


# -- MX --------------------------------------------------------------------------------------------


def test_the_hosts_of_a_domain(submit: Submit, zones: Zones, tls_server: ModelServer) -> None:
    host = zones.host()
    zones.tlsa(host, record("right"))
    done = submit(tls_server, zones.domain(host), "--mx", "--dane", "-t")
    assert (done.code, done.stderr, proof(done)) == (0, "", "DANE-EE")


def test_a_certificate_for_the_domain_will_do_below_an_anchor(
    start: Start, submit: Submit, zones: Zones
) -> None:
    """RFC 7672 section 3.2.2: the host is elsewhere, and its certificate is for the domain."""
    certificate = StartTLS("right, with its authority")
    server = start(ModelServer(offers=("STARTTLS",), starttls=certificate))
    host = f"a.{zones.host()}"  # one label too many for the certificate
    zones.publish(host, "A", "127.0.0.1")
    zones.tlsa(host, record("right", 2))
    done = submit(server, zones.domain(host), "--mx", "--dane", "-t")
    assert (done.code, proof(done)) == (0, "DANE-TA")


def test_mx_records_that_nothing_vouches_for_end_it(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    host = zones.host()
    zones.tlsa(host, OTHER_KEY)
    domain = zones.domain(host, zone=UNSIGNED)
    done = submit(tls_server, domain, "--mx", "--dane")
    assert done.code == 0
    assert f"without DANE: DNSSEC does not vouch for the MX records of {domain}" in done.stderr


def test_the_next_host_is_tried_where_one_has_the_wrong_key(
    submit: Submit, zones: Zones, tls_server: ModelServer
) -> None:
    first, second = zones.host(), zones.host()
    zones.tlsa(first, OTHER_KEY)
    zones.tlsa(second, record("right"))
    done = submit(tls_server, zones.domain(first, second), "--mx", "--dane")
    assert done.code == 0
    assert f"connected: {second}:{tls_server.port} " in done.stdout
    assert len(tls_server.messages) == 1
