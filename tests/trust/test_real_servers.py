"""DANE and MTA-STS with real servers behind the names: OpenSSL (Postfix) and GnuTLS (Exim)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.command import Completed, run_smtp
from tests.real.messages import ENVELOPE, new_mark, small
from tests.trust.policies import policy, publish
from tests.trust.zones import record, record_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.farm import Server
    from tests.trust.policyhost import PolicyHost
    from tests.trust.zones import Zones

CERTIFIED = "mx.example.test"
"""The name in the zone for which the servers' certificate is good."""


@pytest.fixture(params=["postfix", "exim"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def submit(server: Server, zones: Zones, name: str, mark: str, *options: str) -> Completed:
    line = ("-v", "-t", "--resolver", zones.resolver, *options, "-s", f"{name}:{server.port}")
    return run_smtp(*line, *ENVELOPE, stdin=small(mark))


def assert_sent(done: Completed, server: Server, mark: str, proof: str) -> None:
    assert (done.code, done.stderr) == (0, ""), done
    assert f", verified ({proof})," in done.stdout
    server.mail.wait_for(mark.encode())


def assert_not_sent(done: Completed, server: Server, mark: str) -> None:
    assert done.code == 77, done
    assert "the certificate of the server is not accepted" in done.stderr
    assert "MAIL" not in done.stdout
    assert server.mail.holding(mark.encode()) == []


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_the_record_of_its_certificate(
    server: Server, zones: Zones, selector: int, matching: int
) -> None:
    pem = ssl.get_server_certificate((server.host, server.ports["tls"]))
    own = x509.load_pem_x509_certificate(pem.encode())
    host, mark = zones.host(), new_mark()
    zones.tlsa(host, record_of(own, 3, selector, matching))
    assert_sent(submit(server, zones, host, mark, "--dane"), server, mark, "DANE-EE")


def test_the_record_of_another(server: Server, zones: Zones) -> None:
    host, mark = zones.host(), new_mark()
    zones.tlsa(host, record("right"))
    assert_not_sent(submit(server, zones, host, mark, "--dane"), server, mark)


@pytest.fixture
def domain(zones: Zones, policy_host: PolicyHost) -> str:
    """A domain whose mail the servers take, by a policy to be enforced."""
    zones.publish(CERTIFIED, "A", "127.0.0.1")
    name = zones.domain(CERTIFIED)
    publish(zones, policy_host, name, policy("enforce", CERTIFIED))
    return name


def test_a_policy_and_the_right_certificate(
    server: Server,
    zones: Zones,
    policy_host: PolicyHost,
    domain: str,
    ca_file: Path,
    tmp_path: Path,
) -> None:
    both = tmp_path / "ca.pem"  # those of the servers, and of the policy host
    both.write_bytes(ca_file.read_bytes() + server.ca_file.read_bytes())
    options = ("--mx", "--mta-sts", "--mta-sts-port", str(policy_host.port), "--ca-file", str(both))
    mark = new_mark()
    assert_sent(submit(server, zones, domain, mark, *options), server, mark, "CA")


def test_a_policy_and_a_certificate_of_nobody(
    server: Server, zones: Zones, policy_host: PolicyHost, domain: str, ca_file: Path
) -> None:
    web = ("--mta-sts-port", str(policy_host.port), "--ca-file", str(ca_file))
    mark = new_mark()
    assert_not_sent(submit(server, zones, domain, mark, "--mx", "--mta-sts", *web), server, mark)
