"""A web server on loopback that has the MTA-STS policies of domains."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from tests.scripted.certificates import authority

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

PATH = "/.well-known/mta-sts.txt"


class Page(NamedTuple):
    """What is answered."""

    body: bytes
    status: int = 200
    media: str = "text/plain"
    location: str = ""
    missing: int = 0
    """Octets of `body` that are announced and never come."""
    announced: bool = True
    """Content-Length says how many there are; else the end of the connection does."""
    goodbye: bool = True
    """TLS is ended by the book (RFC 8446 section 6.1)."""


class PolicyHost:
    """The policy hosts of all domains, at one port of 127.0.0.1.

    Attributes:
        pages: by the name of the policy host.
        requests: the names that were asked for, in order.
        certificate_for: the names that a certificate is issued for, given the name asked for.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[str] = []
        self.certificate_for: Callable[[str], str] = str
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.host = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    host: PolicyHost
    daemon_threads = True

    def finish_request(  # type: ignore[override]  # its requests are these
        self, request: socket.socket, client_address: object
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_servername_callback(self._named)
        authority().issue_cert("nobody.example").configure_cert(context)
        try:
            with context.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)
        except OSError:
            return  # the client did not like the certificate

    def _named(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: object
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(self.host.certificate_for(name or "")).configure_cert(context)
        connection.context = context


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        host = self.headers["Host"].partition(":")[0]
        self.server.host.requests.append(host)
        page = self.server.host.pages.get(host, Page(b"nothing here\n", 404))
        if self.path != PATH:
            page = Page(b"nothing here\n", 404)
        self.send_response(page.status)
        if page.media:
            self.send_header("Content-Type", page.media)
        if page.announced:
            self.send_header("Content-Length", str(len(page.body)))
        if page.location:
            self.send_header("Location", page.location)
        self.end_headers()
        self.wfile.write(page.body[: len(page.body) - page.missing])
        if page.goodbye:
            self.connection.settimeout(0)
            with suppress(OSError):  # it does not wait for the client's own
                self.connection.unwrap()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""
