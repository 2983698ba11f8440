"""Submissions that nobody waits for any more, and a client that is closed early."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire import AsyncClient, Outcome, TransactionResult
from tests.scripted import Expect, ExpectEnd, Hold, ModelServer, Script, Send, Stall
from tests.unit.run.conftest import Watcher
from tests.unit.submitting import (
    EHLO,
    ENVELOPE,
    GO_ON,
    GOOD,
    ME,
    MESSAGE,
    TAKES_ONE,
    YOU,
    outcomes,
    settings,
    with_client,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start


async def reached(hold: Hold) -> None:
    """Wait for a server, and let the loop run meanwhile."""
    assert await asyncio.to_thread(hold.reached.wait, 20)


def test_a_cancelled_submission_is_withdrawn_before_its_turn(start: Start) -> None:
    server = start(ModelServer())

    async def work(client: AsyncClient) -> TransactionResult:
        withdrawn = client.enqueue(ME, YOU, b"no\n")
        submitted = asyncio.create_task(client.submit(ME, YOU, b"no\n"))
        await asyncio.sleep(0)
        withdrawn.cancel()
        submitted.cancel()
        return await client.submit(ME, YOU, b"yes\n")

    assert outcomes([with_client(work, settings(server))]) == [Outcome.ACCEPTED]
    assert [m.content for m in server.messages] == [b"yes\r\n"]


def test_a_cancelled_file_is_never_sent(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    path = tmp_path / "m.eml"
    path.write_bytes(b"no\n")

    async def work(client: AsyncClient) -> TransactionResult:
        files = [client.enqueue(ME, YOU, path) for _ in range(9)]
        await asyncio.sleep(0)
        for future in files:
            future.cancel()
        return await client.submit(ME, YOU, b"yes\n")

    assert outcomes([with_client(work, settings(server))]) == [Outcome.ACCEPTED]
    assert [m.content for m in server.messages] == [b"yes\r\n"]


def test_cancelled_while_the_server_is_asked_nobody_gets_it(scripted: MakeScripted) -> None:
    hold = Hold(threading.Event())
    server = scripted(Script("waits for content", *EHLO, *ENVELOPE, hold, GO_ON, ExpectEnd()), GOOD)

    async def work(client: AsyncClient) -> TransactionResult:
        first = client.enqueue(ME, YOU, b"no\n")
        await reached(hold)
        first.cancel()
        second = client.enqueue(ME, YOU, b"yes\n")
        hold.release.set()
        return await second

    watcher = Watcher()
    result = with_client(work, settings(server), observer=watcher)
    assert outcomes([result]) == [Outcome.ACCEPTED]
    assert [c.contents for c in server.connections] == [[], [b"yes\r\n"]]
    assert [r.outcome for r in watcher.results] == [Outcome.UNSENT, Outcome.ACCEPTED]


def test_cancelled_behind_its_content_it_is_settled_as_what_it_is(scripted: MakeScripted) -> None:
    hold = Hold(threading.Event())
    server = scripted(
        Script("takes its time", *TAKES_ONE, hold, Send("250 ok"), Expect("QUIT"), Send("221 bye"))
    )

    async def work(client: AsyncClient) -> None:
        future = client.enqueue(ME, YOU, b"yes\n")
        await reached(hold)
        future.cancel()
        hold.release.set()

    watcher = Watcher()
    with_client(work, settings(server), observer=watcher)
    assert [r.outcome for r in watcher.results] == [Outcome.ACCEPTED]


def test_behind_an_exception_what_was_not_begun_is_withdrawn(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    path = tmp_path / "m.eml"
    path.write_bytes(MESSAGE)
    futures: list[asyncio.Future[TransactionResult]] = []

    async def work(client: AsyncClient) -> None:
        futures.extend(client.enqueue(ME, YOU, content) for content in (MESSAGE, path) * 9)
        await asyncio.sleep(0)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        with_client(work, settings(server))
    assert all(future.cancelled() for future in futures)
    assert server.messages == []


def test_a_close_that_is_cancelled_ends_the_connections(scripted: MakeScripted) -> None:
    hold = Hold(threading.Event())
    server = scripted(Script("never answers the dot", *TAKES_ONE, hold, Stall()))

    async def main() -> TransactionResult:
        client = AsyncClient(settings(server))
        future = client.enqueue(ME, YOU, MESSAGE)
        await reached(hold)
        hold.release.set()
        waiting = client.enqueue(ME, YOU, MESSAGE)
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert waiting.cancelled()
        return await future

    assert outcomes([asyncio.run(main())]) == [Outcome.UNKNOWN]


def test_a_close_that_is_cancelled_ends_attempts_too(scripted: MakeScripted) -> None:
    hold = Hold(threading.Event())
    server = scripted(Script("does not greet", hold, Stall()))

    async def main() -> None:
        client = AsyncClient(settings(server))
        future = client.enqueue(ME, YOU, MESSAGE)
        await reached(hold)
        hold.release.set()
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert future.cancelled()

    asyncio.run(main())
