"""What the tests of the driver share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.net.played import Piped
from tests.unit.net.world import Worlds

if TYPE_CHECKING:
    from collections.abc import Iterator


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
