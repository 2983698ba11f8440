"""The same with the asynchronous API: `smtpwire_aio_send.py HOST PORT LIST N data|bdat`."""

from __future__ import annotations

import asyncio
import sys

from smtpwire import AsyncClient, ClientSettings, Server

host, port, source, connections, way = sys.argv[1:]


async def main() -> None:
    """Enqueue all messages, and wait for what becomes of them."""
    settings = ClientSettings(
        (Server(host, int(port)),), helo="bench.example.org", chunking=way == "bdat"
    )
    with open(source, encoding="utf-8") as file:  # noqa: ASYNC230
        names = file.read().splitlines()
    async with AsyncClient(settings, connections=int(connections)) as client:
        futures = []
        for name in names:
            # As the script for aiosmtplib does it: a content that is in memory is submitted.
            with open(name, "rb") as message:  # noqa: ASYNC230
                content = message.read()
            futures.append(client.enqueue("a@example.org", ["u0@example.org"], content))
        await asyncio.gather(*futures)


asyncio.run(main())
