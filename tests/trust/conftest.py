"""What the tests of trust share: names in a signed zone, and hosts that have policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scripted import ModelServer
from tests.trust.policyhost import PolicyHost
from tests.trust.submitting import Submit
from tests.trust.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.servers.farm import Server


@pytest.fixture(scope="session")
def zones(dns: Server) -> Zones:
    """The zones of the tests' DNS server."""
    return Zones(dns)


@pytest.fixture
def policy_host() -> Iterator[PolicyHost]:
    """A web server for the policies of domains."""
    host = PolicyHost()
    yield host
    host.stop()


@pytest.fixture
def submit(zones: Zones, ca_file: Path) -> Submit:
    """Submit one message to a name in the zones."""
    return Submit(zones, ca_file)


@pytest.fixture
def tls_server(start: Start) -> ModelServer:
    """A server that offers STARTTLS and has a right certificate."""
    return start(ModelServer(offers=("PIPELINING", "STARTTLS")))
