"""A run: many messages over one connection after another.

What is decided here is what happens when a connection ends.  A message that cannot have been taken
goes on a new connection, unasked and once; a message that may have been taken never does.  When no
session can be had, the run ends: trying again for every message would only lock an account.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from smtpwire.client import TLSMode
from smtpwire.core.engine import Engine
from smtpwire.core.event import Ready, Settled, Warned
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    CertificateError,
    ConnectError,
    ConnectionLost,
    GreetingRefused,
    Interrupted,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
    TimedOut,
    TLSError,
)
from smtpwire.net import dial
from smtpwire.net.connection import Connection
from smtpwire.net.hostname import find_host_name
from smtpwire.net.poll import Poller
from smtpwire.run.messages import Job, Messages, MessageSettings
from smtpwire.run.report import ConnectionInfo, Observer
from smtpwire.run.stop import StopRequest
from smtpwire.run.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import NamedTuple

    import _socket

    from smtpwire.client import ClientSettings, Server
    from smtpwire.core.event import Event
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.net.dial import Endpoint
    from smtpwire.run.report import RunReport
else:
    from smtpwire.record import NamedTuple


class RunSettings(NamedTuple):
    """All that decides a run."""

    client: ClientSettings
    messages: MessageSettings
    received: bool = False
    """A Received field goes in front of each message (RFC 5321 section 4.4)."""
    disconnect: bool = False
    """A connection for each message."""
    stop_at_failure: bool = False
    """The first failure ends the run."""


def submit(
    settings: RunSettings, observer: Observer | None = None, stop: StopRequest | None = None
) -> RunReport:
    """Submit all messages; every recipient of every one of them comes to exactly one outcome.

    Args:
        settings: what to do.
        observer: told of everything as it happens; None to be told only at the end.
        stop: consulted between all steps; a signal ends the run without ending a message.
            None for a run that nothing interrupts.

    Returns:
        The outcomes in numbers, and the problems in the order met.
    """
    return _Run(settings, observer or Observer(), stop or StopRequest()).run()


class _Run:
    """The state of one run.  It owns the messages, and its connections ask it for them."""

    def __init__(self, settings: RunSettings, observer: Observer, stop: StopRequest) -> None:
        self._settings = settings
        self._client = settings.client
        self._observer = observer
        self._stop = stop
        self._tally = Tally(observer)
        self._messages = Messages(
            settings.messages, unusable=self._tally.unusable, warn=observer.warning
        )
        self._poller = Poller(stop.wake_fd)
        self._hostname = find_host_name() if settings.client.helo is None else None
        self._context: ssl.SSLContext | None = None
        self._chunking = settings.client.chunking
        self._clear: set[Server] = set()
        """Servers whose handshake failed, and that may be used in the clear."""
        self._waiting: deque[Job] = deque()
        """Taken back from a connection that ended; they go before all others."""
        self._flying: dict[int, Job] = {}
        """Given to the connection, by index."""
        self._returned: list[tuple[Job, TransactionResult]] = []
        """What the connection gave back unsent, in order."""
        self._session: _Session | None = None

    def run(self) -> RunReport:
        failure: SMTPError | None = None
        while failure is None and (job := self._next_job()) is not None:
            self._waiting.appendleft(job)
            failure = self._connect_to_any()
        self._leave_the_rest(failure or self._stop.error())
        return self._tally.report(self._messages.count, self._stop.signal)

    def _next_job(self) -> Job | None:
        if self._over:
            return None
        if self._waiting:
            return self._waiting.popleft()
        job = self._messages.next()
        if job is not None and self._tally.failed and self._settings.stop_at_failure:
            self._waiting.append(job)  # an unusable message came before it
            return None
        return job

    @property
    def _over(self) -> bool:
        """Whether no further message is to be begun."""
        if self._stop.signal is not None:
            return True
        return self._settings.stop_at_failure and self._tally.failed

    def _leave_the_rest(self, error: SMTPError | None) -> None:
        """Settle what is left when the run ends before its messages do."""
        if error is None:
            error = Interrupted("the run was stopped at the first failure")
        # What the first message waited for was tried and could not be had; the others never were.
        tried = isinstance(error, _MAY_PASS) or (
            isinstance(error, GreetingRefused) and error.reply is not None and error.reply.transient
        )
        for job in self._waiting:
            job.body.close()
            recipients = job.envelope.recipients
            outcome = Outcome.DEFERRED if tried else Outcome.UNSENT
            self._tally.untried(job.index, job.name, job.reverse_path, recipients, error, outcome)
            tried = False
        messages = self._settings.messages
        path = messages.reverse_path
        reverse_path = None if messages.from_header else "" if path is None else str(path)
        for index, name in self._messages.rest():
            self._tally.untried(
                index, name, reverse_path, messages.recipients, error, Outcome.UNSENT
            )

    # -- connections -----------------------------------------------------------------------------

    def _connect_to_any(self) -> SMTPError | None:
        """Have one session with the first server that gives one; why not, if none does."""
        for number, server in enumerate(self._client.servers, 1):
            error = self._have_session(server)
            if error is None or isinstance(error, Interrupted):
                return None
            where = _where(server)
            if number < len(self._client.servers) and isinstance(error, _ANOTHER_MAY_DO):
                self._observer.warning(where, f"{error}; trying the next server")
                continue
            self._tally.connection_failed(where, error)
            return error
        return ConnectError("no server was named")

    def _have_session(self, server: Server) -> SMTPError | None:
        """Connect, submit what there is, and close; the error if it never was ready for messages."""
        started = monotonic()
        clear = server in self._clear
        try:
            sock, endpoint = self._dial(server)
        except SMTPError as failure:
            return failure
        local_address = str(sock.getsockname()[0])
        options = self._options(server, endpoint, self._helo(local_address), clear=clear)
        engine = Engine(options)
        connection = Connection(
            sock,
            engine,
            self,
            tls=lambda: self._tls(server),
            timeout=self._client.timeout,
            tracer=self._observer if self._client.trace else None,
        )
        self._session = session = _Session(
            server, endpoint, connection, options.helo, local_address, started
        )
        close = connection.run(self._poller, self._stop.error)
        self._observer.note(f"Connection to {_where(server)} closed.")
        if close.without_chunking:
            self._chunking = False
        if session.ready:
            self._take_back(close.error, counted=not close.without_chunking)
            return None
        error = close.error or ConnectionLost("the server closed the connection")
        if self._may_go_clear(server, error):
            self._observer.warning(_where(server), f"{error}; going on without TLS")
            self._clear.add(server)
            return self._have_session(server)
        return error

    def _may_go_clear(self, server: Server, error: SMTPError) -> bool:
        """Whether a failed handshake is followed by a connection without TLS."""
        client = self._client
        broke = isinstance(error, TLSError) or (
            isinstance(error, TimedOut) and error.wait == "HANDSHAKE"
        )
        return (
            broke
            and not isinstance(error, CertificateError)
            and client.tls is TLSMode.OPPORTUNISTIC
            and not (client.tls_settings.verify or server.tls_on_connect)
        )

    def _dial(self, server: Server) -> tuple[_socket.socket, Endpoint]:
        endpoints = dial.resolve(server.host, server.port)
        seconds = self._client.connect_timeout
        if self._client.timeout is not None:
            seconds = min(seconds, self._client.timeout)
        return dial.connect(
            endpoints,
            self._poller,
            seconds=seconds,
            interrupted=self._stop.error,
            trying=lambda endpoint: self._observer.note(
                f"Trying {_where(server)} [{endpoint.host}]..."
            ),
        )

    def _options(
        self, server: Server, endpoint: Endpoint, helo: str, *, clear: bool
    ) -> SessionOptions:
        client = self._client
        return SessionOptions(
            helo=helo,
            tls=TLSMode.NONE if clear else client.tls,
            secured=server.tls_on_connect,
            loopback=endpoint.loopback,
            login=client.login,
            pipelining=client.pipelining,
            chunking=self._chunking,
            chunk_size=client.chunk_size,
            no_wait=client.no_wait,
            declare_size=client.declare_size,
            require_all=client.require_all,
            send_anyway=client.send_anyway,
            force=client.force,
            trace=client.trace,
        )

    def _helo(self, local_address: str) -> str:
        if self._hostname is None:
            return self._client.helo or ""
        return self._hostname.name(local_address)

    def _tls(self, server: Server) -> tuple[ssl.SSLContext, str]:
        from smtpwire.net.tls import make_context, server_name

        if self._context is None:
            self._context = make_context(self._client.tls_settings)
        return self._context, server_name(server.host)

    # -- what a connection asks and tells (net.connection.Owner) ----------------------------------

    def feed(self, connection: Connection) -> bool:
        """Give the connection its next message, or say that there is none."""
        if self._settings.stop_at_failure and self._flying:
            return False  # what comes next depends on what becomes of this one
        job = self._next_job()
        if job is None:
            connection.engine.finish()
            return True
        self._flying[job.index] = job
        prefix = self._received() if self._settings.received else b""
        connection.submit(job.submission(prefix), job.body, prefix)
        if self._settings.disconnect:
            connection.engine.finish()
        return True

    def happened(self, connection: Connection, event: Event) -> None:
        """Take what the connection has to tell."""
        if isinstance(event, Settled):
            job = self._flying.pop(event.result.id)
            if event.result.resend:
                self._returned.append((job, event.result))
            else:
                self._tally.settle(job, event.result)
        elif isinstance(event, Ready):
            self._is_ready(connection, event)
        elif isinstance(event, Warned):
            session = self._current()
            name = _where(session.server)
            if event.id is not None:
                name = self._flying[event.id].name
            self._observer.warning(name, event.text)

    def _current(self) -> _Session:
        assert self._session is not None, "events come from a connection, which has a session"
        return self._session

    def _is_ready(self, connection: Connection, event: Ready) -> None:
        session = self._current()
        session.ready = event
        peer = connection.peer
        if peer is not None and not peer.selected and self._client.tls_settings.ciphers:
            self._observer.warning(
                _where(session.server),
                f"the cipher suite {peer.cipher} is not one that -C selects: -C does not reach"
                " TLS 1.3, which --tls-max 1.2 turns off",
            )
        self._observer.connected(
            ConnectionInfo(
                server=session.server.host,
                port=session.server.port,
                address=session.endpoint.host,
                protocol="ESMTP" if event.capabilities.esmtp else "SMTP",
                tls_version=None if peer is None else peer.version,
                tls_cipher=None if peer is None else peer.cipher,
                verified=peer is not None and peer.verified,
                mechanism=event.mechanism,
                greeting=event.greeting,
                hello=event.hello,
                seconds=monotonic() - session.started,
            )
        )

    def _take_back(self, error: SMTPError | None, *, counted: bool) -> None:
        """Decide about the messages that a connection gave back, in their order."""
        again = []
        first = counted
        for job, result in self._returned:
            begun = any(r.outcome is not Outcome.UNSENT for r in result.recipients)
            replaceable = error is None or isinstance(error, (ConnectionLost, ServerClosing))
            if isinstance(error, Interrupted):
                self._tally.settle(job, result)
            elif begun and not replaceable:
                self._tally.settle(job, result)
            elif first and job.replaced:
                self._tally.settle(job, _deferred(result))
            else:
                job.replaced = job.replaced or first
                again.append(job)
            first = False
        self._returned.clear()
        self._waiting.extendleft(reversed(again))

    def _received(self) -> bytes:
        from time import localtime, time

        from smtpwire import __version__
        from smtpwire.message.received import received_field

        session = self._current()
        protocol = "SMTP"
        if session.ready is not None and session.ready.capabilities.esmtp:
            # RFC 3848
            protocol = "ESMTP" + ("S" if session.connection.peer else "")
            protocol += "A" if session.ready.mechanism else ""
        now = time()
        return received_field(
            helo=session.helo,
            address=session.local_address,
            program=f"smtpwire {__version__}",
            protocol=protocol,
            when=now,
            utc_offset=localtime(now).tm_gmtoff,
        )


class _Session:
    """What is known of the connection in use."""

    __slots__ = ("connection", "endpoint", "helo", "local_address", "ready", "server", "started")

    def __init__(
        self,
        server: Server,
        endpoint: Endpoint,
        connection: Connection,
        helo: str,
        local_address: str,
        started: float,
    ) -> None:
        self.server = server
        self.endpoint = endpoint
        self.connection = connection
        self.helo = helo
        self.local_address = local_address
        self.started = started
        self.ready: Ready | None = None


_MAY_PASS = (ConnectError, ConnectionLost, TimedOut, ServerClosing, RemoteProtocolError)
"""Failures to get a session that leave the message that waited for it deferred, not unsent."""

_ANOTHER_MAY_DO = (*_MAY_PASS, GreetingRefused)
"""Failures after which the next server is tried: this one could not be reached, or sent us away."""


def _where(server: Server) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"


def _deferred(result: TransactionResult) -> TransactionResult:
    """The result of a message that no connection stayed for: tried, and to be tried again."""
    recipients = tuple(r._replace(outcome=Outcome.DEFERRED) for r in result.recipients)
    return result._replace(recipients=recipients)
