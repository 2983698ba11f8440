"""The asynchronous client and real servers: what arrives is what the reference says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from smtpwire import (
    AsyncClient,
    ClientSettings,
    Login,
    Outcome,
    TLSMode,
    TLSSettings,
    TransactionResult,
)
from smtpwire import Server as Address
from tests import reference
from tests.real.arrivals import arrived
from tests.real.messages import RECIPIENT, SENDER, new_mark, odd, ordinary, small

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.servers.farm import Server


def submit_all(
    client: ClientSettings, contents: Iterable[bytes], connections: int
) -> list[Outcome]:
    async def main() -> list[TransactionResult]:
        async with AsyncClient(client, connections=connections) as made:
            futures = [made.enqueue(SENDER, [RECIPIENT], content) for content in contents]
            return await asyncio.gather(*futures)

    return [result.recipients[0].outcome for result in asyncio.run(main())]


def test_messages_arrive_as_the_reference_says(server: Server) -> None:
    mark = new_mark()
    contents = ordinary(mark) | odd(mark)
    client = ClientSettings((Address(server.host, server.port),), helo="client.example")
    for chunking in (True, False):
        settings = client._replace(chunking=chunking)
        assert set(submit_all(settings, contents.values(), 3)) == {Outcome.ACCEPTED}
    for name, content in contents.items():
        assert arrived(server, name, 2) == [reference.normalised(content)] * 2


def test_many_by_tls(server: Server) -> None:
    mark = new_mark()
    client = ClientSettings(
        (Address(server.host, server.port),),
        helo="client.example",
        tls=TLSMode.REQUIRED,
        tls_settings=TLSSettings(verify=True, ca_file=str(server.ca_file)),
        login=Login("alice", lambda: "secret"),
    )
    content = small(mark)
    assert submit_all(client, [content] * 50, 5) == [Outcome.ACCEPTED] * 50
    assert arrived(server, mark, 50) == [reference.normalised(content)] * 50
