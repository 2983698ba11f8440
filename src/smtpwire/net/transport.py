"""The seam between the driver and the operating system: octets, without a clock and without SMTP.

Everything is non-blocking.  `None` means "not now"; b"" from `recv` is the end of what the peer
sends; errors are `OSError`s, `ssl.SSLError` among them.

`_socket` is what `socket` wraps; importing the wrapper costs 4 ms of a start that takes about 20.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    import ssl
    from collections.abc import Iterator, Sequence
    from typing import Protocol, TypeAlias

    Buffer: TypeAlias = bytes | memoryview

    class Transport(Protocol):
        """What a driver needs of a connection."""

        tls: bool
        """Whether what is said is said inside TLS."""

        deaf: bool
        """Whether nothing can be sent until something was read, however writable it looks."""

        def fileno(self) -> int:
            """The descriptor to poll."""
            ...

        def recv(self) -> bytes | None:
            """What can be read at once, up to some size."""
            ...

        def send(self, buffers: Sequence[Buffer]) -> int | None:
            """Hand over as many octets as fit now, and return how many.

            After None the next call must be given at least the same octets.  When it raises, the
            peer can read nothing of what this call was given.
            """

        def close(self) -> None:
            """Close at once."""


RECEIVE = 65_536
"""Octets read at a time."""
RECORD = 16_384
"""Octets of a full TLS record (RFC 8446 section 5.1)."""


class SocketTransport:
    """A connected stream socket."""

    tls = False
    deaf = False

    def __init__(self, sock: _socket.socket) -> None:
        self._sock = sock

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._sock.fileno()

    def recv(self) -> bytes | None:
        """What can be read at once."""
        try:
            return self._sock.recv(RECEIVE)
        except BlockingIOError:
            return None

    def send(self, buffers: Sequence[Buffer]) -> int | None:
        """Hand over as many octets as fit now."""
        try:
            return self._sock.sendmsg(buffers)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close at once."""
        self._sock.close()


class TLSTransport:
    """The same socket inside TLS; `handshake` comes first.

    A record at a time is read: then OpenSSL holds back nothing that polling the socket would not
    tell.  A record at a time is written too, though many a call, each full while there is enough:
    what did not fit is one record then, and of that the peer can read nothing.

    Args:
        sock: connected and non-blocking; taken over.
        context: what the connection must be.
        server_name: to ask for and, as `context` says, to verify.
    """

    tls = True

    def __init__(self, sock: _socket.socket, context: ssl.SSLContext, server_name: str) -> None:
        import socket
        import ssl

        self._want_read = ssl.SSLWantReadError
        self._want_write = ssl.SSLWantWriteError
        self._end_of_file = ssl.SSLEOFError
        plain = socket.socket(fileno=sock.detach())
        plain.settimeout(0)
        self.deaf = False
        self._failure: OSError | None = None
        self.connection: ssl.SSLSocket = context.wrap_socket(
            plain,
            server_hostname=server_name,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
        )

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self.connection.fileno()

    def handshake(self) -> str | None:
        """Go on with the handshake.

        Returns:
            None when it is done; "read" or "write" for what must be waited for.
        """
        try:
            self.connection.do_handshake()
        except self._want_read:
            return "read"
        except self._want_write:
            return "write"
        return None

    def recv(self) -> bytes | None:
        """What is in the next record.

        The end of the stream without close_notify counts as its end: whoever reads knows what a
        whole reply is, so nothing cut off passes for one (RFC 8446 section 6.1).
        """
        self.deaf = False
        try:
            return self.connection.recv(RECEIVE)
        except (self._want_read, self._want_write):
            return None
        except self._end_of_file:
            return b""

    def send(self, buffers: Sequence[Buffer]) -> int | None:
        """Hand over as many records as fit now."""
        if self._failure is not None:
            raise self._failure
        sent = 0
        try:
            for record in _records(buffers):
                sent += self.connection.send(record)
        except self._want_write:
            pass
        except self._want_read:
            # The server began a new handshake inside the old one (RFC 5246 section 7.4.1.1).
            self.deaf = True
        except OSError as error:
            if not sent:
                raise
            self._failure = error  # what was sent before it is sent, and is to be told first
        return sent or None

    def say_goodbye(self) -> None:
        """Send close_notify (RFC 8446 section 6.1), if that can be done at once."""
        try:
            self.connection.unwrap()
        except (OSError, ValueError):
            pass  # it would have to wait for the peer's own; nobody does

    def close(self) -> None:
        """Close at once."""
        self.connection.close()


def _records(buffers: Sequence[Buffer]) -> Iterator[Buffer]:
    """Cut the octets of the buffers into records, all of them full but the last.

    Only a record that lies in more than one buffer is put together; the others are not copied.
    """
    parts: list[Buffer] = []
    room = RECORD
    for buffer in buffers:
        view = memoryview(buffer)
        while len(view) >= room:
            parts.append(view[:room])
            yield _together(parts)
            view = view[room:]
            parts = []
            room = RECORD
        if view:
            parts.append(view)
            room -= len(view)
    if parts:
        yield _together(parts)


def _together(parts: list[Buffer]) -> Buffer:
    return parts[0] if len(parts) == 1 else b"".join(parts)
