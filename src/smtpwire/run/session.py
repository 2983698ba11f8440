"""Sessions: how one server is reached, and what is known of the connection that results.

What is decided here concerns one connection.  What is asked of a server is in
`smtpwire.run.servers`; which server is next, and what becomes of messages when a session ends, in
`smtpwire.run.runner`.
"""

from __future__ import annotations

from functools import partial
from time import localtime, monotonic, time

from smtpwire.core.engine import Engine
from smtpwire.core.event import Ready, Settled, Warned
from smtpwire.errors import HostNotFound
from smtpwire.net import dial
from smtpwire.net.connection import Connection
from smtpwire.net.hostname import find_host_name
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.servers import Servers, where_of

BELIEVED = 30.0
"""Seconds for which the addresses of a server serve all of many connections to it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Close, Event
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
    from smtpwire.net.dial import Endpoint
    from smtpwire.net.trust import Trust
    from smtpwire.run.quota import Quota
    from smtpwire.run.report import Observer
    from smtpwire.run.stop import StopRequest

    Answer = TypeVar("Answer")

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

    class Holder(Protocol):
        """Says when ends of data may go out; the loop looks again when that has changed."""

        def may_end(self, party: Connection, number: int) -> bool:
            """Whether the end of a message's data may go out on a connection."""
            ...

        def coming(self, party: Connection, number: int) -> bool:
            """Take it that a message's end of data is queued; return whether it is small."""
            ...


class Session:
    """One connection to a server, and what is known of it; `Sessions.open` makes them.

    Attributes:
        where: the server as errors name it.
        server: the server.
        trust: what is demanded of it.
        connection: what drives it.
        local_address: the address of this end.
        helo: the name for EHLO.
        ready: what the server said of itself, once messages may follow; None before.
        quota: what it may still carry; None for all that there is.
    """

    def __init__(
        self,
        sessions: Sessions,
        server: Server,
        sock: _socket.socket,
        endpoint: Endpoint,
        trust: Trust,
        desk: Desk,
        observer: Observer,
    ) -> None:
        client, servers = sessions.client, sessions.servers
        self.server = server
        self.trust = trust
        self.where = where_of(server)
        self.local_address = str(sock.getsockname()[0])
        self.helo = sessions.hello_name(self.local_address)
        self.connection = Connection(
            sock,
            Engine(servers.options(server, endpoint, trust, self.helo)),
            self,
            stop=sessions.stop,
            tls=lambda: servers.identity(trust),
            timeout=client.timeout,
            tracer=observer if client.trace else None,
        )
        if sessions.holder is not None:
            may_end, coming = sessions.holder.may_end, sessions.holder.coming
            self.connection.hold_ends(
                partial(may_end, self.connection), partial(coming, self.connection)
            )
        self.ready: Ready | None = None
        self.quota: Quota | None = None
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
        self._sessions.servers.learn(close)
        self._desk.closed(self, close)

    def _tell(self, ready: Ready) -> None:
        peer, tell = self.connection.peer, self._sessions.servers.tell
        tell(self._observer, self.server, self._endpoint, peer, ready, self._started)

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
        servers: what is known of those that they are with.
        holder: who may hold ends of data; None where they always go out.
    """

    def __init__(
        self, client: ClientSettings, observer: Observer, stop: StopRequest, *, several: bool
    ) -> None:
        self.client = client
        self.stop = stop
        self.loop = Loop(Poller(stop.wake_fd), stop)
        self.servers = Servers(client, observer)
        self.holder: Holder | None = None
        self._observer = observer
        self._several = several
        self._count = 0
        self._hostname = find_host_name() if client.helo is None else None
        self._reached: dict[Server, tuple[float, list[Endpoint], Trust]] = {}
        """Addresses and demands, and until when they are believed."""

    def find(
        self,
        found: Callable[[list[Server], list[tuple[str, SMTPError]]], object],
        failed: Callable[[SMTPError], object],
    ) -> None:
        """Find the servers to try; to be called before `open`.

        Args:
            found: told of the servers in order, and of the domains for which none were found.
            failed: told why the loop was interrupted.
        """
        if self.client.discovery is None:
            found(*self.servers.find())
        else:
            self._aside(self.servers.find, lambda answer: found(*answer), failed)

    def open(self, server: Server, desk: Desk) -> None:
        """Connect to a server, and have a session; `desk` is told how it goes on."""
        where = where_of(server)
        self._count += 1
        observer = self._observer
        if self._several:
            observer = observer.connection(self._count)

        def unreachable(error: SMTPError) -> None:
            desk.unreachable(server, error)

        def found(endpoints: list[Endpoint], demands: Trust) -> None:
            trust = self.servers.expected(server, demands)

            def reached(sock: _socket.socket, endpoint: Endpoint) -> None:
                session = Session(self, server, sock, endpoint, trust, desk, observer)
                self.loop.add(session.connection)

            dial.connect(
                self.loop,
                endpoints,
                seconds=self.servers.seconds,
                trying=lambda endpoint: observer.note(f"Trying {where} [{endpoint.host}]..."),
                reached=reached,
                failed=unreachable,
            )

        known = self._reached.get(server)
        if self._several and known is not None and monotonic() < known[0]:
            found(*known[1:])
        else:
            self._reach(server, found, unreachable)

    def _reach(
        self,
        server: Server,
        found: Callable[[list[Endpoint], Trust], object],
        failed: Callable[[SMTPError], object],
    ) -> None:
        """Find the addresses of a server, and what is demanded of it."""

        def take(endpoints: list[Endpoint], demands: Trust) -> None:
            self._reached[server] = (monotonic() + BELIEVED, endpoints, demands)
            found(endpoints, demands)

        if self.client.discovery is not None:
            self._aside(lambda: self.servers.reach(server), lambda answer: take(*answer), failed)
            return
        try:
            asked = self.servers.asked(server)
        except HostNotFound as error:
            failed(error)
            return
        dial.look_up(
            self.loop,
            server.host,
            server.port,
            seconds=self.servers.seconds,
            found=lambda endpoints: take(endpoints, asked),
            failed=failed,
        )

    def _aside(
        self,
        call: Callable[[], Answer],
        done: Callable[[Answer], object],
        failed: Callable[[SMTPError], object],
    ) -> None:
        """Look something up that blocks, and then tell what there is to remark."""
        import threading

        from smtpwire.net.aside import aside

        # The one that imports it first is the main one to it, and waited for when the program ends:
        # this must not be a thread that was given up.
        threading.main_thread()

        def told(answer: Answer) -> None:
            self.servers.remark()
            done(answer)

        def not_told(error: SMTPError) -> None:
            self.servers.remark()
            failed(error)

        aside(self.loop, call, done=told, failed=not_told)

    def close(self) -> None:
        """Let go of everything, when something broke."""
        self.loop.close()

    def hello_name(self, local_address: str) -> str:
        """The name for EHLO on a connection from this address."""
        if self._hostname is None:
            return self.client.helo or ""
        return self._hostname.name(local_address)
