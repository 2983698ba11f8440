"""A message so often from memory by the asynchronous API, on several connections.

smtpwire_aio_send.py HOST PORT MESSAGE N COUNT data|bdat
"""

from __future__ import annotations

import asyncio
import sys

from smtpwire import AsyncClient, ClientSettings, Server

host, port, source, connections, count, way = sys.argv[1:]


async def main() -> None:
    """Enqueue all messages, and wait for what becomes of them."""
    settings = ClientSettings(
        (Server(host, int(port)),), helo="bench.example.org", chunking=way == "bdat"
    )
    with open(source, "rb") as file:  # noqa: ASYNC230 - nothing else goes on yet
        content = file.read()
    async with AsyncClient(settings, connections=int(connections)) as client:
        await asyncio.gather(
            *(
                client.enqueue("a@example.org", ["u0@example.org"], content)
                for _ in range(int(count))
            )
        )


asyncio.run(main())
