"""How a server is reached, and what is told of it."""

from __future__ import annotations

import os
import signal
import ssl
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Login, Server, TLSSettings
from smtpwire.core.session import TLSMode
from smtpwire.core.transaction import Outcome
from smtpwire.errors import TLSError
from smtpwire.net import dial
from tests.scripted.certificates import authority
from tests.unit.run.conftest import ENDPOINT, MAIL
from tests.unit.run.servers import Obedient, refusing_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from tests.unit.net.peer import Peer
    from tests.unit.run.conftest import MakeRun

LOCAL = Server("localhost", 25)


class Inside:
    """A server that shakes hands before it serves."""

    def __init__(
        self,
        server: Obedient,
        *,
        starttls: bool = True,
        maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        self._server = server
        self._starttls = starttls
        self._maximum = maximum

    def __call__(self, peer: Peer) -> Iterator[float]:
        if self._starttls:
            peer.say("220 mail.example")
            yield 0
            peer.say("250-mail.example", "250 STARTTLS")
            yield 0
            peer.hear()
            peer.say("220 go on")
        yield 0
        yield from peer.shake(maximum=self._maximum)
        yield 0
        if self._starttls:
            self._server.greeted = True
        yield from self._server(peer)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return str(path)


def client(**settings: Any) -> ClientSettings:
    plain = ClientSettings(servers=(LOCAL,), helo="me.example")
    return plain._replace(**settings)


def test_a_connection_in_the_clear(run: MakeRun) -> None:
    submission = run(Obedient())
    submission()
    (info,) = submission.watcher.connections
    assert (info.server, info.port, info.address) == ("mail.example", 25, "192.0.2.1")
    assert (info.protocol, info.tls_version, info.tls_cipher) == ("ESMTP", None, None)
    assert info.verified_by == ""
    assert info.mechanism is None
    assert info.greeting.code == 220
    assert info.hello.text == "mail.example"
    assert info.seconds >= 0


def test_a_server_that_knows_only_helo(run: MakeRun) -> None:
    server = Obedient(EHLO=["502 what?"])
    submission = run(server)
    submission(received=True)
    assert submission.watcher.connections[0].protocol == "SMTP"
    assert b"with SMTP;" in server.contents[0].replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")


@pytest.mark.parametrize("starttls", [True, False])
def test_a_connection_inside_tls(run: MakeRun, ca_file: str, starttls: bool) -> None:
    server = Obedient("AUTH PLAIN", AUTH=["235 welcome"])
    submission = run(Inside(server, starttls=starttls))
    login = Login("me", lambda: "secret")
    settings = client(
        tls=TLSMode.REQUIRED,
        tls_settings=TLSSettings(verify=True, ca_file=ca_file),
        login=login,
        servers=(LOCAL._replace(tls_on_connect=not starttls),),
    )
    submission(client=settings, received=True)
    (info,) = submission.watcher.connections
    assert info.verified_by == "CA"
    assert info.tls_version == "TLSv1.3"
    assert info.tls_cipher is not None
    assert info.mechanism == "PLAIN"
    assert b"with ESMTPSA" in server.contents[0]


@pytest.mark.parametrize(
    ("ciphers", "maximum", "warned"),
    [
        ("ECDHE+AESGCM", ssl.TLSVersion.TLSv1_3, True),
        ("ECDHE+AESGCM", ssl.TLSVersion.TLSv1_2, False),
        (None, ssl.TLSVersion.TLSv1_3, False),
    ],
)
def test_a_cipher_suite_that_was_not_asked_for(
    run: MakeRun, ciphers: str | None, maximum: ssl.TLSVersion, warned: bool
) -> None:
    submission = run(Inside(Obedient(), maximum=maximum))
    submission(client=client(tls=TLSMode.REQUIRED, tls_settings=TLSSettings(ciphers=ciphers)))
    assert submission.watcher.outcomes == ["m0 accepted"]
    assert [where for where, _ in submission.watcher.warnings] == ["localhost:25"] * warned


def test_one_context_serves_all_connections(run: MakeRun, ca_file: str) -> None:
    """The CA file is read once, so it may be gone when the second connection is made."""
    submission = run(
        Inside(Obedient(END=[lambda peer: _say_and_unlink(peer, ca_file)])), Inside(Obedient())
    )
    settings = TLSSettings(verify=True, ca_file=ca_file)
    report = submission(
        2, client=client(tls=TLSMode.REQUIRED, tls_settings=settings), disconnect=True
    )
    assert report.outcomes[Outcome.ACCEPTED] == 2


def _say_and_unlink(peer: Peer, path: str) -> None:
    peer.say("250 queued")
    os.unlink(path)


def test_without_a_name_for_ehlo_the_host_has_one(
    run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Found:
        def name(self, address: str) -> str:
            asked.append(address)
            return "found.example"

    monkeypatch.setattr("smtpwire.run.session.find_host_name", Found)
    server = Obedient()
    run(server)(client=client(helo=None))
    assert server.lines[0] == "EHLO found.example"
    assert asked == ["192.0.2.7"]


def test_a_warning_of_the_engine_names_the_message(run: MakeRun) -> None:
    submission = run(Obedient())
    with open(submission.names[0], "ab") as file:
        file.write("ä\n".encode())
    submission()
    ((where, text),) = submission.watcher.warnings
    assert where == submission.names[0]
    assert "8BITMIME" in text


@pytest.mark.parametrize(
    ("timeout", "connect_timeout", "seconds"),
    [(None, 30.0, 30.0), (5.0, 30.0, 5.0), (50.0, 7.0, 7.0)],
)
def test_the_time_for_connecting(
    run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    timeout: float | None,
    connect_timeout: float,
    seconds: float,
) -> None:
    submission = run(Obedient())
    given: list[float] = []
    connect = dial.connect

    def noting(*args: Any, **how: Any) -> None:
        given.append(how["seconds"])
        how["trying"](ENDPOINT)
        connect(*args, **how)

    monkeypatch.setattr(dial, "connect", noting)
    submission(client=client(servers=(MAIL,), timeout=timeout, connect_timeout=connect_timeout))
    assert given == [seconds]
    assert submission.watcher.notes[0] == "Trying mail.example:25 [192.0.2.1]..."


def test_a_trace_shows_every_line(run: MakeRun) -> None:
    submission = run(Obedient())
    sent: list[bytes] = []

    def note(line: bytes, *, tls: bool, secret: bool) -> None:
        sent.append(line)

    submission.watcher.sent = note  # type: ignore[method-assign] # a stand-in
    submission(client=client(trace=True))
    assert sent[0] == b"EHLO me.example\r\n"
    assert sent[-1] == b"QUIT\r\n"


def test_a_signal_in_the_handshake(run: MakeRun) -> None:
    def interrupted(peer: Peer) -> Iterator[float]:
        peer.say("220 mail.example")
        yield 0
        peer.say("250-mail.example", "250 STARTTLS")
        yield 0
        peer.say("220 go on")
        yield 0
        submission.stop.signal = signal.SIGTERM
        yield 0

    submission = run(interrupted)
    report = submission(client=client(tls=TLSMode.OPPORTUNISTIC))
    assert report.problems == ()
    assert submission.watcher.warnings == [], "nobody goes on in the clear"


def opportunistic(**more: Any) -> ClientSettings:
    settings = ClientSettings(servers=(MAIL,), helo="me.example", tls=TLSMode.OPPORTUNISTIC)
    return settings._replace(**more)


# -- TLS that fails --------------------------------------------------------------------------------


def test_a_failed_handshake_is_followed_by_a_connection_in_the_clear(run: MakeRun) -> None:
    second, third = Obedient("STARTTLS"), Obedient("STARTTLS")
    submission = run(refusing_tls, second, third)
    report = submission(2, client=opportunistic(), disconnect=True)
    assert report.outcomes[Outcome.ACCEPTED] == 2
    assert "STARTTLS" not in second.verbs + third.verbs
    (warning,) = submission.watcher.warnings
    assert warning[0] == "mail.example:25"
    assert warning[1].endswith("; going on without TLS")


def test_silence_in_the_handshake_too(run: MakeRun) -> None:
    def silent(peer: Peer) -> Iterator[float]:
        steps = refusing_tls(peer)
        for _ in range(3):
            yield next(steps)

    submission = run(silent, Obedient("STARTTLS"))
    assert submission(client=opportunistic(timeout=30.0)).outcomes[Outcome.ACCEPTED] == 1
    assert submission.world.now == 1030


@pytest.mark.parametrize("tls", [TLSMode.REQUIRED, TLSMode.OPPORTUNISTIC])
def test_not_where_tls_is_required(run: MakeRun, tls: TLSMode) -> None:
    verify = opportunistic().tls_settings._replace(verify=tls is TLSMode.OPPORTUNISTIC)
    submission = run(refusing_tls)
    report = submission(client=opportunistic(tls=tls, tls_settings=verify))
    assert submission.watcher.outcomes == ["m0 unsent"]
    assert isinstance(report.problems[0].error, TLSError)
