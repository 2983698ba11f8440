"""A TLS handshake on a connected socket: begun, waited for step by step, and how it ended.

`ssl` is imported with the first handshake and not before.
"""

from __future__ import annotations

from smtpwire.errors import CertificateError, TLSError
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
        bound: whether a login may be bound to the connection.

    Attributes:
        transport: the connection; nothing is said on it before the handshake is done.
        waits_for: READ or WRITE, before `go_on` can do more.
        exporter: the exporter secret, once the handshake is done; b"" unless `bound`, and
            below TLS 1.3.

    Raises:
        TLSError: the connection has ended.
    """

    def __init__(
        self,
        sock: _socket.socket,
        context: ssl.SSLContext,
        server_name: str,
        prove: Callable[[Connection], str],
        bound: bool = False,  # noqa: FBT001, FBT002 - as in Identity
    ) -> None:
        self._server_name = server_name
        self._prove = prove
        self._bound = bound
        self.exporter = b""
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
            want = self._step()
        except OSError as error:
            raise tls_error(error, self._server_name, transport.connection) from error
        if want is None:
            return describe(transport.connection, self._proof())
        self.waits_for = WRITE if want == "write" else READ
        return None

    def _proof(self) -> str:
        """Have the certificate looked at: what it is made of is the server's choice."""
        from smtpwire.net.certificate import NOT_ACCEPTED

        try:
            return self._prove(self.transport.connection)
        except TLSError:
            raise
        except Exception as error:  # libraries have many for what is no certificate
            flaw = f"it cannot be read ({type(error).__name__})"
            raise CertificateError(f"{NOT_ACCEPTED}{flaw}") from error

    def _step(self) -> str | None:
        transport = self.transport
        if not self._bound:
            return transport.handshake()
        from smtpwire.net.exporter import step

        want, secret = step(transport.connection.context, transport.handshake)
        self.exporter = secret or self.exporter
        return want
