"""Groups save work and change nothing: the engine says and tells the same without them.

A server that answers by chance, in pieces and in wrong numbers, talks to the engine as it is, and
again to one that takes every reply by itself and puts together every envelope anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smtpwire.core import sender
from smtpwire.core.address import Address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Content, Settled
from smtpwire.core.sender import Sender
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Envelope, Submission
from smtpwire.errors import ConnectionLost
from tests.property.worlds import chance

if TYPE_CHECKING:
    from random import Random

SESSIONS = 3_000
OFFERS = (("PIPELINING", 0.8), ("CHUNKING", 0.4), ("SIZE", 0.3))
GOOD = {"RSET": "250", "MAIL": "250", "RCPT": "250", "DATA": "354", "CONTENT": "250", "QUIT": "221"}
BAD = (
    "450 later",
    "550 no",
    "552 5.5.3 too many",
    "503 out of order",
    "421 bye",
    "354 go",
    "250 ok",
)
ODD = ("", "250 one\r\n250 more", "250-a\r\n250 b", "what", "250 " + "x" * 3000)


class _Nothing(dict[Any, Any]):
    """Forgets what it is given."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class _Without(Sender):
    """Takes no replies together, and remembers no group."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._groups = _Nothing()

    def take_group(self, parser: Any) -> Any:
        return []


def _answer(verb: str, trouble: float, rng: Random) -> str:
    chance_of_it = rng.random()
    if chance_of_it < trouble:
        return rng.choice(BAD)
    if chance_of_it < trouble * 1.1:
        return rng.choice(ODD)
    return f"{GOOD[verb]} fine"


def _pieces(octets: bytes, rng: Random) -> list[bytes]:
    """Octets as they come: all together, or cut anywhere."""
    if rng.random() < 0.7:
        return [octets]
    at = sorted(rng.randrange(len(octets) + 1) for _ in range(3))
    return [octets[a:b] for a, b in zip([0, *at], [*at, len(octets)], strict=True)]


class _Talk:
    """One session; `told` is all that was said and told, in order."""

    def __init__(self, seed: int) -> None:
        self._rng = rng = chance(seed)
        options = SessionOptions(
            "client.example",
            no_wait=rng.random() < 0.4,
            chunk_size=rng.choice((None, None, 3)),
            require_all=rng.random() < 0.3,
            send_anyway=rng.random() < 0.15,
        )
        self._offers = [k for k, likely in OFFERS if rng.random() < likely]
        self._trouble = rng.choice((0.0, 0.05, 0.1, 0.3))
        recipients = tuple(Address(f"r{i}", "y") for i in range(rng.randint(1, 4)))
        shared = Envelope(Address("s", "x"), recipients)
        alike = rng.random() < 0.8
        self._waiting = [
            Submission(i, shared if alike else shared._replace(), 10, 10)
            for i in range(rng.randint(1, 6))
        ]
        self._engine = Engine(options)
        self._replies = ["220 hi"]
        self.told: list[str] = []

    def run(self) -> list[str]:
        """Talk to the end."""
        engine = self._engine
        while engine.close is None:
            while engine.hungry:
                if self._waiting:
                    engine.submit(self._waiting.pop(0))
                else:
                    engine.finish()
            for item in engine.output():
                self._take(item)
            self._tell()
            octets = "".join(f"{reply}\r\n" for reply in self._replies if reply).encode()
            self._replies = []
            for piece in _pieces(octets, self._rng):
                engine.receive(piece)
            if not octets:
                engine.connection_lost(ConnectionLost("nothing more is said"))
        self._tell()
        return self.told

    def _tell(self) -> None:
        events = self._engine.events()
        self.told += [repr(event.result) for event in events if isinstance(event, Settled)]

    def _take(self, item: bytes | Content) -> None:
        """Take what is to be written, and have it answered."""
        self.told.append(repr(item))
        if isinstance(item, Content):
            if not self._engine.muted:
                self._engine.content_done()
                self._replies.append(_answer("CONTENT", self._trouble, self._rng))
            return
        self._engine.lines_sent(1)
        verb = item.decode().split()[0]
        if verb == "EHLO":
            lines = [*(f"250-{offer}" for offer in self._offers), "250 HELP"]
            self._replies.append("\r\n".join(lines))
        elif verb != "BDAT":
            kind = verb if verb in GOOD else "CONTENT"
            self._replies.append(_answer(kind, self._trouble, self._rng))


@pytest.mark.parametrize("window", [20, 60, 100, 65_536])
def test_groups_change_nothing(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "COMMAND_WINDOW", window)
    seeds = range(window, window + SESSIONS)
    with_groups = [_Talk(seed).run() for seed in seeds]
    monkeypatch.setattr("smtpwire.core.engine.Sender", _Without)
    for seed, session in zip(seeds, with_groups, strict=True):
        assert _Talk(seed).run() == session, f"seed {seed}"
