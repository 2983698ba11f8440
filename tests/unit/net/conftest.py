"""What the tests of the driver share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from tests.unit.net.nameserver import NameServer
from tests.unit.net.played import Piped
from tests.unit.net.stops import Stop
from tests.unit.net.world import Worlds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worlds]:
    worlds = Worlds(monkeypatch)
    yield worlds
    worlds.close()


@pytest.fixture
def pipe() -> Iterator[Piped]:
    body = Piped()
    yield body
    body.close()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def nameserver() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def loop(stop: Stop) -> Iterator[Loop]:
    made = Loop(Poller(), stop)
    yield made
    made.close()
