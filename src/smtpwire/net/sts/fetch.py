"""Fetching a domain's MTA-STS policy from the web, with a certificate that is right (RFC 8461).

As section 3.3 has it: by HTTPS from `mta-sts.DOMAIN`, no redirect followed, text/plain and nothing
else, and no more octets than a policy can have.  One that is cut off may lack what it demands: so
its end has to be one, that of Content-Length, of the last chunk, or of TLS.

It blocks, up to a limit, of which each address of the policy host has its share: one that is silent
or broken does not hide the policy of the others.
"""

from __future__ import annotations

import http.client
import socket
from functools import partial
from time import monotonic

from smtpwire.errors import ConnectError, TLSError
from smtpwire.net.aside import within
from smtpwire.net.tls import TLSSettings, make_context
from smtpwire.net.tlserror import tls_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from smtpwire.errors import SMTPError

PATH = "/.well-known/mta-sts.txt"
LONGEST = 65_536
"""Octets of a policy."""
SECONDS = 60.0
"""For the whole of it, at most (RFC 8461 section 3.3)."""


def policy_host(domain: str) -> str:
    """The host that has the policy of a domain."""
    return f"mta-sts.{domain}"


def fetch(
    domain: str, addresses: Sequence[str], port: int, ca_file: str | None, seconds: float = SECONDS
) -> bytes:
    """Fetch the policy of a domain.

    Args:
        domain: in ASCII, without a final dot.
        addresses: of its policy host, tried in order.
        port: 443, but for tests.
        ca_file: whom to trust in place of the system's CAs.
        seconds: for the whole of it.

    Returns:
        What was found, unread.

    Raises:
        TLSError: the policy host is not who it should be, or the handshake broke.
        ConnectError: otherwise there is no policy to be had.
    """
    host = policy_host(domain)
    context = make_context(TLSSettings(verify=True, ca_file=ca_file))
    end = monotonic() + seconds
    failure: SMTPError = ConnectError("the policy host has no address")
    for tried, address in enumerate(addresses):
        share = round(max(0.0, end - monotonic()) / (len(addresses) - tried), 3)
        try:
            response, body = within(share, partial(_get, host, (address, port), context, share))
        except TimeoutError as error:
            failure = ConnectError(f"{host} gave {error}")
        except (ConnectError, TLSError) as error:
            failure = error
        else:
            return _policy(host, response, body)
    raise failure


def _get(
    host: str, address: tuple[str, int], context: ssl.SSLContext, seconds: float
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask at one address; each step takes so many seconds at most."""
    with _shaken(_connect(address, seconds), context, host) as connection:
        web = http.client.HTTPSConnection(host, address[1], context=context)
        web.sock = connection
        try:
            web.request("GET", PATH, headers={"User-Agent": "smtpwire"})
            with web.getresponse() as response:
                return response, response.read(LONGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise ConnectError(f"{host} gave no answer ({type(error).__name__})") from error
        finally:
            web.close()


def _policy(host: str, response: http.client.HTTPResponse, body: bytes) -> bytes:
    """Take the body of an answer, if it is a policy's."""
    if response.status != http.client.OK:
        raise ConnectError(f"{host} answered {response.status}, and only 200 counts")
    # Not get_content_type, to which what is missing or wrong is text/plain.
    media = response.headers.get("Content-Type", "").partition(";")[0]
    if media.strip().lower() != "text/plain":
        raise ConnectError(f"what {host} has is not text/plain")
    if len(body) > LONGEST:
        raise ConnectError(f"what {host} has is more than {LONGEST} octets")
    if response.length:
        raise ConnectError(f"what {host} sent ends before it should")
    return body


def _connect(address: tuple[str, int], seconds: float) -> socket.socket:
    try:
        return socket.create_connection(address, timeout=seconds)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConnectError(f"cannot connect to the policy host [{address[0]}]: {reason}") from error


def _shaken(sock: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    connection = None
    try:
        connection = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        connection.do_handshake()
    except OSError as error:
        failure = tls_error(error, host, connection)
        (connection or sock).close()
        raise failure from error
    return connection
