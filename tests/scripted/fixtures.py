"""The pytest fixtures that give scripted servers; plugged in by `tests/conftest.py`.

A server made by a fixture is stopped at the end of the test, and a test whose client did not
follow the script fails then with the transcript, if it did not fail before.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest

from tests.scripted.certificates import authority
from tests.scripted.server import Script, ScriptedServer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SomeServer = TypeVar("SomeServer", bound=Server)


class MakeScripted(Protocol):
    """What the fixture `scripted` is."""

    def __call__(self, *scripts: Script, ipv6: bool = False) -> ScriptedServer:
        """Start a server that serves its connections by `scripts`, in order."""
        raise NotImplementedError


class Start(Protocol):
    """What the fixture `start` is."""

    def __call__(self, server: SomeServer, /) -> SomeServer:
        """Have `server` checked and stopped at the end of the test."""
        raise NotImplementedError


@pytest.fixture
def start() -> Iterator[Start]:
    """Take charge of a server that a test makes, such as `start(ModelServer(...))`."""
    with ExitStack() as stack:

        def take_charge(server: SomeServer) -> SomeServer:
            stack.callback(server.stop)
            stack.callback(server.check)
            stack.callback(lambda: print(server.transcript))  # shown when the test fails
            return server

        yield take_charge


@pytest.fixture
def scripted(start: Start) -> MakeScripted:
    """Start a server that serves its connections by scripts, such as `scripted(Script(...))`."""

    def make(*scripts: Script, ipv6: bool = False) -> ScriptedServer:
        return start(ScriptedServer(*scripts, ipv6=ipv6))

    return make


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the authority that issued the servers' right certificates."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path
