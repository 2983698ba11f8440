"""What the tests of the asynchronous client share: a client at work, and what servers say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from smtpwire import AsyncClient, ClientSettings, Outcome, Server, TransactionResult
from tests.scripted import Expect, ReadData, Script, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from smtpwire import Observer
    from tests.scripted import Server as Scripted

ME, YOU = "me@example.org", "you@example.com"
MESSAGE = b"Subject: test\n\n.hello\nbare CR\rand no end"


def settings(*servers: Scripted) -> ClientSettings:
    return ClientSettings(tuple(Server(s.host, s.port) for s in servers), helo="me.example")


def with_client(
    work: Callable[[AsyncClient], Coroutine[Any, Any, Any]],
    client: ClientSettings,
    *,
    connections: int = 1,
    observer: Observer | None = None,
    raw: bool = False,
) -> Any:
    """Do some work with a client, and close it."""

    async def main() -> Any:
        async with AsyncClient(client, connections=connections, observer=observer, raw=raw) as made:
            return await work(made)

    return asyncio.run(main())


def outcomes(results: list[TransactionResult]) -> list[Outcome]:
    return [recipient.outcome for result in results for recipient in result.recipients]


EHLO = (Send("220 mail.example"), Expect("EHLO"), Send("250-mail.example\n250 PIPELINING"))
ENVELOPE = (Expect("MAIL"), Expect("RCPT"), Expect("DATA"))
GO_ON = Send("250 ok\n250 ok\n354 go on")
REFUSED = Send("550 no\n503 no\n503 no")
LEAVE = (Expect("QUIT"), Send("221 bye"))
TAKES_ONE = (*EHLO, *ENVELOPE, GO_ON, ReadData())
GOOD = Script("takes one message", *TAKES_ONE, Send("250 ok"), Expect("QUIT"), Send("221 bye"))
