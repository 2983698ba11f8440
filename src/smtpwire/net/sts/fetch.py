"""Fetching a domain's MTA-STS policy from the web, with a certificate that is right (RFC 8461).

As section 3.3 has it: by HTTPS from `mta-sts.DOMAIN`, no redirect followed, text/plain and nothing
else, and no more octets than a policy can have.  It blocks: `smtpwire.net.aside` gives it a limit.
"""

from __future__ import annotations

import http.client
import socket

from smtpwire.errors import ConnectError
from smtpwire.net.tls import TLSSettings, make_context
from smtpwire.net.tlserror import tls_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

PATH = "/.well-known/mta-sts.txt"
LONGEST = 65_536
"""Octets of a policy."""
SECONDS = 60.0
"""For the whole of it."""


def policy_host(domain: str) -> str:
    """The host that has the policy of a domain."""
    return f"mta-sts.{domain}"


def fetch(domain: str, addresses: Sequence[str], port: int, ca_file: str | None) -> bytes:
    """Fetch the policy of a domain.

    Args:
        domain: in ASCII, without a final dot.
        addresses: of its policy host, tried in order.
        port: 443, but for tests.
        ca_file: whom to trust in place of the system's CAs.

    Returns:
        What was found, unread.

    Raises:
        TLSError: the policy host is not who it should be, or the handshake broke.
        ConnectError: otherwise there is no policy to be had.
    """
    host = policy_host(domain)
    context = make_context(TLSSettings(verify=True, ca_file=ca_file))
    sock = _connect(addresses, port)
    with _shaken(sock, context, host) as connection:
        web = http.client.HTTPSConnection(host, port, context=context)
        web.sock = connection
        try:
            web.request("GET", PATH, headers={"User-Agent": "smtpwire"})
            response = web.getresponse()
            body = response.read(LONGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise ConnectError(f"{host} gave no answer ({type(error).__name__})") from error
        finally:
            web.close()
    if response.status != http.client.OK:
        raise ConnectError(f"{host} answered {response.status}, and only 200 counts")
    media = response.headers.get_content_type()
    if media != "text/plain":
        raise ConnectError(f"what {host} has is not text/plain")
    if len(body) > LONGEST:
        raise ConnectError(f"what {host} has is more than {LONGEST} octets")
    return body


def _connect(addresses: Sequence[str], port: int) -> socket.socket:
    failure = ConnectError("the policy host has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=SECONDS)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            failure = ConnectError(f"cannot connect to the policy host [{address}]: {reason}")
    raise failure


def _shaken(sock: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    connection = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        connection.do_handshake()
    except OSError as error:
        failure = tls_error(error, host, connection)
        connection.close()
        raise failure from error
    return connection
