"""The catcher's server: aiosmtpd, bound to the addresses asked for, until a signal comes.

aiosmtpd logs, and asyncio logs what nobody awaited; both would write tracebacks over the screen of
somebody who only dropped a connection.  Their loggers are silenced here, and what went wrong
comes through the handler instead, in one line.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from aiosmtpd.smtp import SMTP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from smtpwire.catch.handler import Catcher

MESSAGE_LIMIT = 256 * 1024 * 1024
"""Octets of one message, offered as SIZE (RFC 1870): aiosmtpd holds it in memory as it comes."""


class CatchingSession(SMTP):
    """One connection, which takes lines longer than RFC 5321 section 4.5.3.1.6 grants."""

    line_length_limit = 16 * 1024 * 1024


async def serve(
    host: str, port: int, catcher: Catcher, listening: Callable[[str], object]
) -> signal.Signals:
    """Take connections until SIGINT or SIGTERM, and return which of them came.

    Args:
        host: a name or an address; a name may have several addresses.
        port: 0 for a free one.
        catcher: what is done with messages and errors.
        listening: called with HOST:PORT for every address, once connections are taken.

    Raises:
        OSError: it cannot be listened there.
    """
    for name in ("asyncio", "mail.log"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_ignore)
    came: asyncio.Future[signal.Signals] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _settle, came, number)

    def session() -> SMTP:
        return CatchingSession(
            catcher,
            hostname="localhost",
            ident="smtp-catch",
            data_size_limit=MESSAGE_LIMIT,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    server = await loop.create_server(session, host, port)
    for listener in server.sockets:
        listening(address_text(*listener.getsockname()[:2]))
    try:
        return await came
    finally:
        server.close()


def address_text(host: str, port: int) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _settle(came: asyncio.Future[signal.Signals], number: signal.Signals) -> None:
    if not came.done():
        came.set_result(number)


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of a connection that broke: there is nobody left to answer."""
