"""DNS servers that are asked by TLS, and how they prove who they are."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

import dns.message
import dns.query
import pytest

from smtpwire.client import DNSServer
from smtpwire.errors import ConnectError
from smtpwire.net.lookup import Resolver
from tests.unit.net.memorytls import server_context

if TYPE_CHECKING:
    import ssl

    import trustme

NAME = "resolver.example"


class Encrypted:
    """Answers, by TLS, every question of one connection with its question alone."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        self._context = server_context(certificate)
        self._context.set_alpn_protocols(["dot"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        self.address = DNSServer(host, port, NAME)
        self.asked = 0
        self.protocol: str | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with plain:
                try:
                    with self._context.wrap_socket(plain, server_side=True) as connection:
                        self._answer(connection)
                except (OSError, EOFError):
                    pass  # the client left

    def _answer(self, connection: ssl.SSLSocket) -> None:
        self.protocol = connection.selected_alpn_protocol()
        while True:
            query, _ = dns.query.receive_tcp(connection)
            self.asked += 1
            answer = dns.message.make_response(query, recursion_available=True)
            dns.query.send_tcp(connection, answer)


def resolver(server: Encrypted, ca_file: str | None) -> Resolver:
    return Resolver(server.address, seconds=2, ca_file=ca_file)


def test_one_with_the_right_name_is_asked(ca: trustme.CA, ca_file: str) -> None:
    with Encrypted(ca.issue_cert(NAME)) as server:
        assert resolver(server, ca_file).ask("mail.example", "MX").records == ()
    assert (server.asked, server.protocol) == (1, "dot")


def test_one_without_it_is_not(ca: trustme.CA, ca_file: str) -> None:
    """A common name is no name (RFC 9525 section 2)."""
    for certificate in (ca.issue_cert("x.example"), ca.issue_cert(common_name=NAME)):
        with Encrypted(certificate) as server, pytest.raises(ConnectError):
            resolver(server, ca_file).ask("mail.example", "MX")
        assert server.asked == 0


def test_the_systems_authorities_do_not_include_the_tests(ca: trustme.CA) -> None:
    with Encrypted(ca.issue_cert(NAME)) as server, pytest.raises(ConnectError):
        resolver(server, None).ask("mail.example", "MX")
    assert server.asked == 0
