"""Sessions: how one server is reached, and what is known of the connection that results.

What is decided here concerns one server: which of its addresses, TLS or the clear, what is asked of
the engine.  Which server is next, and what becomes of messages when a session ends, is decided in
`smtpwire.run.runner`.
"""

from __future__ import annotations

from time import localtime, monotonic, time

from smtpwire.client import endpoint, session_options
from smtpwire.core.engine import Engine
from smtpwire.core.event import Ready, Settled, Warned
from smtpwire.net import dial
from smtpwire.net.connection import Connection
from smtpwire.net.hostname import find_host_name
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.nosession import may_go_on_in_the_clear
from smtpwire.run.report import ConnectionInfo

BELIEVED = 30.0
"""Seconds for which the addresses of a server serve all of many connections to it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    import ssl
    from typing import Protocol

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close, Event
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
    from smtpwire.net.dial import Endpoint
    from smtpwire.run.report import Observer
    from smtpwire.run.stop import StopRequest

    class Desk(Protocol):
        """Who has the messages."""

        def feed(self, session: Session, *, ahead: bool) -> bool:
            """Submit a message to the session, or finish it; False to do neither now."""
            ...

        def settled(self, result: TransactionResult) -> None:
            """Take what became of a message on the session."""

        def name_of(self, number: int) -> str:
            """The name of a message that is on the session."""
            ...

        def ready(self) -> None:
            """Take it that messages may follow."""

        def closed(self, session: Session, close: Close) -> None:
            """Take the end of the session, and why."""

        def unreachable(self, server: Server, error: SMTPError) -> None:
            """Take it that there is no connection: a ConnectError, or why the run is to end."""


class Session:
    """One connection to a server, and what is known of it; `Sessions.open` makes them.

    Attributes:
        where: the server as errors name it.
        server: the server.
        connection: what drives it.
        local_address: the address of this end.
        helo: the name for EHLO.
        ready: what the server said of itself, once messages may follow; None before.
    """

    def __init__(
        self,
        sessions: Sessions,
        server: Server,
        sock: _socket.socket,
        endpoint: Endpoint,
        desk: Desk,
        observer: Observer,
    ) -> None:
        client = sessions.client
        self.server = server
        self.where = where_of(server)
        self.local_address = str(sock.getsockname()[0])
        options = sessions.options(server, endpoint, self.local_address)
        self.helo = options.helo
        self.connection = Connection(
            sock,
            Engine(options),
            self,
            stop=sessions.stop,
            tls=lambda: sessions.tls(server),
            timeout=client.timeout,
            tracer=observer if client.trace else None,
        )
        self.ready: Ready | None = None
        self._sessions = sessions
        self._endpoint = endpoint
        self._desk = desk
        self._observer = observer
        self._started = monotonic()

    def feed(self, *, ahead: bool) -> bool:
        """Give the connection its next message, or say that there is none."""
        return self._desk.feed(self, ahead=ahead)

    def happened(self, event: Event) -> None:
        """Take what the connection has to tell."""
        if isinstance(event, Settled):
            self._desk.settled(event.result)
        elif isinstance(event, Ready):
            self.ready = event
            self._tell(event)
            self._desk.ready()
        elif isinstance(event, Warned):
            where = self.where if event.id is None else self._desk.name_of(event.id)
            self._observer.warning(where, event.text)

    def closed(self, close: Close) -> None:
        """Take the end of the connection."""
        self._observer.note(f"Connection to {self.where} closed.")
        self._sessions.learn(close)
        self._desk.closed(self, close)

    def _tell(self, ready: Ready) -> None:
        observer, server, peer = self._observer, self.server, self.connection.peer
        if peer is not None and not peer.selected and self._sessions.client.tls_settings.ciphers:
            observer.warning(
                self.where,
                f"the cipher suite {peer.cipher} is not one that -C selects: -C does not reach"
                " TLS 1.3, which --tls-max 1.2 turns off",
            )
        observer.connected(
            ConnectionInfo(
                server=server.host,
                port=server.port,
                address=self._endpoint.host,
                protocol="ESMTP" if ready.capabilities.esmtp else "SMTP",
                tls_version=None if peer is None else peer.version,
                tls_cipher=None if peer is None else peer.cipher,
                verified=peer is not None and peer.verified,
                mechanism=ready.mechanism,
                greeting=ready.greeting,
                hello=ready.hello,
                seconds=monotonic() - self._started,
            )
        )

    def received_field(self) -> bytes:
        """The trace field for a message on this session (RFC 5321 section 4.4)."""
        from smtpwire import __version__
        from smtpwire.message.received import received_field

        now = time()
        return received_field(
            helo=self.helo,
            address=self.local_address,
            program=f"smtpwire {__version__}",
            protocol=self._protocol,
            when=now,
            utc_offset=localtime(now).tm_gmtoff,
        )

    @property
    def _protocol(self) -> str:
        """The protocol by its registered name (RFC 3848)."""
        if self.ready is None or not self.ready.capabilities.esmtp:
            return "SMTP"
        tls = "S" if self.connection.peer is not None else ""
        login = "A" if self.ready.mechanism is not None else ""
        return f"ESMTP{tls}{login}"


class Sessions:
    """Makes the sessions of a run.

    Args:
        client: how.
        observer: told of each step.
        stop: whether to give up.
        several: whether more than one may be there at a time, so that each is told apart.

    Attributes:
        loop: what drives them.
    """

    def __init__(
        self, client: ClientSettings, observer: Observer, stop: StopRequest, *, several: bool
    ) -> None:
        self.client = client
        self.stop = stop
        self.loop = Loop(Poller(stop.wake_fd), stop)
        self._observer = observer
        self._several = several
        self._count = 0
        self._hostname = find_host_name() if client.helo is None else None
        self._context: ssl.SSLContext | None = None
        self._chunking = client.chunking
        self._clear: set[Server] = set()
        """Servers whose handshake failed, and that may be used in the clear."""
        self._found: dict[Server, tuple[float, list[Endpoint]]] = {}
        """Addresses, and until when they are believed."""

    def open(self, server: Server, desk: Desk) -> None:
        """Connect to a server, and have a session; `desk` is told how it goes on."""
        seconds = self.client.connect_timeout
        if self.client.timeout is not None:
            seconds = min(seconds, self.client.timeout)
        where = where_of(server)
        self._count += 1
        observer = self._observer
        if self._several:
            observer = observer.connection(self._count)

        def unreachable(error: SMTPError) -> None:
            desk.unreachable(server, error)

        def found(endpoints: list[Endpoint]) -> None:
            dial.connect(
                self.loop,
                endpoints,
                seconds=seconds,
                trying=lambda endpoint: observer.note(f"Trying {where} [{endpoint.host}]..."),
                reached=reached,
                failed=unreachable,
            )

        def looked_up(endpoints: list[Endpoint]) -> None:
            self._found[server] = (monotonic() + BELIEVED, endpoints)
            found(endpoints)

        def reached(sock: _socket.socket, endpoint: Endpoint) -> None:
            self.loop.add(Session(self, server, sock, endpoint, desk, observer).connection)

        until, endpoints = self._found.get(server, (0.0, []))
        if self._several and monotonic() < until:
            found(endpoints)
            return
        dial.look_up(
            self.loop,
            server.host,
            server.port,
            seconds=seconds,
            found=looked_up,
            failed=unreachable,
        )

    def learn(self, close: Close) -> None:
        """Take what the end of a session says about those that follow."""
        if close.without_chunking:
            self._chunking = False

    def close(self) -> None:
        """Let go of everything, when something broke."""
        self.loop.close()

    def fall_back(self, server: Server, error: SMTPError) -> bool:
        """Whether a failed handshake may be followed by a connection in the clear; then it is."""
        if not may_go_on_in_the_clear(error, self.client, server):
            return False
        self._observer.warning(where_of(server), "going on without TLS", error)
        self._clear.add(server)
        return True

    def options(self, server: Server, endpoint: Endpoint, local_address: str) -> SessionOptions:
        """What the engine is to do on a connection."""
        return session_options(
            self.client,
            server,
            helo=self._hello_name(local_address),
            clear=server in self._clear,
            loopback=endpoint.loopback,
            chunking=self._chunking,
        )

    def _hello_name(self, local_address: str) -> str:
        if self._hostname is None:
            return self.client.helo or ""
        return self._hostname.name(local_address)

    def tls(self, server: Server) -> tuple[ssl.SSLContext, str]:
        """The context of a connection, and the name for which it is."""
        from smtpwire.net.tls import make_context, server_name

        if self._context is None:
            self._context = make_context(self.client.tls_settings)
        return self._context, server_name(server.host)


def where_of(server: Server) -> str:
    """A server as errors name it."""
    return endpoint(server.host, server.port)
