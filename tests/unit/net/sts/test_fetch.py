"""Fetching a policy, from a web server on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import CertificateError, ConnectError, TLSError
from smtpwire.net.sts.fetch import LONGEST, fetch, policy_host
from tests.scripted import authority
from tests.trust.policyhost import Page, PolicyHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN = "example.org"
HOST = "mta-sts.example.org"
HERE = ["127.0.0.1"]


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def web() -> Iterator[PolicyHost]:
    host = PolicyHost()
    yield host
    host.stop()


def test_the_host_of_a_policy() -> None:
    assert policy_host(DOMAIN) == HOST


@pytest.mark.parametrize("media", ["text/plain", "Text/PLAIN ; charset=us-ascii"])
def test_it_is_fetched_by_name(web: PolicyHost, ca_file: Path, media: str) -> None:
    web.pages[HOST] = Page(b"policy", media=media)
    assert fetch(DOMAIN, HERE, web.port, str(ca_file)) == b"policy"
    assert web.requests == [HOST]


def test_an_end_by_the_book_is_one(web: PolicyHost, ca_file: Path) -> None:
    web.pages[HOST] = Page(b"policy", announced=False)
    assert fetch(DOMAIN, HERE, web.port, str(ca_file)) == b"policy"
    web.pages[HOST] = Page(b"policy", goodbye=False)
    assert fetch(DOMAIN, HERE, web.port, str(ca_file)) == b"policy", "Content-Length is enough"


def test_the_next_address_is_tried(web: PolicyHost, ca_file: Path) -> None:
    web.pages[HOST] = Page(b"policy")
    assert fetch(DOMAIN, ["127.0.0.2", *HERE], web.port, str(ca_file)) == b"policy"


@pytest.mark.parametrize("ends", [True, False], ids=["ends the connection", "is silent"])
def test_an_address_where_nobody_shakes_hands_does_not_hide_the_policy(
    web: PolicyHost, ca_file: Path, ends: bool
) -> None:
    web.pages[HOST] = Page(b"policy")
    with socket.create_server(("127.0.0.3", web.port)) as listener:

        def end() -> None:
            listener.accept()[0].close()

        thread = threading.Thread(target=end)
        if ends:
            thread.start()
        seconds = 60 if ends else 4
        found = fetch(DOMAIN, ["127.0.0.3", *HERE], web.port, str(ca_file), seconds)
        assert found == b"policy"
        if ends:
            thread.join()


def test_silence_has_a_limit(ca_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises((ConnectError, TLSError)):
            fetch(DOMAIN, [*HERE, *HERE], port, str(ca_file), 0.02)


def test_so_has_a_host_that_never_comes_to_an_end(ca_file: Path) -> None:
    """Each octet comes in time, and the last one never."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"\x16\x03\x03\x40\x00")
                while not left.wait(0.01):
                    connection.sendall(b"\x00")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(ConnectError, match=rf"{HOST} gave no answer within 0\.\d+ seconds"):
                fetch(DOMAIN, HERE, listener.getsockname()[1], str(ca_file), 0.2)
        finally:
            left.set()
            thread.join()


def test_the_longest_there_can_be(web: PolicyHost, ca_file: Path) -> None:
    web.pages[HOST] = Page(b"x" * LONGEST)
    assert len(fetch(DOMAIN, HERE, web.port, str(ca_file))) == LONGEST


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(b"x" * (LONGEST + 1)), "more than 65536 octets"),
        (Page(b"", 404), "answered 404"),
        (Page(b"", 302, location="/elsewhere"), "answered 302"),
        (Page(b"", 204), "answered 204"),
        (Page(b"x", media="text/html"), "not text/plain"),
        (Page(b"x", media="text/plainer"), "not text/plain"),
        (Page(b"x", media="text"), "not text/plain"),
        (Page(b"x", media=""), "not text/plain"),
        (Page(b"policy", missing=1), "ends before it should"),
        (Page(b"policy", missing=6), "ends before it should"),
        (Page(b"policy", missing=1, goodbye=False), "gave no answer"),
        (Page(b"policy", announced=False, goodbye=False), "gave no answer"),
    ],
)
def test_what_does_not_count(web: PolicyHost, ca_file: Path, page: Page, reason: str) -> None:
    web.pages[HOST] = page
    with pytest.raises(ConnectError, match=reason):
        fetch(DOMAIN, HERE, web.port, str(ca_file))


def test_a_certificate_for_another_name(web: PolicyHost, ca_file: Path) -> None:
    web.certificate_for = lambda _name: "elsewhere.example"
    with pytest.raises(CertificateError, match=r"it is not for mta-sts\.example\.org"):
        fetch(DOMAIN, HERE, web.port, str(ca_file))
    assert web.requests == []


def test_the_systems_authorities_do_not_include_the_tests(web: PolicyHost) -> None:
    with pytest.raises(CertificateError):
        fetch(DOMAIN, HERE, web.port, None)


@pytest.mark.parametrize("addresses", [[], ["127.0.0.2"]])
def test_nobody_there(web: PolicyHost, ca_file: Path, addresses: list[str]) -> None:
    with pytest.raises(ConnectError, match="the policy host"):
        fetch(DOMAIN, addresses, web.port, str(ca_file))


def test_what_is_not_tls(ca_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TLSError, match="what the server sent is not TLS"):
            fetch(DOMAIN, HERE, listener.getsockname()[1], str(ca_file))
        thread.join()


def test_a_connection_that_ended_before_tls_could_take_it(
    web: PolicyHost, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ssl` looks at the socket when it is given it, and may find that nobody is there."""

    def refuse(_self: ssl.SSLContext, _sock: socket.socket, **_how: object) -> ssl.SSLSocket:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with pytest.raises(TLSError, match="the server ended the connection"):
        fetch(DOMAIN, HERE, web.port, str(ca_file))


def test_an_answer_that_is_not_http(web: PolicyHost, ca_file: Path) -> None:
    web.pages[HOST] = Page(b"", media="text/plain\r\n\r\n", status=999_999)
    with pytest.raises(ConnectError, match=f"{HOST} gave no answer"):
        fetch(DOMAIN, HERE, web.port, str(ca_file))
