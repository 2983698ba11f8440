"""A farm starts a server once, tells why it cannot, and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import fixtures
from tests.servers.catalogue import SERVERS, Kind, Speaks, Spec
from tests.servers.errors import Unavailable
from tests.servers.farm import Farm
from tests.servers.fetch import fetched
from tests.servers.ports import free_ports, served, taken
from tests.servers.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 20.0


@pytest.fixture
def farm() -> Iterator[Farm]:
    made = Farm.lead()
    yield made
    made.end()
    assert not made.directory.exists()


def recorded(directory: Path, name: str) -> Process:
    found = json.loads((directory / f"{name}.json").read_text())
    return Process(found["pid"], found["started"])


def test_a_server_is_started_once_and_shared(farm: Farm) -> None:
    server = farm.start("aiosmtpd")
    another_process = Farm(farm.directory)
    assert another_process.start("aiosmtpd") == server
    with smtplib.SMTP(server.host, server.port, timeout=LIMIT) as client:
        assert client.noop()[0] == 250


def test_the_end_of_the_farm_ends_its_servers() -> None:
    farm = Farm.lead()
    server = farm.start("aiosmtpd")
    process = recorded(farm.directory, "aiosmtpd")
    farm.end()
    assert not process.alive
    assert not any(taken(port) for port in server.ports.values())


def by_hand(name: str) -> tuple[subprocess.Popen[str], Path]:
    """`python -m tests.servers NAME`, and the directory of its farm once that serves."""
    leader = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert leader.stdout
    directory = Path(leader.stdout.readline().partition("=")[2].strip())
    return leader, directory


@pytest.mark.parametrize("fixture", ["aiosmtpd_store", "exim"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_leader_that_is_killed_takes_its_servers_with_it(
    request: pytest.FixtureRequest, fixture: str, number: signal.Signals
) -> None:
    name = request.getfixturevalue(fixture).name  # or this server cannot be had here
    leader, directory = by_hand(name)
    with leader:
        leader.send_signal(number)
    try:
        assert recorded(directory, name).wait(LIMIT)
    finally:
        Farm(directory).end()


@pytest.mark.parametrize("number", [None, signal.SIGINT])
def test_by_hand_the_end_of_input_or_ctrl_c_ends_all(number: signal.Signals | None) -> None:
    leader, directory = by_hand("aiosmtpd")
    process = recorded(directory, "aiosmtpd")
    if number is None:
        leader.communicate(timeout=LIMIT)
    else:
        with leader:
            leader.send_signal(number)
    assert leader.returncode == (130 if number else 0)
    assert not process.alive
    assert not directory.exists()


def test_a_server_that_ends_while_starting_tells_its_last_words(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one gets one port of the three that it wants."""
    spec = Spec("broken", Kind.PYTHON, {"smtp": Speaks.GREETING})
    monkeypatch.setitem(SERVERS, "broken", spec)
    with pytest.raises(Unavailable, match=r"^broken: it ended while starting: KeyError: 'PORT_TLS"):
        farm.start("broken")


def test_why_a_server_cannot_be_had_is_found_out_once(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def failing(spec: Spec) -> Path:
        tries.append(spec.name)
        raise Unavailable("no network")

    monkeypatch.setattr("tests.servers.farm.fetched", failing)
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"^aiosmtpd: no network$"):
            farm.start("aiosmtpd")
    assert tries == ["aiosmtpd"]


def test_a_boxed_server_needs_root(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match=r"^exim: root is needed, for private mounts$"):
        farm.start("exim")


def test_the_cache_may_not_lie_where_a_box_mounts(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPWIRE_SERVERS_CACHE", "/var/tmp/servers")
    with pytest.raises(Unavailable, match="cannot lie in /var/tmp/servers"):
        fetched(SERVERS["exim"])


@pytest.mark.parametrize(
    ("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_a_server_that_cannot_be_had_skips_or_fails_the_test(
    farm: Farm,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
    required: str,
    outcome: type[BaseException],
) -> None:
    def unavailable(_farm: Farm, name: str) -> None:
        raise Unavailable(f"{name}: no network")

    monkeypatch.setattr(Farm, "start", unavailable)
    monkeypatch.setenv("SMTPWIRE_REQUIRE_SERVERS", required)
    with pytest.raises(outcome, match="exim: no network"):
        fixtures._server(pytestconfig, "exim")


def test_free_ports_are_different_and_unused() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(taken(port) or served(port, Speaks.OTHER) for port in ports)


def test_a_process_is_known_by_its_start_time_too() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    process = Process.of(child.pid)
    assert not Process(child.pid, process.started + "0").alive
    assert not process.wait(0)
    assert process.alive
    process.kill()
    assert process.wait(0)
    child.wait()
    assert child.stdin
    child.stdin.close()
