"""The name for EHLO, without asking what this machine is called."""

from __future__ import annotations

import _thread
import socket
from typing import NoReturn

import pytest

from smtpwire.core.address import parse_domain
from smtpwire.net import hostname
from smtpwire.net.hostname import (
    HostName,
    address_literal,
    canonical_name,
    find_host_name,
    full_name,
    name_in_hosts,
)


def must_not_be_asked(node: str) -> NoReturn:
    raise AssertionError(f"{node} was looked up")


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("mail.example", "mail.example"),
        ("Mail.Example.", "Mail.Example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("1.mail.example", "1.mail.example"),
    ],
)
def test_a_full_name(name: str, full: str) -> None:
    assert full_name(name) == full


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "vm",
        "vm.",
        "localhost",
        "localhost.localdomain",
        "vm.LOCALHOST",
        "my_host.example",
        "192.0.2.1",
        "a..b",
        "-x.example",
        "☃.example",
        "x y.example",
        "x.example\r\nMAIL",
        "x" * 64 + ".example",
    ],
)
def test_not_a_full_name(name: str) -> None:
    assert full_name(name) is None


@pytest.mark.parametrize(
    ("lines", "full"),
    [
        (["127.0.0.1 localhost\n", "127.0.1.1\tvm.example.org vm\n"], "vm.example.org"),
        (["127.0.1.1 vm vm.example.org\n"], "vm.example.org"),
        (["127.0.1.1 VM.Example.Org VM\n"], "VM.Example.Org"),
        (["127.0.0.1 localhost vm\n", "::1 vm.example.org vm\n"], "vm.example.org"),
        (["10.0.0.1 vm.example.org # vm\n"], None),
        (["# 10.0.0.1 vm.example.org vm\n"], None),
        (["127.0.0.1 localhost.localdomain localhost vm\n"], None),
        (["10.0.0.1 vmx.example.org vmx\n", "\n", "vm\n"], None),
        ([], None),
    ],
)
def test_the_name_in_a_hosts_file(lines: list[str], full: str | None) -> None:
    assert name_in_hosts(lines, "vm") == full


@pytest.mark.parametrize(
    ("address", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),
        ("::1", "[IPv6:::1]"),
        ("", "[127.0.0.1]"),
    ],
)
def test_the_literal_of_an_address(address: str, literal: str) -> None:
    assert address_literal(address) == literal
    assert parse_domain(literal) == literal


def test_a_node_with_a_full_name_needs_nothing_else() -> None:
    host = HostName("mail.example", (), must_not_be_asked)
    assert host.name("192.0.2.1") == "mail.example"


def test_a_name_in_the_hosts_file_needs_no_look_up() -> None:
    host = HostName("vm", ["127.0.1.1 vm.example.org vm"], must_not_be_asked)
    assert host.name("192.0.2.1") == "vm.example.org"


def test_a_name_that_has_to_be_looked_up_is_waited_for() -> None:
    asked = []
    gate = _thread.allocate_lock()
    gate.acquire()

    def look_up(node: str) -> str:
        asked.append(node)
        gate.acquire()
        return "vm.example.org"

    host = HostName("vm", (), look_up, patience=60)
    gate.release()
    assert host.name("192.0.2.1") == "vm.example.org"
    assert host.name("192.0.2.1") == "vm.example.org"
    assert asked == ["vm"]


@pytest.mark.parametrize("found", ["vm", "localhost", "my_host.example"])
def test_a_look_up_that_finds_no_full_name(found: str) -> None:
    assert HostName("vm", (), lambda _: found, patience=60).name("192.0.2.1") == "[192.0.2.1]"


@pytest.mark.parametrize("error", [OSError(-2, "Name or service not known"), UnicodeError()])
def test_a_look_up_that_fails(error: Exception) -> None:
    def look_up(node: str) -> NoReturn:
        raise error

    assert HostName("vm", (), look_up, patience=60).name("::1") == "[IPv6:::1]"


def test_a_resolver_without_an_answer_is_waited_for_once_and_its_late_answer_is_used() -> None:
    gate = _thread.allocate_lock()
    gate.acquire()

    def look_up(node: str) -> str:
        gate.acquire()
        return f"{node}.example.org"

    host = HostName("vm", (), look_up, patience=0.01)
    assert host.name("192.0.2.1") == "[192.0.2.1]"
    looking_up = host._looking_up
    del host._looking_up  # whoever waits for it again fails
    assert host.name("192.0.2.2") == "[192.0.2.2]"
    host._looking_up = looking_up
    gate.release()
    assert looking_up.acquire(timeout=60)
    assert host.name("192.0.2.1") == "vm.example.org"


def test_a_system_without_a_node_name() -> None:
    assert HostName("", (), must_not_be_asked).name("192.0.2.1") == "[192.0.2.1]"


def test_the_resolver_is_asked_for_the_canonical_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import _socket

    def getaddrinfo(*arguments: object) -> list[tuple[object, ...]]:
        assert arguments == (b"vm", None, 0, socket.SOCK_STREAM, 0, socket.AI_CANONNAME)
        return [(2, 1, 6, "vm.example.org", ("192.0.2.1", 0))]

    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    assert canonical_name("vm") == "vm.example.org"


@pytest.mark.parametrize("hosts_file", ["/etc/hosts", "/nowhere/hosts"])
def test_this_machine_has_a_name_that_ehlo_takes(
    monkeypatch: pytest.MonkeyPatch, hosts_file: str
) -> None:
    """Whatever it is called, and without a resolver."""
    monkeypatch.setattr(hostname, "HOSTS_FILE", hosts_file)
    monkeypatch.setattr(hostname, "canonical_name", lambda node: node)
    name = find_host_name().name("127.0.0.1")
    assert parse_domain(name) == name
    assert "." in name
