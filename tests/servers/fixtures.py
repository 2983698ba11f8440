"""The real servers as pytest fixtures, each started when a test first asks for it.

A plugin: tests/conftest.py names this module in `pytest_plugins`.  With pytest-xdist all workers
share the servers.  A server that cannot be had skips the tests that want it, with the reason; with
SMTPWIRE_REQUIRE_SERVERS=1 it fails them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import kerberos_client
from tests.servers.errors import Unavailable
from tests.servers.farm import Farm
from tests.servers.tools import need_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from tests.servers.farm import Server

    class WorkerNode(Protocol):
        """What pytest-xdist tells of a worker."""

        workerinput: dict[str, str]


_FARM = pytest.StashKey[Farm]()
_WORKER_INPUT = "smtpwire_servers"


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's farm, or, in a worker, find it."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if _WORKER_INPUT in given:
        config.stash[_FARM] = Farm(Path(given[_WORKER_INPUT]))
    else:
        config.stash[_FARM] = Farm.lead()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerNode) -> None:
    """Tell a worker where the farm is (a hook of pytest-xdist)."""
    config: pytest.Config = node.config  # type: ignore[attr-defined] # of pytest-xdist, which has no types
    node.workerinput[_WORKER_INPUT] = str(config.stash[_FARM].directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all servers, in the process that made the farm; a Ctrl-C comes here too."""
    if not hasattr(config, "workerinput") and (farm := config.stash.get(_FARM, None)):
        farm.end()


@contextmanager
def _required() -> Iterator[None]:
    """What cannot be had skips the tests that want it, or fails them."""
    try:
        yield
    except Unavailable as error:
        if os.environ.get("SMTPWIRE_REQUIRE_SERVERS") == "1":
            pytest.fail(f"SMTPWIRE_REQUIRE_SERVERS=1, and {error}", pytrace=False)
        pytest.skip(str(error))


def _server(config: pytest.Config, name: str) -> Server:
    with _required():
        return config.stash[_FARM].start(name)


@pytest.fixture(scope="session")
def strace() -> None:
    """What counts system calls: a program and no server, but had in the same way."""
    with _required():
        need_program("strace", "strace")


@pytest.fixture(scope="session")
def postfix(pytestconfig: pytest.Config) -> Server:
    """Postfix: PIPELINING, CHUNKING, TLS, AUTH by Dovecot; Maildir."""
    return _server(pytestconfig, "postfix")


@pytest.fixture(scope="session")
def postfix_cyrus(pytestconfig: pytest.Config) -> Server:
    """Postfix that logs in by Cyrus SASL; takes mail after a login, and drops it."""
    return _server(pytestconfig, "postfix-cyrus")


@pytest.fixture(scope="session")
def kerberos(pytestconfig: pytest.Config) -> Server:
    """The KDC of a realm in which the user and the mail server have keys."""
    return _server(pytestconfig, "kerberos")


@pytest.fixture(scope="session")
def kerberos_modules() -> dict[str, str]:
    """What the environment of `smtp` has to hold for it to find the modules for Kerberos."""
    with _required():
        return kerberos_client.modules()


@pytest.fixture(scope="session")
def smtp_server(pytestconfig: pytest.Config) -> Server:
    """Nodemailer's server: XOAUTH2; drops mail; needs no root."""
    return _server(pytestconfig, "smtp-server")


@pytest.fixture(scope="session")
def exim(pytestconfig: pytest.Config) -> Server:
    """Exim: PIPELINING, CHUNKING, TLS, AUTH; octet-exact Maildir."""
    return _server(pytestconfig, "exim")


@pytest.fixture(scope="session")
def opensmtpd(pytestconfig: pytest.Config) -> Server:
    """OpenSMTPD: drops whoever pipelines; Maildir."""
    return _server(pytestconfig, "opensmtpd")


@pytest.fixture(scope="session")
def dns(pytestconfig: pytest.Config) -> Server:
    """Unbound, which validates what Knot DNS says of example.test, bogus.test, unsigned.test."""
    return _server(pytestconfig, "dns")


@pytest.fixture(scope="session")
def dovecot(pytestconfig: pytest.Config) -> Server:
    """Dovecot's submission proxy in front of `aiosmtpd_store`, and its LMTP."""
    return _server(pytestconfig, "dovecot")


@pytest.fixture(scope="session")
def smtp_sink(pytestconfig: pytest.Config) -> Server:
    """Postfix's smtp-sink: PIPELINING, no TLS; dumps what comes."""
    return _server(pytestconfig, "smtp-sink")


@pytest.fixture(scope="session")
def aiosmtpd_store(pytestconfig: pytest.Config) -> Server:
    """aiosmtpd: neither PIPELINING nor CHUNKING; octet-exact Maildir; needs no root."""
    return _server(pytestconfig, "aiosmtpd")
