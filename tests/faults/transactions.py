"""Transactions for scripts: what stands between the opening of a session and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.talk import LOCKSTEP, farewell, opening
from tests.scripted import Expect, ReadData, Script, Send

if TYPE_CHECKING:
    from tests.scripted import Step

CHUNKING = ("PIPELINING", "8BITMIME", "CHUNKING")
"""Offers with which the content goes by BDAT, behind an envelope in one group."""

# A session in strict turns, up to the command that each is named after.
MAIL: tuple[Step, ...] = (*opening(*LOCKSTEP), Expect("MAIL"))
RCPT: tuple[Step, ...] = (*MAIL, Send("250 ok"), Expect("RCPT"))
DATA: tuple[Step, ...] = (*RCPT, Send("250 ok"), Expect("DATA"))


def envelope(*offers: str) -> tuple[Step, ...]:
    """Everything up to the content, accepted in strict turns."""
    return (*opening(*offers), Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok"))


def group(recipients: int = 1) -> tuple[Step, ...]:
    """An envelope and its DATA, all of which come before anything is answered."""
    return (Expect("MAIL"), *[Expect("RCPT")] * recipients, Expect("DATA"))


def transaction(*end: Step) -> tuple[Step, ...]:
    """One message in strict turns up to its last octet, and then `end`."""
    return (
        *(Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok")),
        *(Expect("DATA"), Send("354 go"), ReadData(), *end),
    )


def delivery() -> Script:
    """A session in strict turns in which one message is delivered, and no other."""
    return Script(
        "takes one message", *opening(*LOCKSTEP), *transaction(Send("250 queued")), *farewell()
    )
