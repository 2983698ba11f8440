"""The whole engine: against the model server, and against one that says whatever it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unittest import mock

from smtpwire.core import sender
from smtpwire.core.reply import MAX_LINE, MAX_LINES, MAX_REPLY
from smtpwire.core.transaction import Outcome
from tests.fuzz.chance import SEED, Chance
from tests.fuzz.replies import read_slowly
from tests.property.model_server import ModelServer, Plan
from tests.property.schedule import run_at_random
from tests.property.worlds import chance, world

if TYPE_CHECKING:
    from random import Random

ROOMY: dict[str, Any] = {
    "COMMAND_WINDOW": sender.COMMAND_WINDOW,
    "CONTENT_AHEAD": sender.CONTENT_AHEAD,
}
NARROW: dict[str, Any] = {"COMMAND_WINDOW": 60, "CONTENT_AHEAD": 5}
"""Windows that the smallest session fills."""

LIMITS = {"MAX_LINE": MAX_LINE, "MAX_LINES": MAX_LINES, "MAX_REPLY": MAX_REPLY}

TOKENS = (
    *(b"220 x\r\n", b"250 x\r\n", b"354 x\r\n", b"421 x\r\n", b"450 x\r\n", b"550 x\r\n", b"221\n"),
    *(b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n", b"250-x\n250-SIZE 9\n250 AUTH PLAIN\n"),
    *(b"250-x\n250 STARTTLS\n", b"334 VXNlcm5hbWU6\r\n", b"235 x\r\n", b"502 x\r\n", b"what?\n"),
    *(b"250 x\r\n250 x\r\n354 x\r\n", b"250 x\r\n" * 5, b"250", b"-", b"\r\n", b"503 x\r\n"),
)

_REPLY = re.compile(rb"(?:...-[^\n]*\n)*[^\n]*(?:\n|\Z)")
"""What looks like one reply, whole or not."""


def check_session(octets: bytes) -> None:
    """The octets decide what the server does, what the client is asked for, and what comes when."""
    rng = Chance(octets)
    windows = NARROW if rng.random() < 0.3 else ROOMY
    given = world(rng)
    with mock.patch.multiple(sender, **windows):
        session = given.session()
        run_at_random(session, rng)
        session.check()


class Babbler(ModelServer):
    """Says a reply for each line it gets, whatever the line is, and closes when it has no more."""

    def __init__(self, stream: bytes, rng: Random) -> None:
        super().__init__(Plan())
        self.starting_tls = rng.random() < 0.5
        self._rng = rng
        self._replies = [reply for reply in _REPLY.findall(stream) if reply]
        self.out.clear()
        self._babble(1)

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""
        self._babble(data.count(b"\n") or self._rng.randrange(2))

    def _babble(self, count: int) -> None:
        said, self._replies = self._replies[:count], self._replies[count:]
        self.out += [(reply, True) for reply in said]
        self.closed = len(said) < count


def check_babble(octets: bytes) -> None:
    """The first octets decide what the client is asked for and what comes when; the rest is said.

    Nothing can be held against results that a liar brought about, but that each message has one,
    and that nothing was accepted without the replies for it.
    """
    rng = chance(int.from_bytes(octets[:SEED], "big"))
    stream = octets[SEED:]
    session = world(rng).session()
    session.server = Babbler(stream, rng)
    run_at_random(session, rng)
    session.check()
    needed = 0
    for result in session.results:
        accepted = [each for each in result.recipients if each.outcome is Outcome.ACCEPTED]
        assert all(each.reply is not None and each.reply.ok for each in accepted)
        needed += len(accepted) + 2 if accepted else 0  # MAIL, each RCPT, and the end of data
    # The greeting and EHLO or HELO come before all of them.
    said = [reply.ok for reply in read_slowly(stream, LIMITS).replies]
    assert not needed or needed + 2 <= sum(said)
