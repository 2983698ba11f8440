"""How often the octets of a message are copied between the file and the socket, seen by identity.

What already is as it is sent goes out of the buffer that it was read into.  The exceptions are
small: the end of the data is joined to the last block of a large message, and to a content of a few
KiB.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from smtpwire import (
    AsyncClient,
    ClientSettings,
    MessageSettings,
    Observer,
    Outcome,
    RunSettings,
    Server,
    parse_address,
    submit,
)
from smtpwire.message.content import BLOCK
from smtpwire.net.transport import SocketTransport
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smtpwire.net.transport import Buffer
    from tests.scripted.fixtures import Start

SMALL, LARGE = 90_000, 3_000_000
COMMANDS = 4096
"""More octets than all commands together have."""
SENDER, RECIPIENT = parse_address("a@x.example"), parse_address("b@y.example")

BY_DATA = ("PIPELINING", "SIZE")
BY_BDAT = (*BY_DATA, "CHUNKING")
OFFERS = pytest.mark.parametrize("offers", [BY_DATA, BY_BDAT], ids=["DATA", "BDAT"])


class Wire:
    """What was read from files, and how much of that was handed over from where it was read to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads: list[bytes] = []
        self.handed_over: list[tuple[object, int]] = []
        """Buffers, and how many octets of each; kept, so that no two have the same identity."""
        pread, send = os.pread, SocketTransport.send

        def read(fd: int, count: int, position: int) -> bytes:
            self.reads.append(data := pread(fd, count, position))
            return data

        def note(transport: SocketTransport, buffers: Sequence[Buffer]) -> int | None:
            taken = left = send(transport, buffers)
            for buffer in buffers:
                size = min(left or 0, len(buffer))
                left = (left or 0) - size
                owner = buffer.obj if isinstance(buffer, memoryview) else buffer
                self.handed_over.append((owner, size))
            return taken

        monkeypatch.setattr(os, "pread", read)
        monkeypatch.setattr(SocketTransport, "send", note)

    def uncopied(self, *owners: bytes) -> int:
        """Octets that went out of these buffers themselves, or out of all that were read."""
        wanted = set(map(id, owners or self.reads))
        return sum(size for owner, size in self.handed_over if id(owner) in wanted)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def content(size: int, end: bytes = b"\r\n") -> bytes:
    """Lines without a dot at their beginning."""
    line = b"x" * (64 - len(end)) + end
    return line * (size // len(line))


def client(server: ModelServer) -> ClientSettings:
    return ClientSettings((Server(server.host, server.port),), helo="me.example")


def run(server: ModelServer, path: Path, *, repeat: int = 1) -> None:
    """Submit a file so many times; all of them have to be taken."""
    messages = MessageSettings([str(path)], SENDER, recipients=(RECIPIENT,), repeat=repeat)
    report = submit(RunSettings(client(server), messages), Observer())
    assert report.outcomes[Outcome.ACCEPTED] == repeat


@OFFERS
def test_a_clean_file_leaves_from_where_it_was_read_to(
    start: Start, tmp_path: Path, wire: Wire, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers))
    octets = content(SMALL)
    (path := tmp_path / "m").write_bytes(octets)
    run(server, path)
    assert wire.uncopied() == len(octets)
    assert [message.content for message in server.messages] == [octets]


@OFFERS
def test_a_large_clean_file_does_but_for_its_last_block_by_data(
    start: Start, tmp_path: Path, wire: Wire, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers))
    octets = content(LARGE)
    (path := tmp_path / "m").write_bytes(octets)
    run(server, path)
    last = LARGE % BLOCK if offers == BY_DATA else 0
    assert wire.uncopied() >= len(octets) - last
    assert [message.content for message in server.messages] == [octets]


@OFFERS
@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_a_message_that_is_sent_again_is_neither_read_nor_made_again(
    start: Start, tmp_path: Path, wire: Wire, offers: tuple[str, ...], end: bytes
) -> None:
    server = start(ModelServer(offers=offers))
    octets = content(SMALL, end)
    (path := tmp_path / "m").write_bytes(octets)
    run(server, path, repeat=5)
    sent = server.messages[0].content
    assert len(wire.reads) == 1
    owner = next(owner for owner, size in wire.handed_over if size > COMMANDS)
    assert isinstance(owner, bytes)
    assert wire.uncopied(owner) == 5 * len(sent), "all five out of one buffer"


@OFFERS
def test_octets_that_a_program_gives_leave_from_where_they_are(
    start: Start, wire: Wire, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers))
    octets = content(SMALL)

    async def main() -> None:
        async with AsyncClient(client(server)) as library:
            result = await library.submit(str(SENDER), [str(RECIPIENT)], octets)
        assert [recipient.outcome for recipient in result.recipients] == [Outcome.ACCEPTED]

    asyncio.run(main())
    assert wire.uncopied(octets) == len(octets)
