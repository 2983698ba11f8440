"""Questions to the DNS, and how sure the answers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rcode
import pytest

from smtpwire.errors import ConnectError, HostNotFound
from smtpwire.net import lookup
from smtpwire.net.dane import TLSA
from smtpwire.net.lookup import Answer, Resolver, untrusted

if TYPE_CHECKING:
    from tests.unit.net.nameserver import NameServer

HOST = "mail.example"


def resolver(server: NameServer, seconds: float = 20) -> Resolver:
    return Resolver(server.address, seconds=seconds)


@pytest.mark.parametrize("secure", [True, False])
def test_addresses_and_whether_they_are_secure(nameserver: NameServer, secure: bool) -> None:
    nameserver.has(HOST, "A", "192.0.2.1", "192.0.2.2", secure=secure)
    nameserver.has(HOST, "AAAA", "2001:db8::1", secure=secure)
    answer = resolver(nameserver).addresses(HOST)
    assert answer.records[0] == "2001:db8::1"
    assert sorted(answer.records[1:]) == ["192.0.2.1", "192.0.2.2"]
    assert (answer.canonical, answer.secure, answer.exists) == (HOST, secure, True)


def test_an_alias_is_followed_and_as_secure_as_its_weakest_part(nameserver: NameServer) -> None:
    nameserver.has(HOST, "CNAME", "real.example.")
    nameserver.has("real.example", "A", "192.0.2.1")
    assert resolver(nameserver).addresses(HOST) == Answer(
        ("192.0.2.1",), "real.example", secure=True
    )
    nameserver.has("weak.example", "CNAME", "real.example.", secure=False)
    assert not resolver(nameserver).addresses("weak.example").secure


def test_a_name_that_does_not_exist(nameserver: NameServer) -> None:
    assert resolver(nameserver).ask("nowhere.example", "MX") == Answer(exists=False)


def test_a_name_without_such_records_exists(nameserver: NameServer) -> None:
    nameserver.has(HOST, "A", "192.0.2.1")
    answer = resolver(nameserver).ask(HOST, "MX")
    assert answer == Answer((), HOST, secure=True, exists=True)


def test_tlsa_records_are_those_of_a_port(nameserver: NameServer) -> None:
    nameserver.has(f"_25._tcp.{HOST}", "TLSA", f"3 1 1 {'ab' * 32}")
    answer = resolver(nameserver).tlsa(HOST, 25)
    assert answer.records == (TLSA(3, 1, 1, b"\xab" * 32),)
    assert answer.secure
    assert resolver(nameserver).tlsa(HOST, 26).records == ()


def test_texts_are_in_one_piece(nameserver: NameServer) -> None:
    nameserver.has(HOST, "TXT", '"v=STSv1; " "id=1;"', '"other"')
    assert sorted(resolver(nameserver).texts(HOST)) == [b"other", b"v=STSv1; id=1;"]


def test_an_international_name_is_asked_for_in_ascii(nameserver: NameServer) -> None:
    resolver(nameserver).ask("bücher.example.", "MX")
    assert nameserver.asked == [("xn--bcher-kva.example", "MX")]


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_failure_is_not_the_absence_of_records(
    nameserver: NameServer, code: dns.rcode.Rcode
) -> None:
    nameserver.fails(HOST, code)
    with pytest.raises(ConnectError, match=f"what MX records {HOST} has .every server failed"):
        resolver(nameserver).ask(HOST, "MX")


def test_silence_has_a_limit(nameserver: NameServer) -> None:
    nameserver.is_silent(HOST)
    with pytest.raises(ConnectError, match="no server answered in time"):
        resolver(nameserver, seconds=0.01).ask(HOST, "MX")


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example"])
def test_what_cannot_be_a_name_is_told_and_not_asked(nameserver: NameServer, name: str) -> None:
    with pytest.raises(ConnectError, match="the DNS does not say now what MX records"):
        resolver(nameserver).ask(name, "MX")
    assert nameserver.asked == []


def test_a_name_without_a_form_in_ascii_does_not_exist(nameserver: NameServer) -> None:
    with pytest.raises(HostNotFound):
        resolver(nameserver).ask("☃.example", "MX")


def test_the_word_of_a_resolver_elsewhere_is_worth_nothing(nameserver: NameServer) -> None:
    nameserver.has(HOST, "A", "192.0.2.1")
    elsewhere = resolver(nameserver)
    assert elsewhere.trusted
    elsewhere.trusted = False
    assert elsewhere.addresses(HOST) == Answer(("192.0.2.1",), HOST, secure=False)


@pytest.mark.parametrize(
    ("server", "elsewhere"),
    [
        (("127.0.0.53", 53, ""), []),
        (("::1", 53, ""), []),
        (("192.0.2.1", 53, ""), ["192.0.2.1"]),
        (("::ffff:127.0.0.1", 53, ""), ["::ffff:127.0.0.1"]),
        (("192.0.2.1", 853, "dns.example"), []),
    ],
)
def test_only_resolvers_on_this_host_or_by_tls_are_trusted(
    server: tuple[str, int, str], elsewhere: list[str]
) -> None:
    assert untrusted(server) == elsewhere
    assert Resolver(server, seconds=1).trusted is not bool(elsewhere)


def test_the_systems_resolvers(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("etc") / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\nnameserver ::1\n")
    monkeypatch.setattr(lookup, "RESOLVER_FILE", str(file))
    assert untrusted(None) == ["192.0.2.1"]
    assert not Resolver(None, seconds=1).trusted


def test_a_system_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "RESOLVER_FILE", "/nonexistent")
    with pytest.raises(ConnectError, match="no DNS server is named in /nonexistent"):
        untrusted(None)
