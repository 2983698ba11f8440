"""From a server's name to a connected socket, for asyncio: every address once, in their order.

The rules are those of `smtpwire.net.dial`: the next address is tried on a failure to connect and
on nothing else (RFC 5321 section 5.1), and the resolver, which can be neither interrupted nor given
a limit, is asked in a thread that nobody has to wait for.
"""

from __future__ import annotations

import asyncio
import os
import socket

from smtpwire.errors import ConnectError
from smtpwire.net.dial import Endpoint, ascii_host, endpoints_of, no_address, no_connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


async def look_up(host: str, port: int, *, seconds: float) -> list[Endpoint]:
    """Look up the addresses of a server.

    Args:
        host: a name (non-ASCII ones are looked up as A-labels) or an address.
        port: TCP port.
        seconds: for the look-up.

    Raises:
        HostNotFound: the name does not exist.
        ConnectError: the name cannot be looked up now.
    """
    name = ascii_host(host)
    kind = socket.SOCK_STREAM
    try:
        try:
            found = socket.getaddrinfo(name, port, type=kind, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(seconds):
                found = await loop.getaddrinfo(name, port, type=kind)
    except TimeoutError:
        raise no_address(OSError(f"no answer within {seconds:g} seconds")) from None
    except OSError as error:
        raise no_address(error) from error
    return endpoints_of(found)


async def connect(
    endpoints: list[Endpoint], *, seconds: float, trying: Callable[[Endpoint], None]
) -> tuple[socket.socket, Endpoint]:
    """Connect to the first endpoint that answers.

    Args:
        endpoints: tried in order, each once.
        seconds: for each endpoint.
        trying: told of each attempt.

    Returns:
        A non-blocking socket without Nagle's delay, and whom it is connected to.

    Raises:
        ConnectError: none answered; the text is about the last one.
    """
    failure = ConnectError("no address")
    for endpoint in endpoints:
        trying(endpoint)
        try:
            return await _attempt(endpoint, seconds), endpoint
        except OSError as error:
            # asyncio puts the address in place of the reason; its own time limit has no number.
            reason = f"no answer within {seconds:g} seconds"
            if error.errno is not None:
                reason = os.strerror(error.errno)
            failure = no_connection(endpoint, reason)
    raise failure


async def _attempt(endpoint: Endpoint, seconds: float) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, endpoint.address)
    except BaseException:
        sock.close()
        raise
    return sock
