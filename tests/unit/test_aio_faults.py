"""The asynchronous client and servers that fail it."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire import AsyncClient, ClientSettings, Login, Outcome, Server, TransactionResult
from smtpwire.errors import AuthFailed, ConnectError, LocalProtocolError
from tests.scripted import Close, Hold, ModelServer, ReadOctets, Reset, Script
from tests.unit.submitting import (
    EHLO,
    ENVELOPE,
    GO_ON,
    GOOD,
    LEAVE,
    ME,
    MESSAGE,
    REFUSED,
    TAKES_ONE,
    YOU,
    outcomes,
    settings,
    with_client,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from smtpwire import SMTPError
    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start


@pytest.mark.parametrize(
    "steps",
    [
        (*EHLO[:2], Close("250-mail.example\n250 PIPELINING")),
        (*EHLO, *ENVELOPE, Close("421 busy")),
        (*EHLO, *ENVELOPE, Close("250 ok\n250 ok\n354 go on")),
        (*EHLO, *ENVELOPE, Reset()),
    ],
    ids=["FIN behind EHLO", "421 to MAIL", "FIN with the 354", "reset"],
)
def test_a_message_that_cannot_have_been_taken_goes_on_another_connection(
    steps: tuple[Step, ...], scripted: MakeScripted
) -> None:
    server = scripted(Script("leaves early", *steps), GOOD)
    result = with_client(lambda c: c.submit(ME, YOU, MESSAGE), settings(server))
    assert outcomes([result]) == [Outcome.ACCEPTED]
    assert len(server.connections) == 2


def test_and_on_one_other_only(scripted: MakeScripted) -> None:
    server = scripted(Script("leaves early", *EHLO, *ENVELOPE, Close("421 busy")))
    result = with_client(lambda c: c.submit(ME, YOU, MESSAGE), settings(server))
    assert outcomes([result]) == [Outcome.DEFERRED]
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    ("steps", "content", "outcome"),
    [
        ((*TAKES_ONE, Close()), MESSAGE, Outcome.UNKNOWN),
        ((*TAKES_ONE, Reset()), MESSAGE, Outcome.UNKNOWN),
        (
            (*EHLO, *ENVELOPE, GO_ON, ReadOctets(99), Reset()),
            b"x\r\n" * 5_000_000,
            Outcome.DEFERRED,
        ),
        ((*EHLO, *ENVELOPE, REFUSED, *LEAVE), MESSAGE, Outcome.REFUSED),
    ],
    ids=["FIN behind the dot", "reset behind the dot", "reset in mid-content", "refused"],
)
def test_a_message_that_was_begun_is_settled_as_what_it_is(
    steps: tuple[Step, ...], content: bytes, outcome: Outcome, scripted: MakeScripted
) -> None:
    server = scripted(Script("loses it", *steps), GOOD)
    client = settings(server)._replace(timeout=5)
    result = with_client(lambda c: c.submit(ME, YOU, content), client)
    assert outcomes([result]) == [outcome]
    assert len(server.connections) == 1


def test_between_messages_a_connection_is_replaced(scripted: MakeScripted) -> None:
    server = scripted(Script("leaves after one", *TAKES_ONE, Close("250 ok")), GOOD)

    async def work(client: AsyncClient) -> list[TransactionResult]:
        return [await client.submit(ME, YOU, MESSAGE) for _ in range(2)]

    assert outcomes(with_client(work, settings(server))) == [Outcome.ACCEPTED] * 2


@pytest.mark.parametrize("connections", [1, 2, 5])
@pytest.mark.parametrize("word", ["", "\n421 4.3.2 enough"], ids=["FIN", "421"])
def test_a_server_that_ends_each_connection_behind_one_message_gets_all_of_them(
    start: Start, word: str, connections: int
) -> None:
    """What comes back from one connection is not given to another that has had its message."""
    end = (f"250 2.0.0 queued{word}", Close(crossing=True))
    server = start(ModelServer(replies={"END": end}))
    contents = [b"%d\n" % number for number in range(40)]

    async def work(client: AsyncClient) -> list[TransactionResult]:
        return await asyncio.gather(*[client.enqueue(ME, YOU, content) for content in contents])

    results = with_client(work, settings(server), connections=connections)
    server.settle()
    assert outcomes(results) == [Outcome.ACCEPTED] * 40
    assert sorted(int(message.content) for message in server.messages) == list(range(40))


def test_where_the_server_allows_for_no_further_connection_one_makes_room(start: Start) -> None:
    """What comes back waits for a session that has carried nothing, and that can be had."""
    release = threading.Event()
    hold = [Hold(release) for _ in range(2)]
    server = start(
        ModelServer(
            replies={
                "GREETING": [None, None, ("421 too many", Close())],
                "MAIL": [*[None] * 50, ("421 busy", Close())],
                "END": [(each, "250 2.0.0 queued") for each in hold],
            }
        )
    )

    async def work(client: AsyncClient) -> list[TransactionResult]:
        first = [client.enqueue(ME, YOU, b"first") for _ in range(50)]
        for each in hold:  # each on a connection of its own
            assert await asyncio.to_thread(each.reached.wait, 20)
        release.set()
        return [*await asyncio.gather(*first), await client.submit(ME, YOU, b"again")]

    results = with_client(work, settings(server)._replace(timeout=5), connections=2)
    assert outcomes(results) == [Outcome.ACCEPTED] * 51
    assert [c.contents.count(b"again\r\n") for c in server.connections] == [0, 0, 0, 1]
    assert [c.verbs[-1] for c in server.connections[:2]].count("QUIT") == 1


def unused_port() -> Server:
    """Return where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return Server("127.0.0.1", sock.getsockname()[1])


def test_without_a_connection_everybody_is_told_and_later_it_is_tried_again(
    start: Start, tmp_path: Path
) -> None:
    nobody = unused_port()

    async def work(client: AsyncClient) -> list[SMTPError]:
        contents: list[bytes | Path] = [MESSAGE, MESSAGE, tmp_path]
        futures = [client.enqueue(ME, YOU, content) for content in contents]
        told: list[Any] = await asyncio.gather(*futures, return_exceptions=True)
        with pytest.raises(ConnectError):
            await client.submit(ME, YOU, MESSAGE)
        return told

    first, second, _ = with_client(work, ClientSettings((nobody,), helo="x"), connections=3)
    assert isinstance(first, ConnectError)
    assert str(first) == str(second) == "cannot connect to 127.0.0.1: connection refused"
    assert first is not second

    server = start(ModelServer())
    both = settings(server)._replace(servers=(nobody, *settings(server).servers))
    result = with_client(lambda c: c.submit(ME, YOU, MESSAGE), both)
    assert outcomes([result]) == [Outcome.ACCEPTED]
    with pytest.raises(ConnectError, match="no server was named"):
        with_client(lambda c: c.submit(ME, YOU, MESSAGE), ClientSettings(()))


def test_a_login_that_was_refused_for_now_is_tried_again_with_the_next_message(
    start: Start,
) -> None:
    server = start(
        ModelServer(
            offers=("AUTH PLAIN",),
            users={"me": "secret"},
            replies={"AUTH": ["454 4.7.0 not now", "235 2.7.0 welcome"]},
        )
    )
    client = settings(server)._replace(login=Login("me", lambda: "secret"))

    async def work(client: AsyncClient) -> Any:
        with pytest.raises(AuthFailed) as raised:
            await client.submit(ME, YOU, MESSAGE)
        assert raised.value.reply is not None
        assert raised.value.reply.code == 454
        return await client.submit(ME, YOU, MESSAGE)

    assert outcomes([with_client(work, client)]) == [Outcome.ACCEPTED]


def test_a_password_that_cannot_be_had_ends_what_waits_and_nothing_else(start: Start) -> None:
    """It may raise AuthFailed; another exception is a defect of the caller, and is told."""
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    answers = iter((OSError("the file with it is gone"), "secret"))

    def password() -> str:
        answer = next(answers)
        if isinstance(answer, str):
            return answer
        raise answer

    async def work(client: AsyncClient) -> Any:
        messages = [client.enqueue(ME, YOU, MESSAGE) for _ in range(2)]
        for message in messages:
            with pytest.raises(LocalProtocolError, match="OSError") as raised:
                await message
            assert isinstance(raised.value.__cause__, OSError)
        return await client.submit(ME, YOU, MESSAGE)

    client = settings(server)._replace(login=Login("me", password))
    assert outcomes([with_client(work, client)]) == [Outcome.ACCEPTED]


def test_a_login_that_was_refused_is_never_tried_again(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("AUTH PLAIN",), users={"me": "secret"}))
    client = settings(server)._replace(login=Login("me", lambda: "wrong"))

    async def work(made: AsyncClient) -> None:
        for content in (MESSAGE, tmp_path / "none", MESSAGE):
            with pytest.raises(AuthFailed):
                await made.submit(ME, YOU, content)

    with_client(work, client)
    assert len(server.connections) == 1


def test_nor_for_what_came_back_from_another_connection(start: Start) -> None:
    """One connection logged in, the next one could not; then the first one is lost."""
    lost = Hold(threading.Event())
    server = start(
        ModelServer(
            offers=("AUTH PLAIN",),
            replies={
                "AUTH": ["235 2.7.0 welcome", "535 5.7.8 no"],
                "MAIL": [(lost, Close("421 busy"))],
            },
        )
    )
    client = settings(server)._replace(login=Login("me", lambda: "secret"))

    async def work(made: AsyncClient) -> None:
        first = made.enqueue(ME, YOU, MESSAGE)
        assert await asyncio.to_thread(lost.reached.wait, 20)
        with pytest.raises(AuthFailed):
            await made.submit(ME, YOU, MESSAGE)
        lost.release.set()
        with pytest.raises(AuthFailed):
            await first

    with_client(work, client, connections=2)
    assert len(server.connections) == 2


def test_a_further_connection_that_is_refused_costs_nothing(start: Start) -> None:
    answers = ["220 mail.example", *["421 too many"] * 3]
    server = start(ModelServer(replies={"GREETING": [None, *answers[1:]]}))

    async def work(client: AsyncClient) -> list[TransactionResult]:
        first = await client.submit(ME, YOU, MESSAGE)
        return [
            first,
            *await asyncio.gather(*[client.enqueue(ME, YOU, MESSAGE) for _ in range(50)]),
        ]

    results = with_client(work, settings(server), connections=4)
    assert outcomes(results) == [Outcome.ACCEPTED] * 51
