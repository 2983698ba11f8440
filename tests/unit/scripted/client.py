"""The simplest client there is: a socket, and octets."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scripted.server import Server


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """A connection to `server`, closed at the end."""
    with socket.create_connection((server.host, server.port), timeout=20) as sock:
        yield sock


def read_line(sock: socket.socket) -> bytes:
    """One line, read octet by octet so that nothing behind it is taken."""
    line = b""
    while not line.endswith(b"\n") and (octet := sock.recv(1)):
        line += octet
    return line


def read_reply(sock: socket.socket) -> bytes:
    """One whole reply, multiline or not."""
    lines = [read_line(sock)]
    while lines[-1][3:4] == b"-":
        lines.append(read_line(sock))
    return b"".join(lines)


def read_exactly(sock: socket.socket, count: int) -> bytes:
    """The next `count` octets."""
    octets = bytearray()
    while len(octets) < count and (block := sock.recv(count - len(octets))):
        octets += block
    return bytes(octets)


def read_all(sock: socket.socket) -> bytes:
    """Everything until the server's FIN."""
    blocks = []
    while block := sock.recv(1 << 16):
        blocks.append(block)
    return b"".join(blocks)


def say(sock: socket.socket, *lines: str) -> None:
    """Send `lines` with their CRLFs in one write."""
    sock.sendall("".join(f"{line}\r\n" for line in lines).encode())


def ask(sock: socket.socket, line: str) -> bytes:
    """Send one line and read the reply."""
    say(sock, line)
    return read_reply(sock)


@contextmanager
def at_fault(server: Server, complaint: str) -> Iterator[socket.socket]:
    """A connection whose client departs from the rules; `server` must have this `complaint`."""
    try:
        with connected(server) as sock:
            yield sock
        with pytest.raises(AssertionError, match=re.escape(complaint)):
            server.check()
    finally:
        server.stop()
