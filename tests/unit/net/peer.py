"""The server's end of a socket pair, in the test's own hands: nothing happens but what it does."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from tests.scripted.certificates import authority, server_context

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20


class Peer:
    """The other end."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.ended = False
        """The client has closed the connection."""
        self.close_notify = False
        """The client has ended TLS by the book."""
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    def say(self, *lines: str | bytes) -> None:
        """Send octets as they are, and text as lines."""
        for line in lines:
            data = line if isinstance(line, bytes) else line.encode() + b"\r\n"
            if self._tls is None:
                self.sock.sendall(data)
            else:
                self._tls.write(data)
                self.sock.sendall(self._outgoing.read())

    def hear(self) -> bytes:
        """All that the client has said since the last call."""
        data = self._receive()
        if self._tls is None:
            return data
        self._incoming.write(data)
        plain = bytearray()
        try:
            while piece := self._tls.read(_BLOCK):
                plain += piece
        except ssl.SSLError:  # there is no more now, or an alert behind it
            return bytes(plain)
        self.close_notify = True
        return bytes(plain)

    def _receive(self) -> bytes:
        data = bytearray()
        try:
            while piece := self.sock.recv(_BLOCK):
                data += piece
        except BlockingIOError:
            return bytes(data)
        except ConnectionError:
            pass
        self.ended = True
        return bytes(data)

    def shake(
        self,
        certificate: str = "right",
        maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> Iterator[float]:
        """Do the server's side of a TLS handshake; the client is due at each step."""
        tls = server_context(certificate, maximum=maximum).wrap_bio(
            self._incoming, self._outgoing, server_side=True
        )
        while True:
            self._incoming.write(self._receive())
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self.sock.sendall(self._outgoing.read())
                yield 1
            else:
                break
        self.sock.sendall(self._outgoing.read())
        self._tls = tls

    def encrypt(self, data: bytes) -> bytes:
        """The TLS record of `data`, not sent."""
        assert self._tls is not None
        self._tls.write(data)
        return self._outgoing.read()

    def unwrap(self) -> None:
        """Send close_notify."""
        assert self._tls is not None
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.sock.sendall(self._outgoing.read())

    def finish(self) -> None:
        """End this side (FIN)."""
        self.sock.shutdown(socket.SHUT_WR)

    def vanish(self) -> None:
        """Close both sides."""
        self.sock.close()


def client_context() -> ssl.SSLContext:
    """A context that trusts the server of `Peer.shake`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context
