"""What a caller may ask of a connection: servers, names, TLS, login, limits, protocol shape.

Values only, shared by everything above the drivers; `smtpwire.net` is given what it needs of them.
"""

from __future__ import annotations

from smtpwire.core.session import Login, TLSMode
from smtpwire.net.tls import TLSSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


__all__ = [
    "ClientSettings",
    "DNSServer",
    "Discovery",
    "Login",
    "Server",
    "TLSMode",
    "TLSSettings",
    "endpoint",
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
    domain: str = ""
    """The domain whose mail it takes, where that was named and not the server (`Discovery.mx`)."""


class DNSServer(NamedTuple):
    """A DNS server to ask."""

    address: str
    """IPv4 or IPv6."""
    port: int = 53
    tls_name: str = ""
    """Given, it is asked by TLS (RFC 7858), and its certificate has to be for this name."""


class Discovery(NamedTuple):
    """What is looked up about servers before they are connected to, beyond their addresses."""

    mx: bool = False
    """The servers named are domains: their MX sets are meant (RFC 5321 section 5.1)."""
    dane: bool = False
    """A server with TLSA records proves to be who it is by them (RFC 7672)."""
    mta_sts: bool = False
    """The policies of domains hold (RFC 8461); of use with `mx`."""
    resolver: DNSServer | None = None
    """The DNS server to ask, for addresses too; None for those of the system."""
    policy_port: int = 443
    """Of the hosts that have MTA-STS policies."""
    policy_cache: str | None = None
    """The directory in which MTA-STS policies are kept; None to keep none."""


class ClientSettings(NamedTuple):
    """All that decides how a connection is made and what is said on it."""

    servers: tuple[Server, ...]
    helo: str | None = None
    """The name for EHLO; None to find the host's own."""
    tls: TLSMode = TLSMode.NONE
    tls_settings: TLSSettings = TLSSettings()
    discovery: Discovery | None = None
    """None: servers are named, and looked up as the system does it."""
    require_tls_onward: bool = False
    """No server on the way may pass a message on without TLS (REQUIRETLS, RFC 8689).  To be used
    with `tls` required, and with `TLSSettings.verify`, unless DANE is sure to apply."""
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
