"""The two servers that most of what is tested here has to work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.farm import Server


@pytest.fixture(params=["postfix", "exim"])
def server(request: pytest.FixtureRequest) -> Server:
    """A server that offers PIPELINING, CHUNKING, STARTTLS and AUTH, and takes every octet."""
    found: Server = request.getfixturevalue(request.param)
    return found
