"""The fast sink counts what it gets, however it is cut."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.errors import Unavailable
from benchmarks.servers import Csink
from benchmarks.tools import Tools
from benchmarks.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SESSION = (
    b"EHLO me\r\n"
    b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nDATA\r\n"
    b"one\r\n..two\r\n.three\r\n\r\n.\r\n"
    b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n.\r\n"
    b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 5\r\n.\r\nabBDAT 0 LAST\r\n"
    b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 6 LAST\r\nx\ny\rz\r"
    b"NONSENSE\r\nRSET\r\nQUIT\r\n"
)
CONTENT = len(b"one\r\n..two\r\n.three\r\n\r\n.\r\n") + len(b".\r\n") + 5 + 6
CODES = "220 250 250 250 250 354 250 250 250 354 250 250 250 250 250 250 250 250 500 250 221"


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(Tools(tmp_path), [sys.executable]) as made:
        try:
            made.tools.instrument("csink")
        except Unavailable as error:
            if os.environ.get("SMTPWIRE_REQUIRE_SERVERS") == "1":
                raise
            pytest.skip(str(error))
        yield made


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 64, len(SESSION)])
def test_a_session_in_pieces(workshop: Workshop, piece: int) -> None:
    sink = Csink(workshop, counting=True)
    with socket.create_connection(sink.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(SESSION), piece):
            client.sendall(SESSION[at : at + piece])
        with client.makefile("rb") as replies:
            lines = [line for line in replies if line[3:4] == b" "]
    assert b" ".join(line[:3] for line in lines).decode() == CODES
    totals = sink.stop().totals
    assert totals.pop("commands") == 18
    assert totals == {
        "connections": 1,
        "messages": 4,
        "data": 2,
        "bdat": 2,
        "chunks": 3,
        "recipients": 5,
        "octets": CONTENT,
        "unknown": 1,
        "bare_cr": 2,
        "bare_lf": 1,
    }


def test_many_connections_at_once(workshop: Workshop) -> None:
    sink = Csink(workshop, counting=False)
    clients = []
    try:
        for _ in range(500):
            clients.append(socket.create_connection(sink.address))  # noqa: PERF401 - all are closed
        for client in clients:
            client.sendall(b"QUIT\r\n")
        for client in clients:
            with client.makefile("rb") as replies:
                assert [line[:3] for line in replies] == [b"220", b"221"]
    finally:
        for client in clients:
            client.close()
    assert sink.stop().totals["connections"] == 500
