"""Which message goes where, and how many files are open meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Server
from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Envelope, Outcome, TransactionResult
from smtpwire.errors import ConnectError, SMTPError, TimedOut
from smtpwire.run.aiopool import FILES, Pool, _copy
from smtpwire.run.aiosession import AsyncSessions
from smtpwire.run.order import Order
from tests.scripted import Hold, ModelServer
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from smtpwire.run.order import Source
    from tests.scripted import Server as Scripted
    from tests.scripted.fixtures import Start

ENVELOPE = Envelope(None, (parse_address("b@y"),))


def make_pool(server: Scripted, *, connections: int = 1) -> Pool:
    client = ClientSettings((Server(server.host, server.port),), helo="me.example")
    return Pool(client, connections=connections, observer=None)


def add(pool: Pool, *sources: Source) -> list[asyncio.Future[TransactionResult]]:
    futures = [asyncio.get_running_loop().create_future() for _ in sources]
    for number, (source, future) in enumerate(zip(sources, futures, strict=True)):
        pool.add(Order(number, ENVELOPE, source, future, raw=False))
    return futures


def outcomes(results: list[TransactionResult]) -> list[Outcome]:
    return [recipient.outcome for result in results for recipient in result.recipients]


class File:
    """Counts those that were read."""

    read_so_far = 0

    def read(self) -> bytes:
        type(self).read_so_far += 1
        return b"a\n"


def test_files_are_opened_when_their_turn_comes(start: Start) -> None:
    hold = Hold(threading.Event())
    held = (hold, "250 2.1.0 sender ok")
    server = start(ModelServer(replies={"MAIL": [held]}))

    async def main() -> list[Outcome]:
        pool = make_pool(server)
        futures = add(pool, *[File() for _ in range(20)])
        assert await asyncio.to_thread(hold.reached.wait, 20)
        assert 1 <= File.read_so_far <= FILES
        hold.release.set()
        results = await asyncio.gather(*futures)
        assert File.read_so_far == 20
        await pool.close()
        return outcomes(results)

    assert asyncio.run(main()) == [Outcome.ACCEPTED] * 20


def test_a_message_goes_to_a_connection_that_has_none(start: Start) -> None:
    release = threading.Event()
    holds = [Hold(release) for _ in range(3)]
    server = start(ModelServer(replies={"END": [(hold, "250 2.0.0 queued") for hold in holds]}))

    async def main() -> None:
        pool = make_pool(server, connections=3)
        futures = add(pool, *[b"first\n"] * 50)
        for hold in holds:  # each on a connection of its own
            assert await asyncio.to_thread(hold.reached.wait, 20)
        release.set()
        await asyncio.gather(*futures)
        assert len(pool.idle) == 3
        await asyncio.gather(*add(pool, b"1\n", b"2\n", b"3\n"))
        await pool.close()

    asyncio.run(main())
    assert len(server.connections) == 3
    for connection in server.connections:
        assert len(connection.contents) > 1
        assert connection.contents[-1] != b"first\r\n"


def test_an_error_for_several_messages_is_an_error_for_each() -> None:
    error = TimedOut("too long", wait="GREETING")
    copy = _copy(error)
    assert copy is not error
    assert isinstance(copy, TimedOut)
    assert (str(copy), copy.wait, copy.reply) == ("too long", "GREETING", None)


@pytest.mark.parametrize(
    ("servers", "not_found", "accepted"),
    [
        (True, ["other.example"], True),
        (False, ["a.example", "b.example"], False),
        (False, [], False),
    ],
)
def test_servers_are_found_once_for_all_connections(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    servers: bool,
    not_found: list[str],
    accepted: bool,
) -> None:
    server, watcher = start(ModelServer()), Watcher()
    address = Server(server.host, server.port)
    asked: list[object] = []

    async def find(sessions: AsyncSessions) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        asked.append(sessions)
        return [address] * servers, [(where, ConnectError("no answer")) for where in not_found]

    monkeypatch.setattr(AsyncSessions, "find", find)

    async def main() -> list[TransactionResult | BaseException]:
        client = ClientSettings((address,), helo="me.example")
        pool = Pool(client, connections=2, observer=watcher)
        found = await asyncio.gather(*add(pool, b"1\n", b"2\n"), return_exceptions=True)
        await pool.close()
        return found

    results = asyncio.run(main())
    assert [isinstance(result, ConnectError) for result in results] == [not accepted] * 2
    assert not servers or len(asked) == 1
    told = {where for where, _ in watcher.warnings}
    assert told == set(not_found if servers else not_found[:-1])
