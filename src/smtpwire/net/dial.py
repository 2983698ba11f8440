"""From a server's name to a connected socket: every address once, in the resolver's order.

The next address is tried on a failure to connect and on nothing else (RFC 5321 section 5.1).  The
look-up is made in a thread: the system's resolver can be neither interrupted nor given a limit.
"""

from __future__ import annotations

import _socket
import os
from errno import EINPROGRESS
from time import monotonic

from smtpwire.core.address import parse_domain
from smtpwire.errors import ConnectError, HostNotFound, InvalidAddress
from smtpwire.net.poll import READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple, TypeAlias

    from smtpwire.net.poll import Interruption, Poller

    Found: TypeAlias = list[tuple[int, int, int, str, Any]]
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
        """Whether nothing sent there leaves the machine.

        RFC 1122 section 3.2.1.3 for IPv4, RFC 4291 section 2.5.3 for IPv6.
        """
        return self.host.startswith("127.") or self.host == "::1"


def resolve(
    host: str, port: int, poller: Poller, *, seconds: float, stop: Interruption
) -> list[Endpoint]:
    """Look up the addresses of a server.

    Args:
        host: a name (non-ASCII ones are looked up as A-labels) or an address.
        port: TCP port.
        poller: waits.
        seconds: for the look-up.
        stop: whether to give up.

    Raises:
        HostNotFound: the name does not exist.
        ConnectError: the name cannot be looked up now.
        Interrupted: as `stop` said.
    """
    name = ascii_host(host)
    try:
        try:
            found = _addresses(name, port, _socket.AI_NUMERICHOST)
        except _socket.gaierror:
            found = _look_up(name, port, poller, seconds, stop)
    except OSError as error:
        reason = str(error.strerror or error).lower()
        if error.errno in _NO_SUCH_NAME:
            raise HostNotFound(f"no such host ({reason})") from error
        raise ConnectError(f"cannot look up the host now ({reason})") from error
    return list(dict.fromkeys(Endpoint(family, address) for family, _, _, _, address in found))


def ascii_host(host: str) -> bytes:
    """A host name as the resolver wants it; as octets it does not go through Python's idna codec.

    Raises:
        HostNotFound: it is not ASCII and has no A-label form (RFC 5891 section 4.4).
    """
    try:
        return (host if host.isascii() else parse_domain(host)).encode("ascii")
    except InvalidAddress as error:
        raise HostNotFound(f"no such host: {error}") from error


def _addresses(name: bytes, port: int, flags: int = 0) -> Found:
    return _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM, 0, flags)


def _look_up(name: bytes, port: int, poller: Poller, seconds: float, stop: Interruption) -> Found:
    """Ask the resolver, in a thread that is left to itself when nobody waits for it any more."""
    import _thread

    answers: list[Found | OSError] = []
    done, bell = os.pipe()

    def ask() -> None:
        try:
            answers.append(_addresses(name, port))
        except OSError as error:
            answers.append(error)
        finally:
            os.close(bell)

    _thread.start_new_thread(ask, ())
    deadline = monotonic() + seconds
    try:
        while not poller.wait(done, READ, deadline):
            if (error := stop.error()) is not None:
                raise error
            if monotonic() >= deadline:
                raise OSError(f"no answer within {seconds:g} seconds")
    finally:
        poller.forget()
        os.close(done)
    answer = answers[0]
    if isinstance(answer, OSError):
        raise answer
    return answer


def connect(
    endpoints: list[Endpoint],
    poller: Poller,
    *,
    seconds: float,
    stop: Interruption,
    trying: Callable[[Endpoint], None],
) -> tuple[_socket.socket, Endpoint]:
    """Connect to the first endpoint that answers.

    Args:
        endpoints: tried in order, each once.
        poller: waits.
        seconds: for each endpoint.
        stop: whether to give up.
        trying: told of each attempt.

    Returns:
        A non-blocking socket without Nagle's delay, and whom it is connected to.

    Raises:
        ConnectError: none answered; the text is about the last one.
        Interrupted: as `stop` said.
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
            reason = _attempt(sock, endpoint, poller, seconds, stop)
        except BaseException:
            sock.close()
            raise
        if reason is None:
            return sock, endpoint
        sock.close()
        failure = _failed(endpoint, reason)
    raise failure


def _failed(endpoint: Endpoint, reason: str) -> ConnectError:
    return ConnectError(f"cannot connect to {endpoint.host}: {reason.lower()}")


def _attempt(
    sock: _socket.socket, endpoint: Endpoint, poller: Poller, seconds: float, stop: Interruption
) -> str | None:
    """Connect; the reason if that fails."""
    sock.settimeout(0)
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    code = sock.connect_ex(endpoint.address)
    deadline = monotonic() + seconds
    try:
        while code == EINPROGRESS:
            if poller.wait(sock.fileno(), WRITE, deadline):
                code = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            elif (error := stop.error()) is not None:
                raise error
            elif monotonic() >= deadline:
                return f"no answer within {seconds:g} seconds"
    finally:
        poller.forget()
    return os.strerror(code) if code else None
