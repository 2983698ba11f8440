"""Servers that send without end, in the clear and inside TLS: 256 MB of it takes a bounded memory.

What answers a command without end, in the clear, is group A of the faults (8, 9 and 11), and what
answers QUIT is 169.  The client may leave at once, and mostly does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import failure, succeeded
from tests.faults.peak import MORE, measured, usual_peak
from tests.faults.talk import LOCKSTEP, opening
from tests.scripted import Expect, Flood, ReadData, Script, Send, Stall, StartTLS, Step
from tests.scripted.wire import Gone

if TYPE_CHECKING:
    from tests.scripted.fixtures import MakeScripted
    from tests.scripted.wire import Wire

MEGABYTES = 256

TLS = "--tls-on-connect"

FLOODS = {
    "a reply of endless lines": b"250-and\r\n",
    "a line without end": b"250 " + b"x" * 4_000,
    "replies that nothing asked for": b"250 ok\r\n",
    "refusals that nothing asked for": b"421 4.3.2 no\r\n",
    "empty lines": b"\r\n",
}

PLACES: dict[str, tuple[Step, ...]] = {
    "greeting": (),
    "EHLO": (Send("220 mail.example"), Expect("EHLO ")),
    "MAIL": (*opening(*LOCKSTEP), Expect("MAIL ")),
    "end of data": (
        *(*opening(*LOCKSTEP), Expect("MAIL "), Send("250 ok"), Expect("RCPT "), Send("250 ok")),
        *(Expect("DATA"), Send("354 go on"), ReadData()),
    ),
}


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_replies(scripted: MakeScripted, flood: str, place: str, tls: bool) -> None:
    steps = (*PLACES[place], Flood(FLOODS[flood], MEGABYTES), Stall())
    server = scripted(Script(flood, *((StartTLS(),) if tls else ()), *steps))
    done, peak = measured(server, *(TLS,) * tls)
    if not (place == "end of data" and FLOODS[flood].startswith(b"250 ok")):
        assert done.code in {75, 76, 79}, done  # a 421 is a reply, and the first one counts
        assert done.stderr.count("\n") == 1
        assert len(done.stderr) < 1_000
    else:
        assert succeeded(done), done  # with the first of them
    assert peak - usual_peak(tls=tls) < MORE


@dataclass(frozen=True, slots=True)
class FloodOfRecords(Step):
    """Send a TLS record again and again, in the clear."""

    record: bytes

    def run(self, wire: Wire) -> None:
        block = self.record * ((1 << 20) // len(self.record))
        try:
            for _ in range(MEGABYTES):
                wire.write_plain(block)
        except Gone:
            wire.record.note("the client left the flood")


def record(kind: int, content: bytes) -> bytes:
    """A TLS record (RFC 8446 section 5.1)."""
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, "big") + content


ALERT, HANDSHAKE, APPLICATION_DATA, CHANGE = 21, 22, 23, 20

SERVER_HELLO = b"\2\xff\xff\xff"
"""Of 16 MB (RFC 8446 section 4)."""

RECORDS = {
    "a handshake message without end": record(HANDSHAKE, SERVER_HELLO + b"\0" * 16_380),
    "empty handshake records": record(HANDSHAKE, b""),
    "empty records": record(APPLICATION_DATA, b""),
    "warnings": record(ALERT, b"\1\x5a"),
    "changes of the cipher": record(CHANGE, b"\1"),
    "records of nothing": record(APPLICATION_DATA, b"\0" * 16_384),
}


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("shaken", [False, True], ids=["in the handshake", "behind it"])
def test_a_flood_of_records(scripted: MakeScripted, kind: str, shaken: bool) -> None:
    before = (StartTLS(), *opening(*LOCKSTEP)) if shaken else ()
    server = scripted(Script(kind, *before, FloodOfRecords(RECORDS[kind]), Stall()))
    done, peak = measured(server, TLS)
    failure(done, done.code)
    assert done.code in {69, 75, 76}, done
    assert peak - usual_peak(tls=True) < MORE
    # A connection that breaks before anything was sent on it is tried once more.
    assert {str(each).count("the client left") for each in server.connections} == {1}
