"""What is known of the servers of a run, and what is demanded of them, whoever drives connections.

Nothing is waited for here.  `Servers.find` and `Servers.reach` may block, where more is to be
looked up than addresses, and are called aside: what they find that the user should know is kept
until `Servers.remark` is called where observers may be told.
"""

from __future__ import annotations

import os
from functools import partial
from time import monotonic

from smtpwire.client import Discovery, TLSMode, endpoint
from smtpwire.core.session import SessionOptions
from smtpwire.errors import CertificateError, ConnectError
from smtpwire.net import dial
from smtpwire.net.tls import make_context, server_name
from smtpwire.net.trust import Identity, Trust, prove
from smtpwire.run.nosession import handshake_failed, tls_not_had
from smtpwire.run.report import ConnectionInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from smtpwire.client import ClientSettings, Login, Server
    from smtpwire.core.event import Close, Ready
    from smtpwire.core.sasl import Salted
    from smtpwire.errors import SMTPError
    from smtpwire.net.dial import Endpoint
    from smtpwire.net.tls import TLSPeer
    from smtpwire.run.finder import Finder
    from smtpwire.run.report import Observer

_NONCE_OCTETS = 24


class Servers:
    """The servers of a run.

    Args:
        client: what was asked for.
        observer: told what the user should know, and the secrets that come up.

    Attributes:
        client: the same.
        seconds: the limit for connecting to one address, and for each look-up.
    """

    def __init__(self, client: ClientSettings, observer: Observer) -> None:
        self.client = client
        self.seconds = client.connect_timeout
        if client.timeout is not None:
            self.seconds = min(self.seconds, client.timeout)
        self._observer = observer
        self._login = _telling(client.login, observer)
        self._contexts: dict[bool, ssl.SSLContext] = {}
        """By whether they verify."""
        self._finder: Finder | None = None
        self._remarks: list[tuple[str, str]] = []
        self._remarked: set[tuple[str, str]] = set()
        self._chunking = client.chunking
        self._salted: Salted | None = None
        if self._login is not None:
            from smtpwire.core import sasl

            self._salted = sasl.Salted()
        self._clear: set[Server] = set()
        """Whose handshake failed, and that may be used in the clear."""
        self._excused: set[Server] = set()
        """Who does not fit an MTA-STS policy which is only tried."""

    # -- looking up ------------------------------------------------------------------------------

    def find(self) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        """Find the servers to try, in order; to be called first, aside where there is discovery.

        Returns:
            The servers, and the domains for which none were found, with the reason.
        """
        servers, discovery = list(self.client.servers), self.client.discovery
        if discovery is None:
            return servers, []
        try:
            self._finder = self._make_finder(discovery)
        except ConnectError as error:
            return [], [(where_of(server), error) for server in servers]
        return self._finder.servers()

    def _make_finder(self, discovery: Discovery) -> Finder:
        from smtpwire.run.finder import Finder

        def warn(where: str, text: str) -> None:
            self._remarks.append((where, text))

        return Finder(self.client, discovery, seconds=self.seconds, warn=warn)

    def asked(self, server: Server) -> Trust:
        """What the caller asked for, of one of the servers that were found.

        Raises:
            HostNotFound: its name is none that can be looked up, whatever it means to TLS.
        """
        dial.ascii_host(server.host)
        client, settings = self.client, self.client.tls_settings
        return Trust(
            client.tls,
            settings.name or server_name(server.host),
            settings.verify or client.require_tls_onward,
            settings.pins,
        )

    def reach(self, server: Server) -> tuple[list[Endpoint], Trust]:
        """Find the addresses of a server, and what is demanded of it; to be called aside.

        Raises:
            ConnectError: there is none, or something cannot be looked up now.
        """
        asked = self.asked(server)
        if self._finder is None:
            self._finder = self._make_finder(self.client.discovery or Discovery())
        return self._finder.reach(server, asked)

    def remark(self) -> None:
        """Tell what was found on the way that the user should know, each thing once."""
        remarks, self._remarks = self._remarks, []
        for remark in remarks:
            if remark not in self._remarked:
                self._remarked.add(remark)
                self._observer.warning(*remark)

    # -- one connection --------------------------------------------------------------------------

    def expected(self, server: Server, trust: Trust) -> Trust:
        """What of the demands on a server still stands, by what is known of it."""
        if trust.otherwise is not None and server in self._excused:
            return trust.otherwise
        return trust

    def options(
        self, server: Server, endpoint: Endpoint, trust: Trust, helo: str
    ) -> SessionOptions:
        """What the engine is to do on a connection."""
        client = self.client
        clear = server in self._clear and _is_wish(trust)
        return SessionOptions(
            helo=helo,
            tls=TLSMode.NONE if clear else trust.mode,
            secured=server.tls_on_connect,
            loopback=endpoint.loopback,
            login=self._login,
            host=server.host,
            port=server.port,
            salted=self._salted,
            nonce=_nonce() if self._login is not None else "",
            pipelining=client.pipelining,
            chunking=self._chunking,
            chunk_size=client.chunk_size,
            no_wait=client.no_wait,
            declare_size=client.declare_size,
            require_all=client.require_all,
            send_anyway=client.send_anyway,
            require_tls_onward=client.require_tls_onward,
            force=client.force,
            trace=client.trace,
        )

    def identity(self, trust: Trust) -> Identity:
        """What a handshake is made with."""
        if trust.verify not in self._contexts:
            settings = self.client.tls_settings._replace(verify=trust.verify)
            self._contexts[trust.verify] = make_context(settings)
        context = self._contexts[trust.verify]
        bound = self._login is not None
        return Identity(context, trust.name, partial(prove, trust), bound)

    def tell(
        self,
        observer: Observer,
        server: Server,
        endpoint: Endpoint,
        peer: TLSPeer | None,
        ready: Ready,
        started: float,
    ) -> None:
        """Tell of a connection on which messages may follow, and what it is not.

        Args:
            observer: told.
            server: whom it is with.
            endpoint: at which address.
            peer: what TLS is; None in the clear.
            ready: what the server said of itself.
            started: when it was connected, in monotonic seconds.
        """
        if peer is not None and not peer.selected and self.client.tls_settings.ciphers:
            observer.warning(
                where_of(server),
                f"the cipher suite {peer.cipher} is not one that -C selects: -C does not reach"
                " TLS 1.3, which --tls-max 1.2 turns off",
            )
        observer.connected(
            ConnectionInfo(
                server=server.host,
                port=server.port,
                address=endpoint.host,
                protocol="ESMTP" if ready.capabilities.esmtp else "SMTP",
                tls_version=None if peer is None else peer.version,
                tls_cipher=None if peer is None else peer.cipher,
                verified_by="" if peer is None else peer.verified_by,
                certificate_names=() if peer is None else peer.names,
                certificate_expires=None if peer is None else peer.expires,
                mechanism=ready.mechanism,
                greeting=ready.greeting,
                hello=ready.hello,
                seconds=monotonic() - started,
            )
        )

    def learn(self, close: Close) -> None:
        """Take what the end of a connection says about those that follow."""
        if close.without_chunking:
            self._chunking = False

    def fall_back(self, server: Server, trust: Trust, error: SMTPError) -> bool:
        """Whether a server may be used after all with less TLS; then it is.

        Without any, where TLS was a wish and its handshake failed; never because a certificate
        was not accepted.  And as was asked for, where what failed is only being tried.

        Args:
            server: it gave no session.
            trust: what was demanded of it.
            error: why there is none.
        """
        if trust.otherwise is not None and tls_not_had(error):
            said = f"going on, since the MTA-STS policy of {trust.testing} is in testing"
            self._observer.warning(where_of(server), said, error)
            self._excused.add(server)
            return True
        if (
            not handshake_failed(error)
            or isinstance(error, CertificateError)
            or not _is_wish(trust)
            or server.tls_on_connect
        ):
            return False
        self._observer.warning(where_of(server), "going on without TLS", error)
        self._clear.add(server)
        return True


def _is_wish(trust: Trust) -> bool:
    """Whether a server may be used without TLS: what is learnt of it never undoes a demand."""
    return trust.mode is TLSMode.OPPORTUNISTIC and not trust.proof


def where_of(server: Server) -> str:
    """A server as errors name it."""
    return endpoint(server.host, server.port)


def _telling(login: Login | None, observer: Observer) -> Login | None:
    """A login that tells of each secret that comes up during the run: access tokens are renewed."""
    if login is None or login.renew is None:
        return login

    def telling(ask: Callable[[], str]) -> Callable[[], str]:
        def told() -> str:
            secret = ask()
            observer.secret(secret)
            return secret

        return told

    return login._replace(password=telling(login.password), renew=telling(login.renew))


def _nonce() -> str:
    """Randomness for one login, with more of it than any SASL mechanism asks for."""
    return os.urandom(_NONCE_OCTETS).hex()
