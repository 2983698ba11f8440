"""What a caller may ask of a connection: servers, names, TLS, login, limits, protocol shape.

Values only, shared by everything above the drivers; `smtpwire.net` is given what it needs of them.
"""

from __future__ import annotations

from smtpwire.core.session import Login, SessionOptions, TLSMode
from smtpwire.net.tls import TLSSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


__all__ = [
    "ClientSettings",
    "Login",
    "Server",
    "TLSMode",
    "TLSSettings",
    "endpoint",
    "session_options",
]


def endpoint(host: str, port: int) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Server(NamedTuple):
    """One server to try."""

    host: str
    """A name, an IPv4 or an IPv6 address, without brackets."""
    port: int
    tls_on_connect: bool = False


class ClientSettings(NamedTuple):
    """All that decides how a connection is made and what is said on it."""

    servers: tuple[Server, ...]
    helo: str | None = None
    """The name for EHLO; None to find the host's own."""
    tls: TLSMode = TLSMode.NONE
    tls_settings: TLSSettings = TLSSettings()
    login: Login | None = None
    timeout: float | None = None
    """Seconds that no phase may exceed; None for the limits of RFC 5321 section 4.5.3.2."""
    connect_timeout: float = 30.0
    """Seconds for each address."""
    pipelining: bool = True
    chunking: bool = True
    chunk_size: int | None = None
    """Octets a BDAT chunk; None for one chunk a message."""
    no_wait: bool = False
    """Bodies follow their envelope before it is answered."""
    declare_size: bool = True
    """SIZE= on MAIL, and no message larger than the server's limit is begun."""
    require_all: bool = False
    """One refused recipient aborts the message (`-a`)."""
    send_anyway: bool = False
    """The content is attempted even when every recipient was refused (`-c`)."""
    force: bool = False
    """Send what needs an extension that is not offered."""
    trace: bool = False
    """Report every line said and heard to the observer."""


def session_options(
    client: ClientSettings,
    server: Server,
    *,
    helo: str,
    clear: bool,
    loopback: bool,
    chunking: bool,
) -> SessionOptions:
    """Return what is to be done on one connection.

    Args:
        client: what was asked for.
        server: whom it leads to.
        helo: the name for EHLO.
        clear: TLS was tried with this server, and is not to be tried again.
        loopback: nothing said on it leaves the machine.
        chunking: BDAT may be used, by what is known of the server.
    """
    return SessionOptions(
        helo=helo,
        tls=TLSMode.NONE if clear else client.tls,
        secured=server.tls_on_connect,
        loopback=loopback,
        login=client.login,
        pipelining=client.pipelining,
        chunking=chunking,
        chunk_size=client.chunk_size,
        no_wait=client.no_wait,
        declare_size=client.declare_size,
        require_all=client.require_all,
        send_anyway=client.send_anyway,
        force=client.force,
        trace=client.trace,
    )
