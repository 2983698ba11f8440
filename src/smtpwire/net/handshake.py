"""A TLS handshake on a connected socket: begun, waited for step by step, and how it ended.

`ssl` is imported with the first handshake and not before.
"""

from __future__ import annotations

from smtpwire.net.poll import READ, WRITE
from smtpwire.net.transport import TLSTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    import ssl
    from collections.abc import Callable

    from smtpwire.net.certificate import Connection
    from smtpwire.net.tls import TLSPeer


class Handshake:
    """One handshake, as the client.

    Args:
        sock: connected and non-blocking; taken over.
        context: what the connection must be.
        server_name: to ask for and, as `context` says, to verify.
        prove: looks at what `context` does not, as `smtpwire.net.trust.Identity` has it.

    Attributes:
        transport: the connection; nothing is said on it before the handshake is done.
        waits_for: READ or WRITE, before `go_on` can do more.

    Raises:
        TLSError: the connection has ended.
    """

    def __init__(
        self,
        sock: _socket.socket,
        context: ssl.SSLContext,
        server_name: str,
        prove: Callable[[Connection], str],
    ) -> None:
        self._server_name = server_name
        self._prove = prove
        self.waits_for = WRITE
        try:
            self.transport = TLSTransport(sock, context, server_name)
        except OSError as error:
            from smtpwire.net.tlserror import tls_error

            raise tls_error(error, server_name) from error

    def go_on(self) -> TLSPeer | None:
        """Do what can be done now.

        Returns:
            What the connection is, once that is known; None before.

        Raises:
            CertificateError: the server is not who it should be.
            TLSError: the handshake failed otherwise.
        """
        from smtpwire.net.tls import describe
        from smtpwire.net.tlserror import tls_error

        transport = self.transport
        try:
            want = transport.handshake()
        except OSError as error:
            raise tls_error(error, self._server_name, transport.connection) from error
        if want is None:
            return describe(transport.connection, self._prove(transport.connection))
        self.waits_for = WRITE if want == "write" else READ
        return None
