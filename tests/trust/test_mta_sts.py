"""--mta-sts, with policies from a web server on loopback (RFC 8461)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.scripted import ModelServer, StartTLS
from tests.trust.policies import policy, publish
from tests.trust.policyhost import Page
from tests.trust.submitting import assert_refused, proof
from tests.trust.zones import UNSIGNED, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted.fixtures import Start
    from tests.trust.policyhost import PolicyHost
    from tests.trust.submitting import Submit


class Case:
    """A domain with one host, and a cache of its own."""

    def __init__(self, submit: Submit, policy_host: PolicyHost, cache: Path) -> None:
        self.zones = submit.zones
        self.web = policy_host
        self._submit = submit
        self._cache = cache
        self.host = self.zones.host(UNSIGNED)
        self.domain = self.zones.domain(self.host, zone=UNSIGNED)

    def publish(self, text: bytes, record_id: str = "1") -> None:
        publish(self.zones, self.web, self.domain, text, record_id)

    def __call__(self, server: ModelServer, *options: str) -> Completed:
        line = ("--mx", "--mta-sts", "--mta-sts-port", str(self.web.port), *options)
        return self._submit(server, self.domain, *line, env={"XDG_CACHE_HOME": str(self._cache)})

    @property
    def fetched(self) -> int:
        """How often its policy was fetched."""
        return self.web.requests.count(f"mta-sts.{self.domain}")


@pytest.fixture
def case(submit: Submit, policy_host: PolicyHost, tmp_path: Path) -> Case:
    return Case(submit, policy_host, tmp_path)


def wrong_server(start: Start) -> ModelServer:
    return start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("self-signed")))


def test_a_server_that_fits_is_verified(case: Case, tls_server: ModelServer) -> None:
    case.publish(policy("enforce", "*.unsigned.test"))
    done = case(tls_server, "-t")
    assert (done.code, done.stderr, proof(done)) == (0, "", "CA")
    assert tls_server.connections[0].sni == case.host


def test_a_server_that_the_policy_does_not_name_is_passed_over(
    case: Case, tls_server: ModelServer
) -> None:
    case.publish(policy("enforce", "other.example"))
    done = case(tls_server)
    assert_refused(done, tls_server, 77, f"the MTA-STS policy of {case.domain} names none of its")
    assert tls_server.connections == []


def test_the_servers_that_it_names_are_used(case: Case, tls_server: ModelServer) -> None:
    other = case.zones.host(UNSIGNED)
    case.zones.publish(case.domain, "MX", f"9 {other}.")
    case.publish(policy("enforce", other))
    done = case(tls_server)
    assert done.code == 0
    assert f"does not name its server {case.host}, which is passed over" in done.stderr
    assert f"connected: {other}:" in done.stdout


def test_in_testing_what_does_not_fit_is_told_and_sent(start: Start, case: Case) -> None:
    case.publish(policy("testing", case.host))
    server = wrong_server(start)
    done = case(server, "-t")
    assert (done.code, proof(done)) == (0, "")
    assert "it is self-signed; going on, since the MTA-STS policy of" in done.stderr
    assert " is in testing\n" in done.stderr
    assert server.messages[0].tls


def test_in_testing_a_server_without_tls_is_told_and_used(start: Start, case: Case) -> None:
    case.publish(policy("testing", case.host))
    server = start(ModelServer())
    done = case(server)
    assert done.code == 0
    assert "does not offer STARTTLS; going on, since the MTA-STS" in done.stderr
    assert not server.messages[0].tls


def test_testing_takes_nothing_from_what_was_asked_for(start: Start, case: Case) -> None:
    case.publish(policy("testing", case.host))
    server = wrong_server(start)
    assert_refused(case(server, "-V"), server, 77, "it is self-signed")
    clear = start(ModelServer())
    assert_refused(case(clear, "-M"), clear, 69, "does not offer STARTTLS")


def test_in_testing_a_server_that_is_not_named_is_told_and_used(
    case: Case, tls_server: ModelServer
) -> None:
    case.publish(policy("testing", "other.example"))
    done = case(tls_server)
    assert done.code == 0
    assert f"does not name its server {case.host}; it is in testing" in done.stderr


def test_none_demands_nothing(start: Start, case: Case) -> None:
    case.publish(policy("none"))
    server = wrong_server(start)
    done = case(server)
    assert (done.code, done.stderr) == (0, "")
    assert server.messages[0].tls


def test_a_domain_without_a_policy_is_told(start: Start, case: Case) -> None:
    server = wrong_server(start)
    done = case(server)
    assert done.code == 0
    assert done.stderr == f"smtp: {case.domain}: warning: it has no MTA-STS policy\n"
    assert server.messages[0].tls


def test_where_dane_applies_its_records_decide_about_the_certificate(
    start: Start, submit: Submit, policy_host: PolicyHost, case: Case
) -> None:
    """RFC 8461 section 2: a policy never overrides a failing DANE."""
    zones = case.zones
    case.host = zones.host()
    case.domain = zones.domain(case.host)
    case.publish(policy("enforce", case.host))
    zones.tlsa(case.host, record("self-signed"))
    done = case(wrong_server(start), "--dane", "-t")
    assert (done.code, proof(done)) == (0, "DANE-EE")
    right = start(ModelServer(offers=("STARTTLS",)))
    assert_refused(case(right, "--dane"), right, 77, "no TLSA record of the server is about it")


def test_records_of_no_use_do_not_switch_a_policy_off(start: Start, case: Case) -> None:
    """RFC 7672 section 3.1.3: they prove nothing, and so are no DANE to take the CA's place."""
    case.host = case.zones.host()
    case.domain = case.zones.domain(case.host)
    case.publish(policy("enforce", case.host))
    case.zones.tlsa(case.host, "1 1 1 " + "ab" * 32)
    server = wrong_server(start)
    assert_refused(case(server, "--dane"), server, 77, "it is self-signed")
    clear = start(ModelServer())
    case.zones.remove(f"_mta-sts.{case.domain}")
    case.publish(policy("testing", case.host), record_id="2")
    done = case(clear, "--dane")
    assert_refused(done, clear, 69, "does not offer STARTTLS")
    assert " is in testing\n" in done.stderr


# -- fetching --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(b"nothing", 404), "answered 404, and only 200 counts"),
        (Page(b"", 301, location="https://elsewhere.example/"), "answered 301"),
        (Page(b"<html>", media="text/html"), "is not text/plain"),
        (Page(b"x" * 70_000), "is more than 65536 octets"),
        (Page(b"<html>"), "line 1 is not NAME: VALUE"),
    ],
)
def test_a_policy_that_cannot_be_had_is_told(
    start: Start, case: Case, page: Page, reason: str
) -> None:
    case.publish(policy("enforce", case.host))
    case.web.pages[f"mta-sts.{case.domain}"] = page
    done = case(wrong_server(start))
    assert done.code == 0
    assert f"the MTA-STS policy of {case.domain} cannot be had" in done.stderr
    assert reason in done.stderr


def test_the_policy_host_has_to_have_the_right_certificate(start: Start, case: Case) -> None:
    case.publish(policy("enforce", "other.example"))
    case.web.certificate_for = lambda name: f"x{name}"
    done = case(wrong_server(start))
    assert done.code == 0
    assert f"it is not for mta-sts.{case.domain} but for 'xmta-sts.{case.domain}'" in done.stderr
    assert case.fetched == 0


def test_a_policy_host_that_is_not_there(start: Start, case: Case) -> None:
    case.zones.publish(f"_mta-sts.{case.domain}", "TXT", '"v=STSv1; id=1;"')
    assert "the policy host has no address" in case(wrong_server(start)).stderr
    case.zones.publish(f"mta-sts.{case.domain}", "A", "127.0.0.2")
    assert "cannot connect to the policy host [127.0.0.2]" in case(wrong_server(start)).stderr


def test_the_limit_of_the_user_is_one_of_the_policy_host_too(start: Start, case: Case) -> None:
    case.publish(policy("enforce", case.host))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        done = case(wrong_server(start), "--timeout", "1", "--mta-sts-port", port)
    assert done.code == 0
    assert f"the MTA-STS policy of {case.domain} cannot be had" in done.stderr


# -- keeping ---------------------------------------------------------------------------------------


def test_a_policy_is_fetched_once(case: Case, tls_server: ModelServer) -> None:
    case.publish(policy("enforce", case.host))
    for _ in range(3):
        assert case(tls_server).code == 0
    assert case.fetched == 1


def test_one_that_is_kept_holds_when_it_is_hidden(start: Start, case: Case) -> None:
    case.publish(policy("enforce", case.host))
    right = start(ModelServer(offers=("STARTTLS",)))
    assert case(right).code == 0
    case.zones.remove(f"_mta-sts.{case.domain}")
    server = wrong_server(start)
    assert_refused(case(server), server, 77, "it is self-signed")


def test_a_new_id_brings_the_new_policy(start: Start, case: Case, tls_server: ModelServer) -> None:
    case.publish(policy("enforce", case.host))
    assert case(tls_server).code == 0
    case.zones.remove(f"_mta-sts.{case.domain}")
    case.publish(policy("none"), record_id="2")
    server = wrong_server(start)
    assert case(server).code == 0
    assert case.fetched == 2


def test_one_that_has_expired_is_gone(start: Start, case: Case, tls_server: ModelServer) -> None:
    case.publish(policy("enforce", case.host, max_age=0))
    assert case(tls_server).code == 0
    case.zones.remove(f"_mta-sts.{case.domain}")
    assert case(wrong_server(start)).code == 0
