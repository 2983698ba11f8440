"""What is demanded of a server by the DNS, by policies and by the caller together.

Against a real signed zone and a real policy host the command is tried in tests/trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Discovery, Server, TLSMode, TLSSettings
from smtpwire.errors import CertificateError, ConnectError, HostNotFound, NoMailService
from smtpwire.net.dane import TLSA
from smtpwire.net.sts import discovery as sts_discovery
from smtpwire.net.sts.policy import Mode, Policy
from smtpwire.net.trust import Trust
from smtpwire.run.finder import Finder
from tests.unit.net.nameserver import NameServer

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST, DOMAIN = "mail.example", "example.org"
MAIL = Server(HOST, 25)
OF_DOMAIN = Server(HOST, 25, domain=DOMAIN)
WANTED = Trust(TLSMode.OPPORTUNISTIC, HOST)
REQUIRED = WANTED._replace(mode=TLSMode.REQUIRED)
KEY = f"3 1 1 {'ab' * 32}"
RECORD = TLSA(3, 1, 1, b"\xab" * 32)


class Found:
    """A finder, the DNS that it asks, and what it warned of."""

    def __init__(
        self, dns: NameServer, *servers: Server, client: ClientSettings | None = None, **how: bool
    ) -> None:
        self.warnings: list[tuple[str, str]] = []
        client = client or ClientSettings(servers=())
        self.finder = Finder(
            client._replace(servers=servers or (MAIL,)),
            Discovery(resolver=dns.address, **how),  # type: ignore[arg-type]  # options by name
            seconds=20,
            warn=lambda where, text: self.warnings.append((where, text)),
        )

    def trust(self, server: Server = MAIL, asked: Trust = WANTED) -> Trust:
        return self.finder.reach(server, asked)[1]

    @property
    def warning(self) -> str:
        ((_, text),) = self.warnings
        return text


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with NameServer() as server:
        server.has(HOST, "A", "192.0.2.1")
        yield server


def with_policy(monkeypatch: pytest.MonkeyPatch, mode: Mode | None, *hosts: str) -> None:
    """Have every domain publish a policy."""
    found = None if mode is None else Policy(mode, hosts, 1)
    monkeypatch.setattr(sts_discovery, "discover", lambda _domain, **_how: found)


# -- domains ---------------------------------------------------------------------------------------


def test_servers_that_are_named_are_used_as_they_are(dns: NameServer) -> None:
    assert Found(dns, MAIL).finder.servers() == ([MAIL], [])


def test_a_domain_is_as_many_servers_as_it_has(dns: NameServer) -> None:
    dns.has(DOMAIN, "MX", "10 b.example.", "5 a.example.")
    named = Server(DOMAIN, 2525, tls_on_connect=True)
    servers, failures = Found(dns, named, mx=True).finder.servers()
    assert servers == [
        named._replace(host=host, domain=DOMAIN) for host in ("a.example", "b.example")
    ]
    assert failures == []


@pytest.mark.parametrize("name", ["bücher.example", "bücher.example."])
def test_a_domain_is_known_by_its_name_in_ascii(dns: NameServer, name: str) -> None:
    dns.has("xn--bcher-kva.example", "MX", "10 a.example.")
    servers, _ = Found(dns, Server(name, 25), mx=True).finder.servers()
    assert servers == [Server("a.example", 25, domain="xn--bcher-kva.example")]


@pytest.mark.parametrize("name", ["../etc", "a..b", "", "x" * 64, "☃.example"])
def test_what_is_no_domain_is_not_looked_up(dns: NameServer, name: str) -> None:
    """It would be part of a file's name."""
    servers, ((where, error),) = Found(dns, Server(name, 25), mx=True).finder.servers()
    assert (servers, where, type(error)) == ([], name, HostNotFound)
    assert dns.asked == []


def test_a_domain_that_has_none_is_told_and_the_others_are_used(dns: NameServer) -> None:
    dns.has(DOMAIN, "MX", "10 a.example.")
    dns.has("null.example", "MX", "0 .")
    dns.fails("broken.example")
    names = ("nowhere.example", "null.example", "broken.example", DOMAIN)
    servers, failures = Found(dns, *(Server(n, 25) for n in names), mx=True).finder.servers()
    assert [server.host for server in servers] == ["a.example"]
    assert [(where, type(error)) for where, error in failures] == [
        ("nowhere.example", HostNotFound),
        ("null.example", NoMailService),
        ("broken.example", ConnectError),
    ]


@pytest.mark.parametrize(
    ("settings", "secure", "warned"),
    [
        (TLSSettings(), False, False),
        (TLSSettings(verify=True), True, False),
        (TLSSettings(verify=True), False, True),
        (TLSSettings(verify=True, name="x.example"), False, False),
    ],
)
def test_a_certificate_for_a_name_that_nothing_vouches_for_is_worth_a_warning(
    dns: NameServer, settings: TLSSettings, secure: bool, warned: bool
) -> None:
    dns.has(DOMAIN, "MX", "10 a.example.", secure=secure)
    client = ClientSettings(servers=(), tls_settings=settings)
    found = Found(dns, Server(DOMAIN, 25), client=client, mx=True)
    found.finder.servers()
    assert bool(found.warnings) is warned


@pytest.mark.parametrize("secure", [True, False])
def test_requiretls_needs_mx_records_that_something_vouches_for(
    dns: NameServer, secure: bool
) -> None:
    dns.has(DOMAIN, "MX", "10 a.example.", secure=secure)
    client = ClientSettings(servers=(), require_tls_onward=True)
    servers, failures = Found(dns, Server(DOMAIN, 25), client=client, mx=True).finder.servers()
    assert len(servers) == secure
    assert [type(error) for _, error in failures] == ([] if secure else [CertificateError])


# -- addresses -------------------------------------------------------------------------------------


def test_the_addresses_are_those_that_the_resolver_has(dns: NameServer) -> None:
    dns.has(HOST, "AAAA", "2001:db8::1")
    endpoints, trust = Found(dns).finder.reach(MAIL, WANTED)
    assert [(e.host, e.address[1]) for e in endpoints] == [("2001:db8::1", 25), ("192.0.2.1", 25)]
    assert trust == WANTED


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_an_address_is_not_looked_up(dns: NameServer, host: str) -> None:
    (endpoint,), trust = Found(dns).finder.reach(Server(host, 25), WANTED)
    assert (endpoint.host, trust) == (host, WANTED)
    assert dns.asked == []


@pytest.mark.parametrize("exists", [True, False])
def test_a_host_without_an_address_cannot_be_reached(dns: NameServer, exists: bool) -> None:
    if exists:
        dns.has("x.example", "MX", "0 .")
    with pytest.raises(HostNotFound, match="has no address" if exists else "no such host"):
        Found(dns).trust(Server("x.example", 25))


# -- DANE ------------------------------------------------------------------------------------------


def test_records_require_tls_and_take_the_place_of_the_ca(dns: NameServer) -> None:
    dns.has(f"_25._tcp.{HOST}", "TLSA", KEY)
    found = Found(dns, dane=True)
    assert found.trust(asked=WANTED._replace(verify=True, pins=(b"x",))) == Trust(
        TLSMode.REQUIRED, HOST, verify=False, pins=(b"x",), tlsa=(RECORD,), names=(HOST,)
    )
    assert found.warnings == []


def test_a_name_that_was_asked_for_is_the_only_one(dns: NameServer) -> None:
    dns.has(f"_25._tcp.{HOST}", "TLSA", KEY)
    client = ClientSettings(servers=(), tls_settings=TLSSettings(name="x.example"))
    trust = Found(dns, client=client, dane=True).trust()
    assert (trust.name, trust.names) == ("x.example", ("x.example",))


def test_records_of_no_use_require_tls(dns: NameServer) -> None:
    dns.has(f"_25._tcp.{HOST}", "TLSA", "0 0 1 " + "ab" * 32)
    found = Found(dns, dane=True)
    assert found.trust() == WANTED._replace(mode=TLSMode.REQUIRED)
    assert found.warning.startswith("none of its TLSA records can be used")


def test_no_records_demand_nothing(dns: NameServer) -> None:
    found = Found(dns, dane=True)
    assert found.trust() == WANTED
    assert found.warnings == [
        (
            f"{HOST}:25",
            "it is used without DANE: no TLSA record that DNSSEC vouches for is there",
        )
    ]


def test_records_that_cannot_be_looked_up_are_not_no_records(dns: NameServer) -> None:
    dns.fails(f"_25._tcp.{HOST}")
    with pytest.raises(ConnectError, match="what TLSA records"):
        Found(dns, dane=True).trust()


def test_addresses_that_are_not_secure_have_no_records(dns: NameServer) -> None:
    dns.has("x.example", "A", "192.0.2.2", secure=False)
    dns.has("_25._tcp.x.example", "TLSA", KEY)
    found = Found(dns, dane=True)
    assert found.trust(Server("x.example", 25)) == WANTED
    assert found.warning.endswith("DNSSEC does not vouch for its addresses")
    assert ("_25._tcp.x.example", "TLSA") not in dns.asked


@pytest.mark.parametrize(
    ("secure_start", "secure_end", "asked"),
    [
        (True, True, ["end.example", "start.example"]),
        (True, False, ["start.example"]),
        (False, False, []),
    ],
)
def test_where_the_records_of_an_alias_are_looked_for(
    dns: NameServer, secure_start: bool, secure_end: bool, asked: list[str]
) -> None:
    """RFC 7672 section 2.2.2."""
    dns.has("start.example", "CNAME", "end.example.", secure=secure_start)
    dns.has("end.example", "A", "192.0.2.3", secure=secure_end)
    Found(dns, dane=True).trust(Server("start.example", 25))
    looked_for = [name for name, kind in dns.asked if kind == "TLSA"]
    assert looked_for == [f"_25._tcp.{name}" for name in asked]


@pytest.mark.parametrize("secure", [True, False])
def test_a_host_of_a_domain_has_them_if_the_mx_records_are_secure(
    dns: NameServer, secure: bool
) -> None:
    dns.has(DOMAIN, "MX", f"10 {HOST}.", secure=secure)
    dns.has(f"_25._tcp.{HOST}", "TLSA", KEY)
    found = Found(dns, Server(DOMAIN, 25), mx=True, dane=True)
    found.finder.servers()
    trust = found.trust(OF_DOMAIN)
    assert trust.names == ((HOST, DOMAIN) if secure else ())
    assert trust.tlsa == ((RECORD,) if secure else ())


# -- policies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "asked", "demanded"),
    [
        (None, WANTED, WANTED),
        (Mode.NONE, WANTED, WANTED),
        (Mode.ENFORCE, WANTED, Trust(TLSMode.REQUIRED, HOST, verify=True)),
        (
            Mode.TESTING,
            WANTED,
            Trust(TLSMode.REQUIRED, HOST, verify=True, testing=DOMAIN, otherwise=WANTED),
        ),
        (
            Mode.TESTING,
            Trust(TLSMode.REQUIRED, HOST, verify=True),
            Trust(TLSMode.REQUIRED, HOST, verify=True),
        ),
    ],
)
def test_what_a_policy_demands(
    monkeypatch: pytest.MonkeyPatch,
    dns: NameServer,
    mode: Mode | None,
    asked: Trust,
    demanded: Trust,
) -> None:
    with_policy(monkeypatch, mode, HOST)
    dns.has(DOMAIN, "MX", f"10 {HOST}.")
    found = Found(dns, Server(DOMAIN, 25), mx=True, mta_sts=True)
    assert found.finder.servers()[0] == [OF_DOMAIN]
    assert found.trust(OF_DOMAIN, asked) == demanded
    assert [text for _, text in found.warnings] == (
        ["it has no MTA-STS policy"] if not mode else []
    )


@pytest.mark.parametrize(
    ("mode", "hosts"),
    [(Mode.ENFORCE, ["b.example"]), (Mode.TESTING, ["a.example", "b.example"])],
)
def test_the_hosts_that_a_policy_names(
    monkeypatch: pytest.MonkeyPatch, dns: NameServer, mode: Mode, hosts: list[str]
) -> None:
    with_policy(monkeypatch, mode, "b.example")
    dns.has(DOMAIN, "MX", "1 a.example.", "2 b.example.")
    found = Found(dns, Server(DOMAIN, 25), mx=True, mta_sts=True)
    assert [server.host for server in found.finder.servers()[0]] == hosts
    assert "does not name its server a.example" in found.warning


def test_a_policy_that_names_none_of_them(monkeypatch: pytest.MonkeyPatch, dns: NameServer) -> None:
    with_policy(monkeypatch, Mode.ENFORCE, "x.example")
    dns.has(DOMAIN, "MX", "1 a.example.")
    servers, failures = Found(dns, Server(DOMAIN, 25), mx=True, mta_sts=True).finder.servers()
    assert servers == []
    assert [type(error) for _, error in failures] == [CertificateError]


def test_a_policy_to_be_enforced_vouches_for_mx_records(
    monkeypatch: pytest.MonkeyPatch, dns: NameServer
) -> None:
    dns.has(DOMAIN, "MX", "1 a.example.", secure=False)
    client = ClientSettings(servers=(), require_tls_onward=True)
    for mode, vouched in ((Mode.ENFORCE, True), (Mode.TESTING, False), (None, False)):
        with_policy(monkeypatch, mode, "a.example")
        found = Found(dns, Server(DOMAIN, 25), client=client, mx=True, mta_sts=True)
        assert bool(found.finder.servers()[0]) is vouched


def test_where_dane_applies_the_policy_says_nothing_of_the_certificate(
    monkeypatch: pytest.MonkeyPatch, dns: NameServer
) -> None:
    with_policy(monkeypatch, Mode.TESTING, HOST)
    dns.has(DOMAIN, "MX", f"10 {HOST}.")
    dns.has(f"_25._tcp.{HOST}", "TLSA", KEY)
    found = Found(dns, Server(DOMAIN, 25), mx=True, dane=True, mta_sts=True)
    found.finder.servers()
    trust = found.trust(OF_DOMAIN)
    assert (trust.tlsa, trust.verify, trust.testing) == ((RECORD,), False, "")


@pytest.mark.parametrize(
    ("mode", "demanded"),
    [
        (Mode.NONE, REQUIRED),
        (Mode.ENFORCE, REQUIRED._replace(verify=True)),
        (Mode.TESTING, REQUIRED._replace(verify=True, testing=DOMAIN, otherwise=REQUIRED)),
    ],
)
def test_records_of_no_use_leave_the_policy_in_force(
    monkeypatch: pytest.MonkeyPatch, dns: NameServer, mode: Mode, demanded: Trust
) -> None:
    """A DANE that proves nothing does not stand in for the CA; the TLS it requires stays."""
    with_policy(monkeypatch, mode, HOST)
    dns.has(DOMAIN, "MX", f"10 {HOST}.")
    dns.has(f"_25._tcp.{HOST}", "TLSA", "0 0 1 " + "ab" * 32)
    found = Found(dns, Server(DOMAIN, 25), mx=True, dane=True, mta_sts=True)
    found.finder.servers()
    assert found.trust(OF_DOMAIN) == demanded
