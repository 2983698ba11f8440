"""Sessions in an asyncio event loop: how one server is reached, and what is known of it then.

What is decided here concerns one server, as in `smtpwire.run.session`.  Which server is next, and
what becomes of messages when a session ends, is decided in `smtpwire.run.aiopool`.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from smtpwire.client import endpoint as host_and_port
from smtpwire.client import session_options
from smtpwire.core.engine import Engine
from smtpwire.core.event import Ready, Settled, Warned
from smtpwire.errors import ConnectionLost, Interrupted, SMTPError
from smtpwire.net import aiodial
from smtpwire.net.aio import AsyncConnection
from smtpwire.net.hostname import find_host_name
from smtpwire.run.nosession import may_go_on_in_the_clear
from smtpwire.run.report import ConnectionInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import ssl
    from typing import Protocol

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close, Event
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.net.dial import Endpoint
    from smtpwire.run.report import Observer

    class Desk(Protocol):
        """Who has the messages of one session."""

        def feed(self, connection: AsyncConnection, *, ahead: bool) -> bool:
            """Submit a message to the session, or finish it; False to do neither now."""
            ...

        def settled(self, result: TransactionResult) -> None:
            """Take what became of a message on this session."""

        def name_of(self, number: int) -> str:
            """The name of a message that is on this session."""
            ...

        def ready(self, connection: AsyncConnection) -> None:
            """Take it that messages may follow."""

        def closed(self, close: Close) -> None:
            """Take the end of a session that was ready, and why."""


class AsyncSession:
    """One connection to a server, and what is known of it; `AsyncSessions.open` makes them.

    Attributes:
        opened: done when messages may follow; or it has the error, when they never may.
        connection: what drives it.
    """

    def __init__(
        self,
        sessions: AsyncSessions,
        server: Server,
        sock: socket.socket,
        endpoint: Endpoint,
        helo: str,
        desk: Desk,
    ) -> None:
        client = sessions.client
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.connection = AsyncConnection(
            loop,
            sock,
            Engine(sessions.options(server, endpoint, helo)),
            self,
            tls=lambda: sessions.tls(server),
            timeout=client.timeout,
            tracer=sessions.observer if client.trace else None,
        )
        self._where = host_and_port(server.host, server.port)
        self._sessions = sessions
        self._server = server
        self._endpoint = endpoint
        self._desk = desk
        self._ready = False
        self._started = monotonic()

    def feed(self, *, ahead: bool) -> bool:
        """Give the connection its next message, or say that there is none."""
        return self._desk.feed(self.connection, ahead=ahead)

    def happened(self, event: Event) -> None:
        """Take what the connection has to tell."""
        if isinstance(event, Settled):
            self._desk.settled(event.result)
        elif isinstance(event, Ready):
            self._ready = True
            self._tell(event)
            self._desk.ready(self.connection)
            if not self.opened.done():
                self.opened.set_result(None)
        elif isinstance(event, Warned):
            where = self._where if event.id is None else self._desk.name_of(event.id)
            self._sessions.observer.warning(where, event.text)

    def closed(self, close: Close) -> None:
        """Take the end of the connection."""
        self._sessions.observer.note(f"Connection to {self._where} closed.")
        self._sessions.learn(close)
        if self._ready:
            self._desk.closed(close)
        elif not self.opened.done():
            error = close.error or ConnectionLost("the server closed the connection")
            self.opened.set_exception(error)

    def _tell(self, ready: Ready) -> None:
        peer = self.connection.peer
        self._sessions.observer.connected(
            ConnectionInfo(
                self._server.host,
                self._server.port,
                address=self._endpoint.host,
                protocol="ESMTP" if ready.capabilities.esmtp else "SMTP",
                tls_version=peer and peer.version,
                tls_cipher=peer and peer.cipher,
                verified=peer is not None and peer.verified,
                mechanism=ready.mechanism,
                greeting=ready.greeting,
                hello=ready.hello,
                seconds=monotonic() - self._started,
            )
        )


class AsyncSessions:
    """Makes the sessions of a client.

    Args:
        client: how.
        observer: told of each step.
    """

    def __init__(self, client: ClientSettings, observer: Observer) -> None:
        self.client = client
        self.observer = observer
        self._hostname = find_host_name() if client.helo is None else None
        self._context: ssl.SSLContext | None = None
        self._chunking = client.chunking
        self._clear: set[Server] = set()
        """Servers whose handshake failed, and that may be used in the clear."""

    async def open(self, server: Server, desk: Desk) -> None:
        """Have a session with a server, on which `desk` is asked for messages.

        Raises:
            SMTPError: there is none.
        """
        try:
            await self._open(server, desk)
        except SMTPError as error:
            if server in self._clear or not may_go_on_in_the_clear(error, self.client, server):
                raise
            where = host_and_port(server.host, server.port)
            self.observer.warning(where, "going on without TLS", error)
            self._clear.add(server)
            await self._open(server, desk)

    async def _open(self, server: Server, desk: Desk) -> None:
        seconds = self.client.connect_timeout
        if self.client.timeout is not None:
            seconds = min(seconds, self.client.timeout)
        where = host_and_port(server.host, server.port)
        endpoints = await aiodial.look_up(server.host, server.port, seconds=seconds)
        sock, endpoint = await aiodial.connect(
            endpoints,
            seconds=seconds,
            trying=lambda endpoint: self.observer.note(f"Trying {where} [{endpoint.host}]..."),
        )
        try:
            helo = await self._hello_name(str(sock.getsockname()[0]))
            session = AsyncSession(self, server, sock, endpoint, helo, desk)
        except BaseException:
            sock.close()
            raise
        session.connection.start()
        try:
            await session.opened
        except asyncio.CancelledError:
            session.connection.interrupt(Interrupted("the client is being closed"))
            raise

    def learn(self, close: Close) -> None:
        """Take what the end of a session says about those that follow."""
        if close.without_chunking:
            self._chunking = False

    def options(self, server: Server, endpoint: Endpoint, helo: str) -> SessionOptions:
        """What the engine is to do on a connection."""
        return session_options(
            self.client,
            server,
            helo=helo,
            clear=server in self._clear,
            loopback=endpoint.loopback,
            chunking=self._chunking,
        )

    async def _hello_name(self, local_address: str) -> str:
        if self._hostname is None:
            return self.client.helo or ""
        # The first time it may have to wait a while for the resolver.
        return await asyncio.to_thread(self._hostname.name, local_address)

    def tls(self, server: Server) -> tuple[ssl.SSLContext, str]:
        """The context of a connection, and the name for which it is."""
        from smtpwire.net.tls import make_context, server_name

        if self._context is None:
            self._context = make_context(self.client.tls_settings)
        return self._context, server_name(server.host)
