"""Random worlds: a server's plan, a client's options, and messages, all from one source of chance.

The source is a `random.Random`: seeded for the bulk, or hypothesis's own, which shrinks.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from smtpwire.core.session import Login, SessionOptions, TLSMode
from tests.property.model_server import Act, Key, Plan
from tests.property.session import Message, Session


def chance(seed: int) -> Random:
    """A source of chance that says the same every time."""
    return Random(seed)  # noqa: S311 - not a secret


REFUSALS = (450, 451, 452, 550, 551, 552, 553, 554)
ODD = (250, 251, 252, 354, 334, 220)
GARBAGE = (b"what?\r\n", b"1234 x\r\n", b"999 x\r\n", b"\r\n", b"250-x\r\n550 x\r\n", b"250x\r\n")
OUT_OF_TURN = b"421 out of turn\r\n"
LIES = (
    b"250 and again\r\n",
    b"550 and again\r\n",
    b"354 more\r\n",
    b"250-a\r\n250 b\r\n",
    OUT_OF_TURN,
    *GARBAGE,
)
CONTENTS = (b"", b"\r\n", b"a line\r\n", b".dots\r\n..\r\n", b"x" * 70 + b"\r\n", b"MAIL\r\n" * 50)


OPENING = frozenset({"GREETING", "EHLO", "HELO", "STARTTLS", "CHALLENGE", "AUTH"})
ENVELOPE = frozenset({"MAIL", "RCPT", "DATA", "DATA TO NOBODY", "DATA WITHOUT MAIL", "RSET"})
CONTENT = frozenset({"DOT", "BDAT"})
ENDING = frozenset({"DATA WITHOUT MAIL", "RSET"})
"""What the connection does not outlive, whatever is answered."""


class World(NamedTuple):
    """All that decides a session but its schedule."""

    plan: Plan
    options: SessionOptions
    messages: tuple[Message, ...]

    def session(self) -> Session:
        """Begin."""
        return Session(*self)


def _offers(rng: Random) -> tuple[str, ...]:
    usual = (("PIPELINING", 0.7), ("CHUNKING", 0.7), ("8BITMIME", 0.5), ("STARTTLS", 0.3))
    offers = [keyword for keyword, chance in usual if rng.random() < chance]
    if rng.random() < 0.5:
        offers.append(rng.choice(("SIZE", "SIZE 0", "SIZE 100", "SIZE 100000")))
    if rng.random() < 0.5:
        offers.append(rng.choice(("AUTH PLAIN", "AUTH LOGIN", "auth=PLAIN LOGIN", "AUTH X")))
    rng.shuffle(offers)
    return tuple(offers)


def _options(rng: Random) -> SessionOptions:
    login = None
    if rng.random() < 0.1:
        login = Login("user", lambda: "secret", allow_cleartext=rng.random() < 0.8)
    return SessionOptions(
        "client.example",
        tls=rng.choices(list(TLSMode), weights=(5, 2, 1))[0],
        login=login,
        pipelining=rng.random() < 0.9,
        chunking=rng.random() < 0.8,
        chunk_size=rng.choice((None, None, 1, 7, 1000)),
        no_wait=rng.random() < 0.7,
        window_messages=rng.choice((1, 2, 64, 64)),
        window_octets=rng.choice((1, 500, 1 << 22, 1 << 22)),
        declare_size=rng.random() < 0.7,
        require_all=rng.random() < 0.4,
        send_anyway=rng.random() < 0.2,
        trace=rng.random() < 0.1,
    )


def _messages(rng: Random) -> tuple[Message, ...]:
    return tuple(
        Message(
            id,
            rng.choice((1, 2, 3)),
            b"id %d\r\n" % id + b"".join(rng.choices(CONTENTS, k=rng.randrange(4))),
            counted=rng.random() < 0.8,
        )
        for id in range(rng.choice((0, 1, 2, 3, 3, 4, 5)))
    )


def _keys(messages: tuple[Message, ...]) -> list[Key]:
    """Places where something may happen."""
    keys = [(verb, 0, 0) for verb in ("GREETING", "HELO", "STARTTLS", "AUTH", "RSET", "QUIT")]
    keys += [("EHLO", 0, 1), ("EHLO", 0, 2), ("CHALLENGE", 0, 1), ("DATA WITHOUT MAIL", 0, 0)]
    for message in messages:
        keys += [(verb, message.id, 0) for verb in ("MAIL", "DATA", "DATA TO NOBODY")]
        keys += [("RCPT", message.id, index) for index in range(message.recipients)]
        keys += [("DOT", message.id, 0), ("BDAT", message.id, 0)]
    return keys


def _acts(
    rng: Random, messages: tuple[Message, ...], *, lies: bool, closes: bool
) -> dict[Key, Act]:
    """Trouble of all kinds and rates, or much of one kind."""
    likely, rate = rng.choice(
        (
            (ENVELOPE | CONTENT, 0.0),
            (ENVELOPE | CONTENT, 0.1),
            (ENVELOPE | CONTENT, 0.4),
            (ENVELOPE, 0.4),
            (CONTENT, 0.8),
            (OPENING, 0.3),
        )
    )
    return {
        key: _act(rng, key, lies=lies, closes=closes)
        for key in _keys(messages)
        if (closes or key[0] not in ENDING) and rng.random() < (rate if key[0] in likely else 0.02)
    }


def _act(rng: Random, key: Key, *, lies: bool, closes: bool) -> Act:
    content = key[0] in CONTENT
    code = rng.choice(REFUSALS)
    if key[0] == "EHLO" and rng.random() < 0.5:
        code = rng.choice((500, 502))
    if key[0] == "BDAT" and closes and rng.random() < 0.3:
        code = rng.choice((500, 502))
    if key[0] == "DATA WITHOUT MAIL":
        return Act(354)
    if key[0] == "DATA TO NOBODY":
        code = rng.choice((354, 354, 503))
    if lies and key[0] in {"MAIL", "RCPT"} and rng.random() < 0.3:
        return Act(lie=OUT_OF_TURN)
    if closes and rng.random() < 0.3:
        code = 421
    if closes and rng.random() < 0.2:
        code = rng.choice((0, code))
        return Act(code, close=rng.choice(("before", "after")), early=content and code >= 400)
    if lies and rng.random() < 0.5:
        lie = rng.choice(LIES[:3] if content else LIES)
        return Act(rng.choice((0, 0, code)), lie=lie)
    if lies and rng.random() < 0.1:
        code = rng.choice(ODD)
    return Act(code, early=content and closes and code >= 400 and rng.random() < 0.6)


def world(rng: Random, *, lies: bool = True, closes: bool = True) -> World:
    """Make a world.

    Args:
        rng: where chance comes from.
        lies: the server may say what it must not say.
        closes: the server may close, say 421, or answer contents before their end.
    """
    if lies and closes and rng.random() < 0.15:
        return _hurried(rng)
    messages = _messages(rng)
    lies = lies and rng.random() < 0.4
    closes = closes and rng.random() < 0.6
    plan = Plan(
        offers=_offers(rng),
        offers_under_tls=_offers(rng),
        acts=_acts(rng, messages, lies=lies, closes=closes),
        after_421=rng.choice(("close", "open", "serve")),
        multiline=rng.random() < 0.2,
        bdat_known=not closes or rng.random() < 0.8,
        nested=rng.choice(("refuse", "merge")),
    )
    return World(plan, _options(rng), messages)


def _hurried(rng: Random) -> World:
    """All messages are out at once, to a server that goes on after what ends the session."""
    messages = tuple(message._replace(counted=True) for message in _messages(rng))
    keys = [key for key in _keys(messages) if key[0] in {"MAIL", "RCPT", "BDAT", "RSET"}]
    acts = {}
    for key in rng.choices(keys, k=rng.choice((1, 1, 2, 9))):
        acts[key] = Act(421)
    if rng.random() < 0.3:
        acts["BDAT", 0, 0] = Act(502)
    if rng.random() < 0.3:
        acts[rng.choice((*keys, ("BDAT", 0, 0)))] = Act(lie=OUT_OF_TURN)
    options = _options(rng)._replace(
        tls=TLSMode.NONE,
        login=None,
        pipelining=True,
        chunking=True,
        no_wait=True,
        window_messages=64,
        window_octets=1 << 22,
    )
    plan = Plan(offers=("PIPELINING", "CHUNKING"), acts=acts, after_421="serve")
    return World(plan, options, messages)
