"""From a server's name to a connected socket: every address once, in the resolver's order.

The next address is tried on a failure to connect and on nothing else (RFC 5321 section 5.1).
"""

from __future__ import annotations

import _socket
import os
from errno import EINPROGRESS
from time import monotonic

from smtpwire.errors import ConnectError, HostNotFound
from smtpwire.net.poll import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.errors import SMTPError
    from smtpwire.net.poll import Poller
else:
    from smtpwire.record import NamedTuple

_NO_SUCH_NAME = frozenset({_socket.EAI_NONAME, getattr(_socket, "EAI_NODATA", _socket.EAI_NONAME)})


class Endpoint(NamedTuple):
    """One address of a server."""

    family: int
    address: tuple[object, ...]
    """As the socket calls want it."""

    @property
    def host(self) -> str:
        """The numeric address."""
        return str(self.address[0])

    @property
    def loopback(self) -> bool:
        """Whether nothing sent there leaves the machine (RFC 1122 section 3.2.1.3, RFC 4291)."""
        return self.host.startswith("127.") or self.host == "::1"


def resolve(host: str, port: int) -> list[Endpoint]:
    """Look up the addresses of a server.

    Args:
        host: a name (non-ASCII ones are looked up as A-labels) or an address.
        port: TCP port.

    Raises:
        HostNotFound: the name does not exist.
        ConnectError: the name cannot be looked up now.
    """
    try:
        # As octets: a str would go through the idna codec and its imports.
        found = _socket.getaddrinfo(ascii_host(host), port, 0, _socket.SOCK_STREAM)
    except _socket.gaierror as error:
        reason = str(error.strerror or error).lower()
        if error.errno in _NO_SUCH_NAME:
            raise HostNotFound(f"no such host ({reason})") from error
        raise ConnectError(f"cannot look up the host now ({reason})") from error
    endpoints = dict.fromkeys(Endpoint(family, address) for family, _, _, _, address in found)
    return list(endpoints)


def ascii_host(host: str) -> bytes:
    """A host name as the resolver and TLS want it.

    Raises:
        HostNotFound: it is not ASCII and has no A-label form (RFC 5891).
    """
    if host.isascii():
        return host.encode("ascii")
    import idna

    try:
        return idna.encode(host)
    except idna.IDNAError as error:
        raise HostNotFound(f"not a valid international domain name: {error}") from error


def connect(
    endpoints: list[Endpoint],
    poller: Poller,
    *,
    seconds: float,
    interrupted: Callable[[], SMTPError | None],
    trying: Callable[[Endpoint], None],
) -> tuple[_socket.socket, Endpoint]:
    """Connect to the first endpoint that answers.

    Args:
        endpoints: tried in order, each once.
        poller: waits.
        seconds: for each endpoint.
        interrupted: why to give up, once that is so.
        trying: told of each attempt.

    Returns:
        A non-blocking socket without Nagle's delay, and whom it is connected to.

    Raises:
        ConnectError: none answered; the text is about the last one.
        Interrupted: as `interrupted` said.
    """
    failure = ConnectError("no address")
    for endpoint in endpoints:
        trying(endpoint)
        try:
            sock = _socket.socket(endpoint.family, _socket.SOCK_STREAM)
        except OSError as error:
            failure = _failed(endpoint, error.strerror or str(error))
            continue
        try:
            reason = _attempt(sock, endpoint, poller, seconds, interrupted)
        except BaseException:
            sock.close()
            raise
        if reason is None:
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            return sock, endpoint
        sock.close()
        failure = _failed(endpoint, reason)
    raise failure


def _failed(endpoint: Endpoint, reason: str) -> ConnectError:
    return ConnectError(f"cannot connect to {endpoint.host}: {reason.lower()}")


def _attempt(
    sock: _socket.socket,
    endpoint: Endpoint,
    poller: Poller,
    seconds: float,
    interrupted: Callable[[], SMTPError | None],
) -> str | None:
    """Connect; the reason if that fails."""
    sock.setblocking(False)
    code = sock.connect_ex(endpoint.address)
    deadline = monotonic() + seconds
    try:
        while code == EINPROGRESS:
            if poller.wait(sock.fileno(), WRITE, deadline):
                code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            elif (stop := interrupted()) is not None:
                raise stop
            elif monotonic() >= deadline:
                return f"no answer within {seconds:g} seconds"
    finally:
        poller.forget()
    return os.strerror(code) if code else None
