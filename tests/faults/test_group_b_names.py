"""Group B of the faults, its end: the name that is given in EHLO, and whose it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, submit, succeeded
from tests.faults.talk import MESSAGE
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

NO_NAMES = [
    *("x\r\nMAIL FROM:<a@b>", "x\n", "\rx", "x\ty", "x y", "x\x7f", "x\x01", "x\x9b", "", " "),
    *("x>", "a..b", "-x", "[127.0.0.1", "[127.0.0.1]\r\n", "[300.0.0.1]", "x\u2028y", "\udcff"),
]


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_fault_047_what_is_no_name_never_reaches_a_server(start: Start, name: str) -> None:
    server = start(ModelServer())
    assert "-H" in failure(submit(server, "-H", name), 64)
    assert server.connections == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("client.example", "client.example"),
        ("client", "client"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_fault_048_a_name_is_said_as_it_is_given_but_in_ascii(
    start: Start, given: str, said: str
) -> None:
    server = start(ModelServer())
    assert succeeded(submit(server, "-H", given))
    assert server.connections[0].commands[0] == f"EHLO {said}"


HOST = """
import builtins, io, os, time
import _socket

system = os.uname()
os.uname = lambda: os.uname_result((system.sysname, {node!r}, *system[2:]))

open_file, look_up = open, _socket.getaddrinfo

def open(file, *args, **kwargs):
    if file == "/etc/hosts":
        return io.StringIO({hosts!r})
    return open_file(file, *args, **kwargs)

def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if flags & _socket.AI_CANONNAME:
        {resolver}
    return look_up(host, port, family, type, proto, flags)

builtins.open, _socket.getaddrinfo = open, getaddrinfo
"""
"""Python on a host of another name, with another table of hosts, and with another resolver."""

SILENT = "time.sleep(3600)"
IGNORANT = "raise _socket.gaierror(_socket.EAI_NONAME, 'no such name')"


def answering(name: str) -> str:
    """A resolver that says that this is the name."""
    return f"return [(2, 1, 6, {name!r}, ('192.0.2.1', 0))]"


def name_said(server: ModelServer, directory: Path, node: str, hosts: str, resolver: str) -> str:
    """Submit a message from such a host; the argument of EHLO."""
    source = HOST.format(node=node, hosts=hosts, resolver=resolver)
    (directory / "sitecustomize.py").write_text(source, encoding="utf-8")
    environment = {"PYTHONPATH": str(directory)}
    done = run_smtp(server.address, "s@x", "r@x", stdin=MESSAGE, env=environment, timeout=20)
    assert succeeded(done), done
    return server.connections[0].commands[0].removeprefix("EHLO ")


@pytest.mark.parametrize(
    ("node", "hosts", "resolver", "said"),
    [
        ("mail.host.example", "", SILENT, "mail.host.example"),
        ("bücher.example", "", SILENT, "xn--bcher-kva.example"),
        ("host", "127.0.1.1 host mail.host.example\n", SILENT, "mail.host.example"),
        ("host", "", answering("mail.host.example"), "mail.host.example"),
        ("host", "", IGNORANT, "[127.0.0.1]"),
        ("host", "", SILENT, "[127.0.0.1]"),
        ("host", "127.0.1.1 host my_host.example\n", IGNORANT, "[127.0.0.1]"),
        ("host", "", answering("localhost.localdomain"), "[127.0.0.1]"),
        ("host", "", answering("x\r\nMAIL FROM:<a@b>.example"), "[127.0.0.1]"),
        ("localhost", "127.0.0.1 localhost\n", IGNORANT, "[127.0.0.1]"),
        ("my_host.example", "", IGNORANT, "[127.0.0.1]"),
        ("mail.example\r\nMAIL FROM:<a@b>", "", IGNORANT, "[127.0.0.1]"),
        ("", "", SILENT, "[127.0.0.1]"),
    ],
)
def test_fault_048_a_host_without_a_full_name_says_its_address(
    start: Start, tmp_path: Path, node: str, hosts: str, resolver: str, said: str
) -> None:
    """RFC 5321 section 4.1.4; and a resolver that is silent is not waited for to its end."""
    assert name_said(start(ModelServer()), tmp_path, node, hosts, resolver) == said


def test_fault_048_the_address_may_be_one_of_ipv6(start: Start, tmp_path: Path) -> None:
    try:
        server = start(ModelServer(ipv6=True))
    except OSError:
        pytest.skip("no IPv6 here")
    assert name_said(server, tmp_path, "host", "", IGNORANT) == "[IPv6:::1]"


def test_fault_048_this_host_says_a_full_name_or_its_address(start: Start) -> None:
    server = start(ModelServer())
    assert succeeded(submit(server))
    name = server.connections[0].commands[0].removeprefix("EHLO ")
    assert name == "[127.0.0.1]" or re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name)
    assert "localhost" not in name.split(".")
