"""The driver for asyncio, the usual way, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Close
from smtpwire.core.transaction import Outcome
from smtpwire.net import aio
from tests.scripted import ModelServer
from tests.unit.net.asyncplayed import CONTENT, OPTIONS, WIRE, Owner, begin, play

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start


@pytest.mark.parametrize("offers", [("PIPELINING",), (), ("PIPELINING", "CHUNKING")])
def test_messages_arrive_octet_for_octet(offers: tuple[str, ...], start: Start) -> None:
    server = start(ModelServer(offers=offers))
    close, owner = play(server, CONTENT, CONTENT + b"2", CONTENT + b"3\n")
    assert close == Close(None)
    assert owner.outcomes == [Outcome.ACCEPTED] * 3
    assert [m.content for m in server.messages] == [WIRE, WIRE + b"2\r\n", WIRE + b"3\r\n"]


def test_one_turn_a_message(start: Start) -> None:
    server = start(ModelServer(offers=("PIPELINING",), patience=0.05))
    _, owner = play(server, *[CONTENT] * 5)
    assert owner.outcomes == [Outcome.ACCEPTED] * 5
    assert len(server.connections[0].turns) == 5 + 3


@pytest.mark.parametrize("turn", [1, aio.TURN])
@pytest.mark.parametrize("offers", [("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_a_large_message_goes_as_the_server_takes_it(
    offers: tuple[str, ...], turn: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "TURN", turn)
    server = start(ModelServer(offers=offers))
    content = (b"x" * 70 + b"\r\n") * 100_000
    _, owner = play(server, content, CONTENT)
    assert owner.outcomes == [Outcome.ACCEPTED] * 2
    assert [m.content for m in server.messages] == [content, WIRE]


def test_a_message_that_comes_later(start: Start) -> None:
    server = start(ModelServer())

    async def main() -> list[Outcome]:
        owner = Owner()
        owner.stay = True
        connection = await begin(server, owner)
        await owner.ready.wait()
        owner.contents.append(CONTENT)
        owner.stay = False
        connection.go_on()
        await owner.ended
        return owner.outcomes

    assert asyncio.run(main()) == [Outcome.ACCEPTED]


def test_every_line_is_shown_in_order(start: Start) -> None:
    server = start(ModelServer(offers=("PIPELINING",), replies={"QUIT": "500 what?"}))
    _, owner = play(server, CONTENT, options=OPTIONS._replace(trace=True))
    assert owner.trace == [
        ("reply", 220, False),
        ("sent", b"EHLO me.example\r\n", False),
        ("reply", 250, False),
        ("sent", b"MAIL FROM:<a@x>\r\n", False),
        ("sent", b"RCPT TO:<b@y>\r\n", False),
        ("sent", b"DATA\r\n", False),
        ("reply", 250, False),
        ("reply", 250, False),
        ("reply", 354, False),
        ("last", len(WIRE) + 1 + 3, False),
        ("sent", b"QUIT\r\n", False),
        ("reply", 250, False),
        ("failure", 500, False),
    ]
