"""Submitting mail from an asyncio program, as its author would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from smtpwire import AsyncClient, ClientSettings, Outcome, TransactionResult
from smtpwire.errors import InvalidAddress, LocalProtocolError, MessageNotFound, MessageUnusable
from tests.reference import normalised
from tests.scripted import ModelServer
from tests.unit.run.conftest import Watcher
from tests.unit.submitting import ME, MESSAGE, YOU, outcomes, settings, with_client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING", "SIZE")])
def test_a_message_arrives_as_the_reference_has_it(offers: tuple[str, ...], start: Start) -> None:
    server = start(ModelServer(offers=offers))
    result = with_client(lambda c: c.submit(ME, [YOU, "b@y"], MESSAGE), settings(server))
    assert outcomes([result]) == [Outcome.ACCEPTED] * 2
    assert result.reply.code == 250
    [message] = server.messages
    assert (message.reverse_path, message.recipients) == (ME, (YOU, "b@y"))
    assert message.content == normalised(MESSAGE)
    assert server.connections[0].verbs[-1] == "QUIT"


def test_contents_of_every_kind(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(replies={"RCPT": {"bad@x": "550 no"}}))
    path = tmp_path / "m.eml"
    large = b"x\n" * 400_000
    path.write_bytes(large)

    async def work(client: AsyncClient) -> tuple[TransactionResult, ...]:
        with path.open("rb") as file:
            return await asyncio.gather(
                client.submit(None, YOU, bytearray(b"1\n")),
                client.submit("", ["bad@x"], memoryview(b"2\n")),
                client.submit(ME, [YOU], path),
                client.submit(ME, [YOU], file),
            )

    results = with_client(work, settings(server), connections=2)
    refused = [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert outcomes(results) == refused
    assert {m.content for m in server.messages} == {b"1\r\n", normalised(large)}


def test_raw(start: Start) -> None:
    server = start(ModelServer())
    with_client(lambda c: c.submit(ME, YOU, b"a\nb"), settings(server), raw=True)
    assert server.messages[0].content == b"a\nb"


def test_many_messages_are_spread_over_the_connections(start: Start) -> None:
    server = start(ModelServer())
    contents = [b"%d\n" % number for number in range(300)]

    async def work(client: AsyncClient) -> list[TransactionResult]:
        return await asyncio.gather(*(client.enqueue(ME, [YOU], c) for c in contents))

    watcher = Watcher()
    results = with_client(work, settings(server), connections=5, observer=watcher)
    assert outcomes(results) == [Outcome.ACCEPTED] * 300
    assert sorted(m.content for m in server.messages) == sorted(c[:-1] + b"\r\n" for c in contents)
    assert len(server.connections) == len(watcher.connections) == 5
    assert sorted(result.number for result in watcher.results) == list(range(300))


def test_messages_that_wait_follow_each_other_in_one_turn_each(start: Start) -> None:
    server = start(ModelServer(offers=("PIPELINING",), patience=0.05))

    async def work(client: AsyncClient) -> None:
        await asyncio.gather(*[client.enqueue(ME, [YOU], MESSAGE) for _ in range(5)])

    with_client(work, settings(server))
    assert len(server.connections[0].turns) <= 5 + 4


def test_a_connection_is_used_again_later(start: Start) -> None:
    server = start(ModelServer())

    async def work(client: AsyncClient) -> list[TransactionResult]:
        return [await client.submit(ME, YOU, MESSAGE) for _ in range(3)]

    assert outcomes(with_client(work, settings(server), connections=9)) == [Outcome.ACCEPTED] * 3
    assert len(server.connections) == 1


def test_closing_sends_what_was_enqueued(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    path = tmp_path / "m.eml"
    path.write_bytes(MESSAGE)

    async def main() -> list[TransactionResult]:
        client = AsyncClient(settings(server))
        futures = [client.enqueue(ME, YOU, content) for content in (MESSAGE, path, MESSAGE)]
        await client.close()
        assert all(future.done() for future in futures)
        await client.close()
        with pytest.raises(LocalProtocolError, match="closed"):
            await client.enqueue(ME, YOU, MESSAGE)
        return [future.result() for future in futures]

    assert outcomes(asyncio.run(main())) == [Outcome.ACCEPTED] * 3


def test_a_client_that_did_nothing_is_closed_at_once() -> None:
    async def work(client: AsyncClient) -> None:
        assert isinstance(client, AsyncClient)

    with_client(work, ClientSettings(()))


# -- mistakes --------------------------------------------------------------------------------------


def test_mistakes_are_told_at_once(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())

    async def work(client: AsyncClient) -> None:
        with pytest.raises(InvalidAddress):
            await client.submit("no address", [YOU], MESSAGE)
        with pytest.raises(InvalidAddress):
            await client.submit(ME, ["a@x>\r\nRCPT TO:<c@d"], MESSAGE)
        with pytest.raises(LocalProtocolError, match="without recipients"):
            await client.submit(ME, [], MESSAGE)
        with pytest.raises(MessageNotFound):
            await client.submit(ME, [YOU], tmp_path / "none")
        with pytest.raises(MessageUnusable, match="empty"):
            await client.submit(ME, [YOU], b"")

    with_client(work, settings(server))
    assert server.messages == []
    with pytest.raises(ValueError, match="0 connections"):
        AsyncClient(ClientSettings(()), connections=0)
