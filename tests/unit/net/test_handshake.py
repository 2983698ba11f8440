"""TLS on a connection: when it begins, what must not be there then, and how it ends."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Close
from smtpwire.core.session import SessionOptions, TLSMode
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    CertificateError,
    ConnectionLost,
    RemoteProtocolError,
    TimedOut,
    TLSError,
)
from tests.unit.net.played import CONTENT, END, GROUP, PIPELINING, Played, greet

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from typing import Any

    from smtpwire.net.certificate import Connection
    from tests.unit.net.peer import Peer
    from tests.unit.net.world import Worlds

STARTTLS = ("250-mail.example", "250 STARTTLS")
OPPORTUNISTIC = SessionOptions(helo="me.example", tls=TLSMode.OPPORTUNISTIC)
FROM_THE_START = SessionOptions(helo="me.example", tls=TLSMode.REQUIRED, secured=True)


def offer_tls(peer: Peer) -> Iterator[float]:
    yield from greet(peer, *STARTTLS)
    assert peer.hear() == b"STARTTLS\r\n"


def secure(peer: Peer, **how: Any) -> Iterator[float]:
    """Go on until the first EHLO inside TLS is there."""
    yield from offer_tls(peer)
    peer.say("220 go ahead")
    yield 0
    yield from peer.shake(**how)
    yield 0


def finish(peer: Peer, *last: str | bytes) -> Iterator[float]:
    """Go on with EHLO to the end of data."""
    assert peer.hear() == b"EHLO me.example\r\n"
    peer.say(*PIPELINING)
    yield 0
    assert peer.hear() == GROUP
    peer.say("250 ok", "250 ok", "354 go on")
    yield 0
    assert peer.hear() == CONTENT + END + b"QUIT\r\n"
    peer.say(*last)


def test_a_message_inside_tls(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, "250 queued", "221 bye")
        yield 0

    secured = world(server)
    played = Played(secured, options=OPPORTUNISTIC, trace=True)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]
    assert played.connection.peer is not None
    assert played.connection.peer.verified
    inside = [tls for _, _, tls in played.watcher.trace]
    assert inside == sorted(inside)
    assert ("sent", b"STARTTLS\r\n", False) in played.watcher.trace
    secured.peers[0].hear()
    assert secured.peers[0].close_notify, "RFC 8446 section 6.1"


def test_tls_from_the_start(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield 0
        yield from peer.shake()
        peer.say("220 mail.example")
        yield 0
        yield from finish(peer, "250 queued", "221 bye")
        peer.unwrap()
        peer.finish()
        yield 0

    played = Played(world(server), options=FROM_THE_START)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_a_server_that_ends_tls_without_a_word_after_its_answer(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, "250 queued")
        peer.finish()
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert played.run() == Close(None)
    assert played.outcomes == [Outcome.ACCEPTED]


def test_an_answer_that_is_cut_off_is_no_answer(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        yield from finish(peer, b"250 que")
        peer.finish()
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert isinstance(played.run().error, ConnectionLost)
    assert played.outcomes == [Outcome.UNKNOWN]


def test_plain_octets_inside_tls_break_it(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        peer.sock.send(b"250 mail.example\r\n")
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, ConnectionLost)
    assert str(error).startswith("the connection broke: ")
    assert "_ssl.c" not in str(error)


@pytest.mark.parametrize("early", ["250 forged", b"2", b"\r\n"])
@pytest.mark.parametrize("together", [True, False], ids=["in one segment", "later"])
def test_what_is_said_between_220_and_the_handshake(
    world: Worlds, early: str | bytes, together: bool
) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        if together:
            peer.say(b"220 go ahead\r\n" + (early if isinstance(early, bytes) else early.encode()))
        else:
            peer.say("220 go ahead")
            peer.say(early)
        yield 0
        assert peer.hear() == b"", "not one octet of a handshake"

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, RemoteProtocolError)


def test_what_comes_as_220_is_read(world: Worlds) -> None:
    """One recv takes the 220, and the look before the handshake finds what came behind it."""

    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        recv = played.connection._transport.recv

        def recv_one_reply() -> bytes | None:
            data = recv()
            peer.say("250 forged")
            return data

        played.connection._transport.recv = recv_one_reply  # type: ignore[method-assign] # a stand-in
        yield 0

    played = Played(world(server), options=OPPORTUNISTIC)
    assert isinstance(played.run().error, RemoteProtocolError)


def test_a_server_that_leaves_before_the_handshake(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        peer.finish()
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, TLSError)
    assert str(error) == "the server closed the connection before the TLS handshake"


def test_a_server_that_leaves_in_the_handshake(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        peer.hear()
        peer.finish()
        yield 0

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, TLSError)


@pytest.mark.parametrize("octets", [b"", b"\x16\x03\x03"])
def test_silence_in_the_handshake_has_a_limit(world: Worlds, octets: bytes) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        for octet in octets:
            peer.say(bytes([octet]))
            yield 10

    silent = world(server)
    error = Played(silent, options=OPPORTUNISTIC, timeout=25).run().error
    assert isinstance(error, TimedOut)
    assert error.wait == "HANDSHAKE"
    assert str(error) == "waited 25 seconds for the TLS handshake"
    assert silent.now == 1025


def test_a_certificate_that_is_not_accepted(world: Worlds) -> None:
    def server(peer: Peer) -> Iterator[float]:
        yield from offer_tls(peer)
        peer.say("220 go ahead")
        yield 0
        with pytest.raises(ssl.SSLError):
            yield from peer.shake("wrong name")

    error = Played(world(server), options=OPPORTUNISTIC).run().error
    assert isinstance(error, CertificateError)
    assert "it is not for localhost" in str(error)


def test_what_ssl_does_not_look_at_is_looked_at_before_anything_is_said(world: Worlds) -> None:
    """Pins and TLSA records."""

    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        assert peer.hear() == b""

    def refuse(connection: Connection) -> str:
        assert connection.version() is not None, "the handshake is done"
        raise CertificateError("another key")

    played = Played(world(server), options=OPPORTUNISTIC, prove=refuse)
    assert str(played.run().error) == "another key"
    assert played.connection.peer is None


def test_a_certificate_that_a_library_chokes_on(world: Worlds) -> None:
    """It ends this connection, and nothing else."""

    def server(peer: Peer) -> Iterator[float]:
        yield from secure(peer)
        assert peer.hear() == b""

    def choke(_connection: Connection) -> str:
        raise LookupError("what a library may raise")

    error = Played(world(server), options=OPPORTUNISTIC, prove=choke).run().error
    assert isinstance(error, CertificateError)
    assert str(error) == (
        "the certificate of the server is not accepted: it cannot be read (LookupError)"
    )


def test_a_connection_that_ended_before_tls_could_take_it(world: Worlds) -> None:
    """`ssl` looks at the socket when it is given it, and may find that nobody is there."""

    def server(peer: Peer) -> Iterator[float]:
        yield 0
        raise AssertionError("nothing is waited for")

    class Refuses(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *args: object, **how: object) -> ssl.SSLSocket:
            sock.close()
            raise ConnectionResetError(104, "Connection reset by peer")

    context = Refuses(ssl.PROTOCOL_TLS_CLIENT)
    error = Played(world(server), options=FROM_THE_START, context=context).run().error
    assert isinstance(error, TLSError)
