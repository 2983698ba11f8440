"""Every way to ask for TLS, with every kind of server: what becomes of the message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.house.project import ROOT
from tests.trust.matrix import (
    AGAIN,
    ASKED,
    CLEAR,
    KINDS,
    PASSWORD,
    TLS,
    USER,
    VERIFIED,
    Kind,
    table,
)
from tests.trust.policies import policy, publish
from tests.trust.zones import record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import ModelServer
    from tests.scripted.fixtures import Start
    from tests.trust.policyhost import PolicyHost
    from tests.trust.zones import Zones

MESSAGE = b"Subject: trust\n\nhello\n"
SENT = {CLEAR, AGAIN, TLS, VERIFIED}


def cells(*columns: str) -> pytest.MarkDecorator:
    """The cells of some columns."""
    chosen = [
        pytest.param(asked, kind, cell, id=f"{asked}, {kind.name}")
        for kind in KINDS
        for asked, cell in zip(ASKED, kind.cells, strict=True)
        if asked in columns
    ]
    return pytest.mark.parametrize(("asked", "kind", "cell"), chosen)


def submit(server: ModelServer, ca_file: Path, host: str, *options: str) -> Completed:
    line = ("-v", "-p", str(server.port), "--timeout", "1.5", "--ca-file", str(ca_file))
    login = ("-U", USER, "-P", PASSWORD)
    return run_smtp(*line, *login, *options, host, "a@x.example", "b@y.example", stdin=MESSAGE)


def outcome(done: Completed, server: ModelServer) -> str:
    """What became of the message, as the matrix calls it."""
    connections = server.connections
    if done.code:
        assert server.messages == []
        said = [verb for connection in connections for verb in connection.verbs]
        assert not {"MAIL", "AUTH"}.intersection(said)
        assert done.stderr.startswith("smtp: ")
        return str(done.code)
    (message,) = server.messages
    assert message.user == USER
    if message.tls:
        return VERIFIED if " verified" in done.stdout else TLS
    assert " verified" not in done.stdout
    return CLEAR if len(connections) == 1 else AGAIN


@cells("(nothing)", "-T", "-M", "-V", "-T -V", "-M -V")
def test_by_options_alone(start: Start, ca_file: Path, asked: str, kind: Kind, cell: str) -> None:
    server = start(kind.server())
    options = asked.split() if asked.startswith("-") else []
    assert outcome(submit(server, ca_file, "localhost", *options), server) == cell


@cells("--dane")
def test_by_dane(
    start: Start, ca_file: Path, zones: Zones, asked: str, kind: Kind, cell: str
) -> None:
    server = start(kind.server())
    host = zones.host()
    zones.tlsa(host, record(kind.certificate))
    options = (asked, "--resolver", zones.resolver)
    assert outcome(submit(server, ca_file, host, *options), server) == cell


@cells("--mta-sts")
def test_by_mta_sts(
    start: Start,
    ca_file: Path,
    zones: Zones,
    policy_host: PolicyHost,
    asked: str,
    kind: Kind,
    cell: str,
) -> None:
    server = start(kind.server())
    host = zones.host()
    domain = zones.domain(host)
    publish(zones, policy_host, domain, policy("enforce", host))
    options = (asked, "--mx", "--resolver", zones.resolver, "--mta-sts-port", str(policy_host.port))
    assert outcome(submit(server, ca_file, domain, *options), server) == cell


def test_the_documentation_shows_this_table() -> None:
    assert table() in (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")


def test_every_cell_says_whether_it_goes() -> None:
    for kind in KINDS:
        assert len(kind.cells) == len(ASKED)
        assert all(cell in SENT or cell.isdecimal() for cell in kind.cells)
