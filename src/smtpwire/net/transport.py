"""The seam between the driver and the operating system: octets, without a clock and without SMTP.

Everything is non-blocking.  `None` means "not now"; b"" from `recv` is the end of what the peer
sends; errors are `OSError`s, `ssl.SSLError` among them.

`_socket` is what `socket` wraps; importing the wrapper costs 4 ms of a start that takes about 20.
"""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from typing import Protocol, TypeAlias

    Buffer: TypeAlias = bytes | memoryview

    class Transport(Protocol):
        """What a driver needs of a connection."""

        def fileno(self) -> int:
            """The descriptor to poll."""

        def recv(self) -> bytes | None:
            """All that can be read at once, up to some size."""

        def send(self, buffers: Sequence[Buffer]) -> int | None:
            """Hand over as many octets as fit now, and return how many.

            When it raises, the peer can read nothing of what this call was given.
            """

        def close(self) -> None:
            """Close at once."""


RECEIVE = 65_536
"""Octets read at a time."""
RECORD = 16_384
"""Octets of a full TLS record (RFC 8446 section 5.1)."""


class SocketTransport:
    """A connected TCP or UNIX stream socket."""

    def __init__(self, sock: _socket.socket) -> None:
        self.sock = sock

    def fileno(self) -> int:
        return self.sock.fileno()

    def recv(self) -> bytes | None:
        try:
            return self.sock.recv(RECEIVE)
        except BlockingIOError:
            return None

    def send(self, buffers: Sequence[Buffer]) -> int | None:
        try:
            return self.sock.sendmsg(buffers)
        except BlockingIOError:
            return None

    def close(self) -> None:
        self.sock.close()


class TLSTransport:
    """The same socket inside TLS; `handshake` comes first."""

    def __init__(
        self, sock: _socket.socket, context: ssl.SSLContext, server_name: str | None
    ) -> None:
        import socket
        import ssl

        self._want_read = ssl.SSLWantReadError
        self._want_write = ssl.SSLWantWriteError
        self._eof = ssl.SSLEOFError
        timeout = sock.gettimeout()
        plain = socket.socket(fileno=sock.detach())
        plain.settimeout(timeout)
        self.sock = context.wrap_socket(
            plain,
            server_hostname=server_name,
            do_handshake_on_connect=False,
            # A connection cut off inside a reply must not look like its end.
            suppress_ragged_eofs=False,
        )

    def fileno(self) -> int:
        return self.sock.fileno()

    def handshake(self) -> str | None:
        """Go on with the handshake.

        Returns:
            None when it is done; "read" or "write" for what must be waited for.
        """
        try:
            self.sock.do_handshake()
        except self._want_read:
            return "read"
        except self._want_write:
            return "write"
        return None

    def recv(self) -> bytes | None:
        pieces = []
        try:
            while True:
                data = self.sock.recv(RECEIVE)
                if not data:
                    break
                pieces.append(data)
                if not self.sock.pending():
                    break
        except (self._want_read, self._want_write):
            return b"".join(pieces) or None
        except self._eof:
            pass
        return b"".join(pieces)

    def send(self, buffers: Sequence[Buffer]) -> int | None:
        first: Buffer = buffers[0]
        if len(buffers) > 1 and len(first) < RECORD:
            # One record instead of one for each line.
            first = b"".join(buffers)[:RECORD]
        try:
            return self.sock.send(first)
        except (self._want_read, self._want_write):
            return None

    def close(self) -> None:
        self.sock.close()
