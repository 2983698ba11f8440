"""Sessions in an asyncio event loop: how one server is reached, and what is known of it then.

What is decided here concerns one connection, as in `smtpwire.run.session`.  What is asked of a
server is in `smtpwire.run.servers`; which server is next, and what becomes of messages when a
session ends, in `smtpwire.run.aiopool`.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from smtpwire.core.engine import Engine
from smtpwire.core.event import Ready, Settled, Warned
from smtpwire.errors import ConnectionLost, Interrupted, SMTPError
from smtpwire.net import aiodial
from smtpwire.net.aio import AsyncConnection
from smtpwire.net.hostname import find_host_name
from smtpwire.run.servers import Servers, where_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Protocol

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close, Event
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.net.dial import Endpoint
    from smtpwire.net.trust import Trust
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
        trust: Trust,
        helo: str,
        desk: Desk,
    ) -> None:
        client, servers = sessions.client, sessions.servers
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.connection = AsyncConnection(
            loop,
            sock,
            Engine(servers.options(server, endpoint, trust, helo)),
            self,
            tls=lambda: servers.identity(trust),
            timeout=client.timeout,
            tracer=sessions.observer if client.trace else None,
        )
        self._where = where_of(server)
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
        self._sessions.servers.learn(close)
        if self._ready:
            self._desk.closed(close)
        elif not self.opened.done():
            error = close.error or ConnectionLost("the server closed the connection")
            self.opened.set_exception(error)

    def _tell(self, ready: Ready) -> None:
        peer, sessions = self.connection.peer, self._sessions
        tell = sessions.servers.tell
        tell(sessions.observer, self._server, self._endpoint, peer, ready, self._started)


class AsyncSessions:
    """Makes the sessions of a client.

    Args:
        client: how.
        observer: told of each step.

    Attributes:
        servers: what is known of those that they are with.
    """

    def __init__(self, client: ClientSettings, observer: Observer) -> None:
        self.client = client
        self.observer = observer
        self.servers = Servers(client, observer)
        self._hostname = find_host_name() if client.helo is None else None

    async def find(self) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        """Find the servers to try, in order; to be called before `open`.

        Returns:
            The servers, and the domains for which none were found, with the reason.
        """
        if self.client.discovery is None:
            return self.servers.find()
        try:
            return await asyncio.to_thread(self.servers.find)
        finally:
            self.servers.remark()

    async def open(self, server: Server, desk: Desk) -> None:
        """Have a session with a server, on which `desk` is asked for messages.

        Raises:
            SMTPError: there is none.
        """
        while True:
            endpoints, demands = await self._reach(server)
            trust = self.servers.expected(server, demands)
            sock, endpoint = await self._connect(server, endpoints)
            try:
                await self._open(server, sock, endpoint, trust, desk)
            except SMTPError as error:
                if not self.servers.fall_back(server, trust, error):
                    raise
            else:
                return

    async def _reach(self, server: Server) -> tuple[list[Endpoint], Trust]:
        servers = self.servers
        if self.client.discovery is not None:
            try:
                return await asyncio.to_thread(servers.reach, server)
            finally:
                servers.remark()
        asked = servers.asked(server)
        return await aiodial.look_up(server.host, server.port, seconds=servers.seconds), asked

    async def _connect(
        self, server: Server, endpoints: list[Endpoint]
    ) -> tuple[socket.socket, Endpoint]:
        where = where_of(server)
        return await aiodial.connect(
            endpoints,
            seconds=self.servers.seconds,
            trying=lambda endpoint: self.observer.note(f"Trying {where} [{endpoint.host}]..."),
        )

    async def _open(
        self, server: Server, sock: socket.socket, endpoint: Endpoint, trust: Trust, desk: Desk
    ) -> None:
        try:
            helo = await self._hello_name(str(sock.getsockname()[0]))
            session = AsyncSession(self, server, sock, endpoint, trust, helo, desk)
        except BaseException:
            sock.close()
            raise
        session.connection.start()
        try:
            await session.opened
        except asyncio.CancelledError:
            session.connection.interrupt(Interrupted("the client is being closed"))
            raise

    async def _hello_name(self, local_address: str) -> str:
        if self._hostname is None:
            return self.client.helo or ""
        # The first time it may have to wait a while for the resolver.
        return await asyncio.to_thread(self._hostname.name, local_address)
