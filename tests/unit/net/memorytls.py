"""A TLS client and a server that shake hands in memory."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from smtpwire.net.tls import server_name

if TYPE_CHECKING:
    import trustme


class Handshake:
    """A client and a server joined in memory; `error` is what the client's handshake raised."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.sni: str | None = None
        server.set_servername_callback(self._named)
        self.client = client.wrap_bio(to_client, to_server, server_hostname=server_name(host))
        self._server = server.wrap_bio(to_server, to_client, server_side=True)
        self.error: ssl.SSLError | None = None
        waiting = [self.client, self._server]
        while waiting and self.error is None:
            waiting = [side for side in waiting if not self._step(side)]

    def _named(self, *arguments: object) -> None:
        self.sni = str(arguments[1]) if arguments[1] else None

    @property
    def shown(self) -> bytes | None:
        """The certificate that the client showed, in DER."""
        return self._server.getpeercert(binary_form=True)

    def _step(self, side: ssl.SSLObject) -> bool:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            if side is self.client:
                self.error = error
        return True


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
