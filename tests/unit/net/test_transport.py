"""Octets in and out of a socket, in the clear and inside TLS; nothing blocks."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, cast

import pytest

from smtpwire.net.transport import RECORD, SocketTransport, TLSTransport
from tests.unit.net.peer import Peer, client_context

if TYPE_CHECKING:
    from collections.abc import Iterator

TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3


class Ends:
    """A client's socket, and a server."""

    def __init__(self, stack: ExitStack) -> None:
        ours, theirs = map(stack.enter_context, socket.socketpair())
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 20_000)
        self.ours = ours
        self.peer = Peer(theirs)
        self._stack = stack

    def tls(self) -> TLSTransport:
        """A transport inside TLS, before its handshake."""
        transport = TLSTransport(self.ours, client_context(), "localhost")
        self._stack.enter_context(closing(transport))
        return transport

    def shaken(self, maximum: ssl.TLSVersion = TLS_1_3) -> TLSTransport:
        """A transport whose handshake is done."""
        transport = self.tls()
        server = self.peer.shake(maximum=maximum)
        while (want := transport.handshake()) is not None:
            assert want == "read"
            next(server, None)
        for _ in server:
            pass
        return transport


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(stack)


def test_in_the_clear(ends: Ends) -> None:
    ours, peer = ends.ours, ends.peer
    transport = SocketTransport(ours)
    assert not transport.tls
    assert transport.fileno() == ours.fileno()
    assert transport.recv() is None
    assert transport.send([b"EHLO ", memoryview(b"me\r\n"), b""]) == 9
    assert peer.hear() == b"EHLO me\r\n"
    peer.say("250 ok")
    assert transport.recv() == b"250 ok\r\n"
    peer.finish()
    assert transport.recv() == b""
    transport.close()
    assert transport.fileno() == -1


def test_in_the_clear_what_does_not_fit_is_not_taken(ends: Ends) -> None:
    ours, peer = ends.ours, ends.peer
    transport = SocketTransport(ours)
    taken = transport.send([b"x" * 1_000_000])
    assert taken is not None
    assert 0 < taken < 1_000_000
    assert transport.send([b"x"]) is None
    assert len(peer.hear()) == taken


def test_in_the_clear_a_break_is_an_error(ends: Ends) -> None:
    ours, peer = ends.ours, ends.peer
    peer.vanish()
    with pytest.raises(BrokenPipeError):
        SocketTransport(ours).send([b"x"])


@pytest.mark.parametrize("maximum", [TLS_1_2, TLS_1_3])
def test_inside_tls(ends: Ends, maximum: ssl.TLSVersion) -> None:
    transport = ends.shaken(maximum)
    peer = ends.peer
    assert transport.tls
    assert transport.connection.version() == maximum.name.replace("_", ".")
    assert transport.recv() is None, "session tickets are not data"
    assert transport.send([b"EHLO ", memoryview(b"me\r\n"), b""]) == 9
    assert peer.hear() == b"EHLO me\r\n"
    peer.say("250 ok")
    assert transport.recv() == b"250 ok\r\n"
    transport.close()
    assert transport.fileno() == -1


def test_half_a_record_is_nothing_yet(ends: Ends) -> None:
    transport = ends.shaken()
    peer = ends.peer
    transport.recv()
    record = peer.encrypt(b"250 ok\r\n")
    for octet in record[:-1]:
        peer.sock.send(bytes([octet]))
        assert transport.recv() is None
    peer.sock.send(record[-1:])
    assert transport.recv() == b"250 ok\r\n"


def test_nothing_is_left_inside_openssl(ends: Ends) -> None:
    """Or polling the socket would not tell of it."""
    transport = ends.shaken()
    peer = ends.peer
    transport.recv()
    peer.say(b"x" * RECORD, b"y" * 10)
    assert transport.recv() == b"x" * RECORD
    assert transport.connection.pending() == 0
    assert transport.recv() == b"y" * 10


class Sending:
    """Stands in for an `ssl.SSLSocket`, takes so many records, and fails then."""

    def __init__(self, takes: int, error: Exception) -> None:
        self.records: list[bytes | memoryview] = []
        self._takes = takes
        self._error = error

    def send(self, data: bytes | memoryview) -> int:
        if len(self.records) == self._takes:
            raise self._error
        self.records.append(data)
        return len(data)

    def close(self) -> None:
        """Nothing is open."""


def sending(ends: Ends, takes: int = 100, error: Exception | None = None) -> TLSTransport:
    """A transport that only takes a note of so many records, and fails then."""
    transport = ends.tls()
    transport.connection.close()
    stub = Sending(takes, error or AssertionError("it sends too much"))
    transport.connection = cast("ssl.SSLSocket", stub)
    return transport


def records(transport: TLSTransport) -> list[bytes | memoryview]:
    return cast("Sending", transport.connection).records


@pytest.mark.parametrize("sizes", [[5], [RECORD - 1], [RECORD], [RECORD + 1], [100_000, 9, 70_000]])
@pytest.mark.parametrize("before", [[], [b"MAIL\r\n", b"RCPT\r\n"]])
def test_as_many_records_as_fit_and_all_full_but_the_last(
    ends: Ends, sizes: list[int], before: list[bytes]
) -> None:
    buffers = [*before, *(bytes([65 + number]) * size for number, size in enumerate(sizes))]
    together = b"".join(buffers)
    transport = sending(ends)
    assert transport.send(buffers) == len(together)
    assert b"".join(records(transport)) == together
    lengths = list(map(len, records(transport)))
    assert set(lengths[:-1]) <= {RECORD}
    assert lengths[-1] <= RECORD


@pytest.mark.parametrize("takes", [0, 1, 2])
def test_what_did_not_fit_is_given_again(ends: Ends, takes: int) -> None:
    transport = sending(ends, takes, ssl.SSLWantWriteError())
    assert transport.send([b"x" * 1_000_000]) == (takes * RECORD or None)


def test_a_record_within_one_buffer_is_not_copied(ends: Ends) -> None:
    transport = sending(ends)
    block = b"x" * (3 * RECORD)
    transport.send([b"BDAT 49152 LAST\r\n", block])
    views = [record for record in records(transport) if isinstance(record, memoryview)]
    assert [view.obj is block for view in views] == [True, True, True]
    assert len(records(transport)) == 4


def test_what_was_sent_before_a_break_is_told_before_it(ends: Ends) -> None:
    transport = sending(ends, 1, ConnectionResetError("gone"))
    block = b"x" * (2 * RECORD)
    assert transport.send([block]) == RECORD
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            transport.send([block[RECORD:]])


def test_what_is_sent_again_after_it_did_not_fit_arrives_once(
    ends: Ends,
) -> None:
    """OpenSSL has encrypted it by then, and wants to be given the same again, or more."""
    transport = ends.shaken()
    peer = ends.peer
    sent = b""
    block = b"0123456789" * 200
    heard = b""
    for _ in range(50):
        taken = transport.send([block])
        if taken is None:
            heard += peer.hear()
            taken = transport.send([bytes(block), b"and more"])
            assert taken == len(block) + len("and more")
            sent += block + b"and more"
        else:
            sent += block[:taken]
    heard += peer.hear()
    assert heard == sent
    assert b"and more" in sent


def test_an_end_without_close_notify_is_an_end(ends: Ends) -> None:
    transport = ends.shaken()
    peer = ends.peer
    peer.say("250 ok")
    peer.finish()
    assert transport.recv() == b"250 ok\r\n"
    assert transport.recv() == b""


def test_close_notify_is_an_end(ends: Ends) -> None:
    transport = ends.shaken()
    peer = ends.peer
    peer.say("221 bye")
    peer.unwrap()
    assert transport.recv() == b"221 bye\r\n"
    assert transport.recv() == b""


def test_octets_in_the_clear_inside_tls_are_an_error(ends: Ends) -> None:
    transport = ends.shaken()
    transport.recv()
    ends.peer.sock.send(b"250 this is not a record\r\n")
    with pytest.raises(ssl.SSLError):
        transport.recv()


def test_goodbye_is_close_notify(ends: Ends) -> None:
    transport = ends.shaken()
    peer = ends.peer
    transport.recv()
    transport.say_goodbye()
    assert peer.hear() == b""
    assert peer.close_notify


def test_goodbye_to_nobody_is_no_error(ends: Ends) -> None:
    transport = ends.shaken()
    ends.peer.vanish()
    transport.say_goodbye()
    transport.close()


class Renegotiating:
    """Stands in for an `ssl.SSLSocket` on which the server begins a second handshake."""

    def __init__(self) -> None:
        self.writes: list[type[ssl.SSLError] | None] = [ssl.SSLWantReadError, None]
        self.shakes = [ssl.SSLWantWriteError, ssl.SSLWantReadError, None]

    def send(self, data: bytes) -> int:
        if (error := self.writes.pop(0)) is not None:
            raise error
        return len(data)

    def recv(self, octets: int) -> bytes:
        raise ssl.SSLWantReadError

    def close(self) -> None:
        """Nothing is open."""

    def do_handshake(self) -> None:
        if (error := self.shakes.pop(0)) is not None:
            raise error


def test_a_write_that_waits_for_input_is_not_tried_before_it(
    ends: Ends,
) -> None:
    transport = ends.shaken()
    with transport.connection:
        transport.connection = cast("ssl.SSLSocket", Renegotiating())
        steps = (
            lambda: transport.send([b"MAIL\r\n"]),
            transport.recv,
            lambda: transport.send([b"MAIL\r\n"]),
        )
        told = [(step(), transport.deaf) for step in steps]
        assert told == [(None, True), (None, False), (6, False)]


def test_a_handshake_says_what_it_waits_for(ends: Ends) -> None:
    transport = ends.tls()
    with transport.connection:
        transport.connection = cast("ssl.SSLSocket", Renegotiating())
        assert [transport.handshake() for _ in range(3)] == ["write", "read", None]
