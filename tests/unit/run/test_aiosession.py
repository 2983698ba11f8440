"""How one server is reached from asyncio."""

from __future__ import annotations

import asyncio
import socket
import threading
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Discovery, Login, Server, TLSMode, TLSSettings
from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Envelope, Outcome, Submission, TransactionResult
from smtpwire.errors import (
    AuthFailed,
    CertificateError,
    ConnectError,
    ConnectionLost,
    GreetingRefused,
    SMTPError,
    TLSError,
)
from smtpwire.message.memory import body_of
from smtpwire.net.dial import endpoints
from smtpwire.run import aiosession, finder
from smtpwire.run.aiosession import AsyncSessions
from tests.scripted import (
    Close,
    Expect,
    Hold,
    ModelServer,
    ReadOctets,
    Script,
    Send,
    Stall,
    StartTLS,
    authority,
)
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    from smtpwire.core import event
    from smtpwire.net.aio import AsyncConnection
    from smtpwire.net.dial import Endpoint
    from smtpwire.net.trust import Trust
    from tests.scripted import Server as Scripted
    from tests.scripted.fixtures import MakeScripted, Start

    Warn: TypeAlias = Callable[[str, str], None]

ENVELOPE = Envelope(parse_address("a@x"), (parse_address("b@y"),))


class Desk:
    """Has one message, or none."""

    def __init__(self, content: bytes | None = b"a\n") -> None:
        self.content = content
        self.results: list[TransactionResult] = []
        self.over: asyncio.Future[event.Close] = asyncio.get_running_loop().create_future()
        self.is_ready = False

    def ready(self, connection: AsyncConnection) -> None:
        self.is_ready = not connection.over

    def feed(self, connection: AsyncConnection, *, ahead: bool) -> bool:
        content, self.content = self.content, None
        if content is None:
            connection.engine.finish()
        else:
            body = body_of(content, name="m")
            assert body.facts is not None
            size, eightbit = body.facts.size, body.facts.eightbit
            connection.submit(Submission(7, ENVELOPE, size, size, eightbit), body)
        return True

    def settled(self, result: TransactionResult) -> None:
        self.results.append(result)

    def name_of(self, number: int) -> str:
        return f"message {number}"

    def closed(self, close: event.Close) -> None:
        self.over.set_result(close)


def settings(server: Scripted, *, tls_on_connect: bool = False) -> ClientSettings:
    return ClientSettings((Server(server.host, server.port, tls_on_connect),), helo="me.example")


def have(client: ClientSettings, watcher: Watcher, content: bytes | None = b"a\n") -> Desk:
    """Have one session to its end."""

    async def main() -> Desk:
        desk = Desk(content)
        await AsyncSessions(client, watcher).open(client.servers[0], desk)
        assert desk.is_ready
        await desk.over
        return desk

    return asyncio.run(main())


def test_a_session(start: Start) -> None:
    server, watcher = start(ModelServer()), Watcher()
    desk = have(settings(server), watcher)
    assert [r.recipients[0].outcome for r in desk.results] == [Outcome.ACCEPTED]
    [info] = watcher.connections
    assert (info.server, info.port, info.address) == ("127.0.0.1", server.port, "127.0.0.1")
    assert (info.protocol, info.tls_version, info.mechanism) == ("ESMTP", None, None)
    assert watcher.notes == [
        f"Trying {server.address} [127.0.0.1]...",
        f"Connection to {server.address} closed.",
    ]


def test_all_that_was_asked_for_is_done(start: Start, ca_file: Path) -> None:
    server = start(
        ModelServer(offers=("STARTTLS", "AUTH PLAIN", "PIPELINING"), users={"me": "secret"})
    )
    client = settings(server)._replace(
        tls=TLSMode.REQUIRED,
        tls_settings=TLSSettings(verify=True, ca_file=str(ca_file)),
        login=Login("me", lambda: "secret"),
        trace=True,
    )
    watcher = Watcher()
    have(client, watcher)
    [info] = watcher.connections
    assert info.verified_by == "CA"
    assert info.mechanism == "PLAIN"
    [message] = server.messages
    assert (message.tls, message.user, message.by) == (True, "me", "DATA")


def test_a_login_is_bound_to_the_connection(start: Start) -> None:
    name = "SCRAM-SHA-256-PLUS"
    server = start(
        ModelServer(offers=("STARTTLS", f"AUTH {name}"), users={"me": "secret"}, binds=True)
    )
    login = Login("me", lambda: "secret")
    have(settings(server)._replace(tls=TLSMode.REQUIRED, login=login), Watcher())
    assert server.messages[0].user == "me"
    [said] = [line for line in server.connections[0].commands if line.startswith("AUTH ")]
    assert b64decode(said.split()[2]).startswith(b"p=tls-exporter,,")


def test_the_name_of_the_host_is_found(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def name(self, address: str) -> str:
            return f"[{address}]"

    monkeypatch.setattr(aiosession, "find_host_name", Found)
    server = start(ModelServer())
    have(settings(server)._replace(helo=None), Watcher(), None)
    assert server.connections[0].commands[0] == "EHLO [127.0.0.1]"


def test_warnings_say_what_they_are_about(start: Start) -> None:
    server, watcher = start(ModelServer(offers=())), Watcher()
    have(settings(server), watcher, "é\n".encode())
    [(where, _)] = watcher.warnings
    assert where == "message 7"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script("refuses", Send("554 no"), Expect("QUIT"), Send("221 bye")), GreetingRefused),
        (Script("closes", Close()), ConnectionLost),
        (Script("closes behind EHLO", Send("220 x"), Expect("EHLO"), Close()), ConnectionLost),
    ],
    ids=lambda value: value.sentence if isinstance(value, Script) else "",
)
def test_no_session(script: Script, error: type[SMTPError], scripted: MakeScripted) -> None:
    with pytest.raises(error):
        have(settings(scripted(script)), Watcher())


def test_no_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = Server("127.0.0.1", unused.getsockname()[1])
        with pytest.raises(ConnectError):
            have(ClientSettings((server,), helo="me.example", timeout=5), Watcher())


def test_a_login_that_is_refused(start: Start) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    with pytest.raises(AuthFailed):
        have(settings(server)._replace(login=Login("me", lambda: "wrong")), Watcher())


NO_TLS = Script(
    "breaks the handshake",
    Send("220 x"),
    Expect("EHLO"),
    Send("250-x\n250 STARTTLS"),
    Expect("STARTTLS"),
    Send("220 go on"),
    ReadOctets(50),
    Send(b"this is no TLS record\r\n"),
    Stall(),
)
IN_THE_CLEAR = Script(
    "has no need of TLS",
    Send("220 x"),
    Expect("EHLO"),
    Send("250-x\n250 STARTTLS"),
    Expect("QUIT"),
    Send("221 bye"),
)


def test_it_goes_on_in_the_clear_where_tls_was_a_wish(scripted: MakeScripted) -> None:
    server, watcher = scripted(NO_TLS, IN_THE_CLEAR), Watcher()
    have(settings(server)._replace(tls=TLSMode.OPPORTUNISTIC), watcher, None)
    [(_, text)] = watcher.warnings
    assert text.endswith("; going on without TLS")


def test_it_does_not_where_tls_was_required(start: Start) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("wrong name")))
    client = settings(server)._replace(tls=TLSMode.REQUIRED, tls_settings=TLSSettings(verify=True))
    authority()
    with pytest.raises(CertificateError):
        have(client, Watcher())


def test_a_suite_that_the_cipher_string_does_not_reach_is_told(start: Start, ca_file: Path) -> None:
    server, watcher = start(ModelServer(offers=("STARTTLS",))), Watcher()
    tls = TLSSettings(ciphers="ECDHE+AESGCM", ca_file=str(ca_file))
    have(settings(server)._replace(tls=TLSMode.REQUIRED, tls_settings=tls), watcher)
    ((_, text),) = watcher.warnings
    assert text.startswith("the cipher suite TLS_")


def test_a_certificate_with_a_date_that_is_none(start: Start) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("no date")))
    have(settings(server)._replace(tls=TLSMode.REQUIRED), Watcher())
    (message,) = server.messages
    assert message.tls


def test_a_session_that_is_not_wanted_any_more(scripted: MakeScripted) -> None:
    hold = Hold(threading.Event())
    server = scripted(Script("does not greet", hold, Stall()))

    async def main() -> None:
        client = settings(server)
        desk = Desk()
        opening = asyncio.create_task(
            AsyncSessions(client, Watcher()).open(client.servers[0], desk)
        )
        assert await asyncio.to_thread(hold.reached.wait, 20)
        hold.release.set()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert not desk.is_ready

    asyncio.run(main())
    assert server.connections[0].received == b""


def test_tls_that_is_not_there(start: Start) -> None:
    server = start(ModelServer(tls_on_connect=True, starttls=StartTLS("self-signed")))
    client = settings(server, tls_on_connect=True)
    verified = client._replace(tls_settings=TLSSettings(verify=True))
    with pytest.raises(TLSError):
        have(verified, Watcher())


class Finder:
    """Stands in for the one that asks the DNS: tries a policy, and warns of something."""

    def __init__(self, client: ClientSettings, *_: object, warn: Warn, **how: object) -> None:
        self._client = client
        self._warn = warn

    def servers(self) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        self._warn("example.org", "odd")
        return list(self._client.servers), []

    def reach(self, server: Server, asked: Trust) -> tuple[list[Endpoint], Trust]:
        tried = asked._replace(
            mode=TLSMode.REQUIRED, verify=True, testing="example.org", otherwise=asked
        )
        return endpoints([server.host], server.port), tried


def test_servers_are_looked_up_aside(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "Finder", Finder)
    server, watcher = start(ModelServer()), Watcher()
    client = settings(server)._replace(discovery=Discovery(mx=True, mta_sts=True))

    async def main() -> None:
        sessions = AsyncSessions(client, watcher)
        assert await sessions.find() == ([*client.servers], [])
        desk = Desk()
        await sessions.open(client.servers[0], desk)
        await desk.over

    asyncio.run(main())
    assert len(server.messages) == 1
    odd, going_on = watcher.warnings
    assert odd == ("example.org", "odd")
    assert going_on[1].endswith("; going on, since the MTA-STS policy of example.org is in testing")
