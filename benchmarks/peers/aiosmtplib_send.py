"""The same with aiosmtplib, on several connections: `aiosmtplib_send.py HOST PORT LIST N`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Iterator

host, port, source, connections = sys.argv[1:]


async def submit(names: Iterator[str]) -> None:
    """Send messages on one connection until there are no more."""
    server = aiosmtplib.SMTP(
        hostname=host, port=int(port), start_tls=False, local_hostname="bench.example.org"
    )
    await server.connect()
    for name in names:
        # Small files in memory: reading one takes less time than handing it to a thread.
        with open(name, "rb") as message:  # noqa: ASYNC230 - see above
            content = message.read()
        await server.sendmail("a@example.org", ["u0@example.org"], content)
    await server.quit()


async def main() -> None:
    """Share the messages out among all connections."""
    with open(source, encoding="utf-8") as file:  # noqa: ASYNC230 - nothing else goes on yet
        names = iter(file.read().splitlines())
    await asyncio.gather(*(submit(names) for _ in range(int(connections))))


asyncio.run(main())
