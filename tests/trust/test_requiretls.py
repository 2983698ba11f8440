"""--require-tls-onward (RFC 8689): TLS, a server that was verified, the keyword inside TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scripted import ModelServer, StartTLS, multiline
from tests.trust.policies import policy, publish
from tests.trust.submitting import assert_refused, proof
from tests.trust.zones import UNSIGNED, record

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start
    from tests.trust.policyhost import PolicyHost
    from tests.trust.submitting import Submit
    from tests.trust.zones import Zones

OFFERS = ("PIPELINING", "STARTTLS", "REQUIRETLS")
ONWARD = "--require-tls-onward"


def server(start: Start, *offers: str, certificate: str = "right") -> ModelServer:
    return start(ModelServer(offers=offers or OFFERS, starttls=StartTLS(certificate)))


def test_it_stands_on_mail(start: Start, submit: Submit) -> None:
    there = server(start)
    done = submit(there, "localhost", ONWARD, "-t")
    assert (done.code, done.stderr, proof(done)) == (0, "", "CA")
    (message,) = there.messages
    assert message.tls
    assert "REQUIRETLS" in message.parameters


def test_without_it_nothing_is_asked(start: Start, submit: Submit) -> None:
    there = server(start)
    assert submit(there, "localhost", "-V").code == 0
    assert "REQUIRETLS" not in there.messages[0].parameters


def test_a_server_without_tls(start: Start, submit: Submit) -> None:
    there = server(start, "REQUIRETLS")
    assert_refused(submit(there, "localhost", ONWARD), there, 69, "does not offer STARTTLS")


@pytest.mark.parametrize("certificate", ["expired", "self-signed", "wrong name"])
def test_a_server_that_proves_nothing(start: Start, submit: Submit, certificate: str) -> None:
    there = server(start, certificate=certificate)
    done = submit(there, "localhost", ONWARD)
    assert_refused(done, there, 77, "the certificate of the server is not accepted")


def test_a_server_that_offers_it_only_in_the_clear(start: Start, submit: Submit) -> None:
    """RFC 3207 section 4.2: what was offered before TLS is forgotten."""
    hello = multiline("250 mail.example", "250 STARTTLS", "250 REQUIRETLS")
    there = start(ModelServer(offers=("STARTTLS",), replies={"EHLO": [hello]}))
    done = submit(there, "localhost", ONWARD)
    assert_refused(done, there, 69, "the server does not offer REQUIRETLS")


def test_force_lifts_the_offer_and_nothing_else(start: Start, submit: Submit) -> None:
    there = server(start, "STARTTLS")
    assert submit(there, "localhost", ONWARD, "--force").code == 0
    assert "REQUIRETLS" in there.messages[0].parameters
    for wrong, code in (
        (server(start, "REQUIRETLS"), 69),
        (server(start, certificate="self-signed"), 77),
    ):
        assert_refused(submit(wrong, "localhost", ONWARD, "--force"), wrong, code, "smtp: ")


def test_a_server_that_is_verified_by_dane(start: Start, submit: Submit, zones: Zones) -> None:
    there = server(start, certificate="self-signed")
    host = zones.host()
    zones.tlsa(host, record("self-signed"))
    done = submit(there, host, ONWARD, "--dane", "-t")
    assert (done.code, proof(done)) == (0, "DANE-EE")


# -- MX records that something vouches for (RFC 8689 section 4.2.1) --------------------------------


def test_by_dnssec(start: Start, submit: Submit, zones: Zones) -> None:
    there = server(start)
    assert submit(there, zones.domain(zones.host()), "--mx", ONWARD).code == 0


def test_by_nothing(start: Start, submit: Submit, zones: Zones) -> None:
    there = server(start)
    done = submit(there, zones.domain(zones.host(UNSIGNED), zone=UNSIGNED), "--mx", ONWARD)
    assert_refused(done, there, 77, "REQUIRETLS needs MX records that DNSSEC or MTA-STS vouches")


@pytest.mark.parametrize(("mode", "code"), [("enforce", 0), ("testing", 77)])
def test_by_a_policy(
    start: Start,
    submit: Submit,
    zones: Zones,
    policy_host: PolicyHost,
    mode: str,
    code: int,
) -> None:
    there = server(start)
    host = zones.host(UNSIGNED)
    domain = zones.domain(host, zone=UNSIGNED)
    publish(zones, policy_host, domain, policy(mode, host))
    options = ("--mx", "--mta-sts", "--mta-sts-port", str(policy_host.port), ONWARD)
    assert submit(there, domain, *options).code == code
    assert len(there.messages) == (0 if code else 1)
