"""The driver for asyncio and TLS."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Close
from smtpwire.core.session import Login
from smtpwire.core.transaction import Outcome
from smtpwire.errors import CertificateError, RemoteProtocolError, SMTPError, TimedOut, TLSError
from tests.scripted import Close as Fin
from tests.scripted import (
    Expect,
    ExpectEnd,
    ModelServer,
    ReadOctets,
    Reset,
    Script,
    Send,
    Stall,
    StartTLS,
)
from tests.unit.net.asyncplayed import (
    CONTENT,
    EHLO,
    OPENING,
    OPTIONS,
    TLS,
    WIRE,
    Owner,
    begin,
    play,
)

if TYPE_CHECKING:
    from typing import Any

    from tests.scripted.fixtures import MakeScripted, Start


@pytest.mark.parametrize("on_connect", [False, True])
def test_a_login_is_bound_to_the_connection(on_connect: bool, start: Start) -> None:
    name = "SCRAM-SHA-256-PLUS"
    server = start(
        ModelServer(
            offers=(f"AUTH {name}", "STARTTLS"),
            users={"me": "secret"},
            binds=True,
            tls_on_connect=on_connect,
        )
    )
    login = Login("me", lambda: "secret", (name,))
    options = TLS._replace(secured=on_connect, login=login, nonce="abcdefgh")
    _, owner = play(server, options=options)
    assert owner.outcomes == [Outcome.ACCEPTED]
    assert server.messages[0].user == "me"


@pytest.mark.parametrize("on_connect", [False, True])
def test_tls(on_connect: bool, start: Start) -> None:
    server = start(
        ModelServer(offers=("PIPELINING", "CHUNKING", "STARTTLS"), tls_on_connect=on_connect)
    )
    options = TLS._replace(secured=on_connect, trace=True)
    large = (b"x" * 70 + b"\r\n") * 20_000
    close, owner = play(server, CONTENT, large, CONTENT, options=options)
    assert close == Close(None)
    assert owner.outcomes == [Outcome.ACCEPTED] * 3
    assert [(m.content, m.tls) for m in server.messages] == [(c, True) for c in (WIRE, large, WIRE)]
    assert owner.connection.peer is not None
    assert owner.connection.peer.verified
    assert owner.trace[-1] == ("reply", 221, True)


def test_tls_is_ended_by_the_book(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "stays after QUIT",
            StartTLS(),
            *OPENING,
            Expect("QUIT"),
            Send("221 bye"),
            ExpectEnd(),
        )
    )

    async def main() -> Close:
        owner = Owner()
        await begin(server, owner, OPTIONS._replace(secured=True))
        return await owner.ended

    assert asyncio.run(main()) == Close(None)
    assert server.connections[0].close_notify


@pytest.mark.parametrize("on_connect", [False, True])
def test_a_certificate_for_somebody_else(on_connect: bool, start: Start) -> None:
    server = start(
        ModelServer(
            offers=("STARTTLS",),
            starttls=StartTLS(certificate="wrong name"),
            tls_on_connect=on_connect,
        )
    )
    close, owner = play(server, options=TLS._replace(secured=on_connect))
    assert isinstance(close.error, CertificateError)
    assert "it is not for localhost but for 'elsewhere.example'" in str(close.error)
    assert owner.given == 0


STARTTLS = (*EHLO, Send("250-mail.example\n250 STARTTLS"), Expect("STARTTLS"))


@pytest.mark.parametrize(
    ("sentence", "steps", "error", "text"),
    [
        ("closes", (*STARTTLS, Fin("220 go on")), TLSError, "closed the connection before"),
        (
            "says more behind 220",
            (*STARTTLS, Send("220 go on\n250 gotcha"), ExpectEnd()),
            RemoteProtocolError,
            "octets followed the reply to STARTTLS",
        ),
        (
            "speaks no TLS",
            (*STARTTLS, Send("220 go on"), ReadOctets(50), Send("500 what?"), Stall()),
            TLSError,
            "what the server sent is not TLS",
        ),
        ("resets", (*STARTTLS, Reset("220 go on")), SMTPError, ""),
    ],
    ids=["FIN", "more", "no TLS", "reset"],
)
def test_no_handshake(
    sentence: str,
    steps: tuple[Any, ...],
    error: type[SMTPError],
    text: str,
    scripted: MakeScripted,
) -> None:
    server = scripted(Script(sentence, *steps))
    close, owner = play(server, options=TLS)
    assert isinstance(close.error, error)
    assert text in str(close.error)
    assert owner.given == 0


def test_a_handshake_has_its_time(scripted: MakeScripted) -> None:
    server = scripted(Script("is silent at the handshake", *STARTTLS, Send("220 go on"), Stall()))
    close, _ = play(server, options=TLS, timeout=0.2)
    assert isinstance(close.error, TimedOut)
    assert close.error.wait == "HANDSHAKE"
