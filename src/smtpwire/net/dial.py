"""From a server's name to a connected socket: every address once, in the resolver's order.

The next address is tried on a failure to connect and on nothing else (RFC 5321 section 5.1).  The
look-up is made in a thread: the system's resolver can be neither interrupted nor given a limit.

Both are parties of the loop, so that connections that are there already go on meanwhile.  Whoever
asks is told by a call, which may come before the asking returns.
"""

from __future__ import annotations

import _socket
import os
from errno import EINPROGRESS
from functools import partial
from time import monotonic

from smtpwire.core.address import parse_domain
from smtpwire.errors import ConnectError, HostNotFound, InvalidAddress
from smtpwire.net.poll import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NamedTuple, TypeAlias

    from smtpwire.errors import SMTPError
    from smtpwire.net.loop import Loop

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


def look_up(
    loop: Loop,
    host: str,
    port: int,
    *,
    seconds: float,
    found: Callable[[list[Endpoint]], object],
    failed: Callable[[SMTPError], object],
) -> None:
    """Look up the addresses of a server.

    Args:
        loop: waits.
        host: a name (non-ASCII ones are looked up as A-labels) or an address.
        port: TCP port.
        seconds: for the look-up.
        found: told the addresses, each once.
        failed: told why there are none: HostNotFound where the name does not exist, ConnectError
            where it cannot be looked up now, or why the loop was interrupted.
    """
    try:
        name = ascii_host(host)
        try:
            answer = _addresses(name, port, _socket.AI_NUMERICHOST)
        except _socket.gaierror:
            from smtpwire.net.aside import aside

            late = no_address(OSError(f"no answer within {seconds:g} seconds"))
            ask = partial(_ask, name, port)
            aside(loop, ask, done=found, failed=failed, limit=(seconds, late))
            return
    except HostNotFound as error:
        failed(error)
    except OSError as error:
        failed(no_address(error))
    else:
        found(endpoints_of(answer))


def resolve(host: str, port: int, *, seconds: float) -> list[Endpoint]:
    """Look up the addresses of a server, for code that may block (`smtpwire.net.aside`).

    Args:
        host: a name or an address, as for `look_up`.
        port: TCP port.
        seconds: for the look-up.

    Raises:
        HostNotFound: the name does not exist.
        ConnectError: the name cannot be looked up now.
    """
    from smtpwire.net.aside import within

    try:
        return within(seconds, partial(_ask, ascii_host(host), port))
    except TimeoutError as error:
        raise no_address(error) from None


def endpoints(addresses: Iterable[str], port: int) -> list[Endpoint]:
    """Addresses that were looked up elsewhere, as `connect` wants them."""
    flags = _socket.AI_NUMERICHOST
    return endpoints_of(_addresses(a.encode("ascii"), port, flags)[0] for a in addresses)


def ascii_host(host: str) -> bytes:
    """A host name as the resolver wants it; as octets it does not go through Python's idna codec.

    Raises:
        HostNotFound: it is not ASCII and has no A-label form (RFC 5891 section 4.4).
    """
    try:
        return (host if host.isascii() else parse_domain(host)).encode("ascii")
    except InvalidAddress as error:
        raise HostNotFound(f"no such host: {error}") from error


def connect(
    loop: Loop,
    endpoints: list[Endpoint],
    *,
    seconds: float,
    trying: Callable[[Endpoint], object],
    reached: Callable[[_socket.socket, Endpoint], object],
    failed: Callable[[SMTPError], object],
) -> None:
    """Connect to the first endpoint that answers.

    Args:
        loop: waits.
        endpoints: tried in order, each once.
        seconds: for each endpoint.
        trying: told of each attempt.
        reached: given a non-blocking socket without Nagle's delay, and whom it is connected to.
        failed: told why none answered, a ConnectError about the last one; or why the loop was
            interrupted.
    """
    left = iter(endpoints)

    def go_on(failure: SMTPError) -> None:
        endpoint = next(left, None)
        if endpoint is None:
            failed(failure)
            return
        trying(endpoint)
        try:
            sock = _socket.socket(endpoint.family, _socket.SOCK_STREAM)
        except OSError as error:
            go_on(no_connection(endpoint, error.strerror or str(error)))
            return
        loop.add(_Attempt(sock, endpoint, seconds, reached, go_on, failed))

    go_on(ConnectError("no address"))


def _ask(name: bytes, port: int) -> list[Endpoint]:
    """Ask the system's resolver, for as long as it likes."""
    try:
        return endpoints_of(_addresses(name, port))
    except OSError as error:
        raise no_address(error) from error


def _addresses(name: bytes, port: int, flags: int = 0) -> Found:
    return _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM, 0, flags)


def endpoints_of(answer: Iterable[tuple[int, int, int, str, tuple[Any, ...]]]) -> list[Endpoint]:
    """Return each address of an answer of the resolver once, in its order."""
    return list(dict.fromkeys(Endpoint(family, address) for family, _, _, _, address in answer))


def no_address(error: OSError) -> ConnectError:
    """What it means that the resolver gives no addresses."""
    reason = str(error.strerror or error).lower()
    if error.errno in _NO_SUCH_NAME:
        return HostNotFound(f"no such host ({reason})")
    return ConnectError(f"cannot look up the host now ({reason})")


class _Attempt:
    """One endpoint that is being connected to."""

    events = WRITE
    pipe = None

    def __init__(
        self,
        sock: _socket.socket,
        endpoint: Endpoint,
        seconds: float,
        reached: Callable[[_socket.socket, Endpoint], object],
        go_on: Callable[[SMTPError], object],
        failed: Callable[[SMTPError], object],
    ) -> None:
        self._sock = sock
        self._endpoint = endpoint
        self._seconds = seconds
        self._reached = reached
        self._next = go_on
        self._failed = failed
        self._interrupted: SMTPError | None = None
        self._reason = ""
        self.deadline: float | None = monotonic() + seconds
        self.fd = sock.fileno()
        self.over = False

    def start(self) -> None:
        """Begin to connect."""
        self._sock.settimeout(0)
        self._sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._take(self._sock.connect_ex(self._endpoint.address))

    def _take(self, code: int) -> None:
        self.over = code != EINPROGRESS
        self._reason = os.strerror(code) if code else ""

    def ready(self, events: int) -> None:  # noqa: ARG002 - it is what was waited for
        """See what it came to."""
        self._take(self._sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR))

    def go_on(self) -> None:
        """There is nothing to do but to wait."""

    def late(self) -> None:
        """Wait no longer."""
        self._reason = f"no answer within {self._seconds:g} seconds"
        self.over = True

    def interrupt(self, error: SMTPError) -> None:
        """Wait no longer, and try nobody else."""
        self._interrupted = error
        self.over = True

    def close(self) -> None:
        """Give it up."""
        self._sock.close()

    def end(self) -> None:
        """Hand the socket over, or go on with the next endpoint."""
        if self._interrupted is not None:
            self.close()
            self._failed(self._interrupted)
        elif self._reason:
            self.close()
            self._next(no_connection(self._endpoint, self._reason))
        else:
            self._reached(self._sock, self._endpoint)


def no_connection(endpoint: Endpoint, reason: str) -> ConnectError:
    """What it means that an endpoint cannot be connected to."""
    return ConnectError(f"cannot connect to {endpoint.host}: {reason.lower()}")
