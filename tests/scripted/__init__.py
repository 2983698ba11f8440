"""A byte-level SMTP server for tests: it does what a script says, and records what it was told.

Two levels.  `ScriptedServer` follows `Script`s, each a linear list of steps for one connection:
send these octets, split here, expect that line, close, reset.  `ModelServer` speaks good ESMTP by
itself and departs from it where a test says so.  Both run in the test's own process, on loopback,
on a port that is free.
"""

from tests.scripted.certificates import authority
from tests.scripted.message import Message
from tests.scripted.model import OFFERS, ModelServer
from tests.scripted.record import Connection
from tests.scripted.server import Script, ScriptedServer, Server
from tests.scripted.steps import (
    Close,
    Drip,
    Expect,
    ExpectEnd,
    Flood,
    HalfClose,
    Hold,
    ReadBdat,
    ReadData,
    ReadLine,
    ReadOctets,
    ReadSome,
    Reset,
    Send,
    SendPlain,
    Stall,
    StartTLS,
    Step,
    StopReading,
    multiline,
)

__all__ = [
    "OFFERS",
    "Close",
    "Connection",
    "Drip",
    "Expect",
    "ExpectEnd",
    "Flood",
    "HalfClose",
    "Hold",
    "Message",
    "ModelServer",
    "ReadBdat",
    "ReadData",
    "ReadLine",
    "ReadOctets",
    "ReadSome",
    "Reset",
    "Script",
    "ScriptedServer",
    "Send",
    "SendPlain",
    "Server",
    "Stall",
    "StartTLS",
    "Step",
    "StopReading",
    "authority",
    "multiline",
]
