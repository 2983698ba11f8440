"""The same with aiosmtplib, on several connections: `aiosmtplib_send.py HOST PORT LIST N`.

With a fifth argument the third is no list but a message, which is sent so often from memory.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import repeat
from typing import TYPE_CHECKING

import aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Iterator

host, port, source, connections, *count = sys.argv[1:]


def read(name: str) -> bytes:
    """Read a small file in memory: that takes less time than handing it to a thread."""
    with open(name, "rb") as file:
        return file.read()


def contents() -> Iterator[bytes]:
    """The messages, each when its turn comes."""
    if count:
        return repeat(read(source), int(count[0]))
    return map(read, read(source).decode().splitlines())


async def submit(messages: Iterator[bytes]) -> None:
    """Send messages on one connection until there are no more."""
    server = aiosmtplib.SMTP(
        hostname=host, port=int(port), start_tls=False, local_hostname="bench.example.org"
    )
    await server.connect()
    for content in messages:
        await server.sendmail("a@example.org", ["u0@example.org"], content)
    await server.quit()


async def main() -> None:
    """Share the messages out among all connections."""
    messages = contents()
    await asyncio.gather(*(submit(messages) for _ in range(int(connections))))


asyncio.run(main())
