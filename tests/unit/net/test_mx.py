"""Who takes the mail of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import ConnectError, HostNotFound, NoMailService
from smtpwire.net.mx import Exchangers, mail_exchangers
from tests.unit.net.test_lookup import resolver

if TYPE_CHECKING:
    from tests.unit.net.nameserver import NameServer

DOMAIN = "example.org"


def exchangers(server: NameServer, domain: str = DOMAIN) -> Exchangers:
    """Those of the same preference in the order of their names."""
    return mail_exchangers(domain, resolver(server), list.sort)


@pytest.mark.parametrize("secure", [True, False])
def test_the_best_are_first(nameserver: NameServer, secure: bool) -> None:
    texts = ("20 c.example.", "10 b.example.", "10 a.example.", "5 z.example.")
    nameserver.has(DOMAIN, "MX", *texts, secure=secure)
    hosts = ("z.example", "a.example", "b.example", "c.example")
    assert exchangers(nameserver) == Exchangers(hosts, secure)


def test_those_of_one_preference_are_given_to_chance(nameserver: NameServer) -> None:
    nameserver.has(DOMAIN, "MX", "10 b.example.", "10 a.example.", "20 c.example.")
    shuffled: list[list[str]] = []

    def shuffle(hosts: list[str]) -> None:
        shuffled.append(sorted(hosts))
        hosts.sort(reverse=True)

    found = mail_exchangers(DOMAIN, resolver(nameserver), shuffle)
    assert found.hosts == ("b.example", "a.example", "c.example")
    assert shuffled == [["a.example", "b.example"], ["c.example"]]


def test_a_host_that_is_named_twice_is_tried_once(nameserver: NameServer) -> None:
    nameserver.has(DOMAIN, "MX", "20 a.example.", "10 a.example.")
    assert exchangers(nameserver).hosts == ("a.example",)


@pytest.mark.parametrize("domain", [DOMAIN, f"{DOMAIN}."])
def test_a_domain_without_mx_records_takes_its_mail_itself(
    nameserver: NameServer, domain: str
) -> None:
    nameserver.has(DOMAIN, "A", "192.0.2.1")
    assert exchangers(nameserver, domain) == Exchangers((DOMAIN,), secure=True)


def test_a_null_mx_takes_no_mail(nameserver: NameServer) -> None:
    nameserver.has(DOMAIN, "MX", "0 .")
    with pytest.raises(NoMailService, match="takes no mail"):
        exchangers(nameserver)


def test_a_null_mx_among_others_is_passed_over(nameserver: NameServer) -> None:
    """RFC 7505 section 3: it must be the only one."""
    nameserver.has(DOMAIN, "MX", "0 .", "10 a.example.")
    assert exchangers(nameserver).hosts == ("a.example",)


def test_what_is_no_host_is_passed_over(nameserver: NameServer) -> None:
    texts = ("1 192.0.2.1.", "2 a\\032b.example.", "3 [x].", "4 -x.example.", "5 a.example.")
    nameserver.has(DOMAIN, "MX", *texts)
    assert exchangers(nameserver).hosts == ("a.example",)


def test_a_domain_whose_hosts_are_none(nameserver: NameServer) -> None:
    nameserver.has(DOMAIN, "MX", "1 192.0.2.1.")
    with pytest.raises(ConnectError, match=r"no MX record of example\.org names a host"):
        exchangers(nameserver)


def test_a_domain_that_does_not_exist(nameserver: NameServer) -> None:
    with pytest.raises(HostNotFound, match=r"the domain example\.org does not exist"):
        exchangers(nameserver)


def test_a_failure_is_not_the_absence_of_a_domain(nameserver: NameServer) -> None:
    nameserver.fails(DOMAIN)
    with pytest.raises(ConnectError) as caught:
        exchangers(nameserver)
    assert type(caught.value) is ConnectError
