"""A DNS server that is asked by TLS, and proves who it is as every other server here (RFC 7858).

`dns` would make the context of the connection itself, and in that one a common name still counts as
a name.  So it is `smtpwire.net.tls` that makes it.

`dns` (dnspython) is imported with this module.
"""

from __future__ import annotations

import dns.message
import dns.nameserver
import dns.query

from smtpwire.net.tls import TLSSettings, make_context


class NameserverByTLS(dns.nameserver.DoTNameserver):
    """One server.

    Args:
        address: its address.
        port: its port.
        name: what its certificate has to be for.
        ca_file: whom to trust in place of the system's CAs.

    Raises:
        ValueError: the CA file cannot be used.
    """

    def __init__(self, address: str, port: int, name: str, ca_file: str | None) -> None:
        super().__init__(address, port, name)  # pyright: ignore[reportUnknownMemberType] # PathLike
        self._name = name
        self._context = make_context(TLSSettings(verify=True, ca_file=ca_file))
        self._context.set_alpn_protocols(["dot"])

    def query(
        self, request: dns.message.QueryMessage, timeout: float, *_: object, **_how: object
    ) -> dns.message.Message:
        """Ask one question; what goes wrong is raised as `dns.query.tls` has it.

        The resolver has more arguments: those of UDP, and some that it leaves at what they are.
        """
        return dns.query.tls(  # pyright: ignore[reportUnknownMemberType] # PathLike, of what
            request,
            self.address,
            timeout,
            self.port,
            ssl_context=self._context,
            server_hostname=self._name,
        )
