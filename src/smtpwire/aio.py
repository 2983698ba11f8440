"""Submit mail from an asyncio program.

    import asyncio
    from smtpwire import AsyncClient, ClientSettings, Server

    async def main():
        settings = ClientSettings(servers=(Server("mail.example", 25),))
        async with AsyncClient(settings, connections=10) as client:
            result = await client.submit("me@example.org", ["you@example.com"], b"Subject: ...")
            for recipient, outcome, reply in result.recipients:
                print(recipient, outcome.value, reply and reply.text)

    asyncio.run(main())

However many messages are submitted at once, they are spread over the connections, and on each they
follow each other without a pause where the server offers PIPELINING (RFC 2920).

Two rules say what to do next.  A message that was begun comes to a `TransactionResult`, whatever a
server said and whatever broke: every recipient has its `Outcome`, and one that is `UNKNOWN` may
have been delivered.  When an exception is raised instead, nothing of the message can have been
taken by any server.
"""

from __future__ import annotations

import asyncio

from smtpwire.core.address import Address, parse_address, parse_reverse_path
from smtpwire.core.transaction import Envelope
from smtpwire.errors import LocalProtocolError
from smtpwire.run.aiopool import Pool
from smtpwire.run.order import Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from smtpwire.client import ClientSettings
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.run.order import Source
    from smtpwire.run.report import Observer


class AsyncClient:
    """Submits messages over connections of its own; to be used by `async with`, or closed.

    Everything happens in the event loop in which the first message is submitted.

    Args:
        settings: servers, TLS, login, limits and the shape of the protocol.
        connections: how many there may be at a time.  They are made when messages wait for them,
            and stay until the client or the server closes them.
        raw: the line ends of contents stay as they are; otherwise each becomes CRLF.
        observer: told of connections, warnings and every message's end, and with `settings.trace`
            of every line; its `problem` is never called.

    Raises:
        ValueError: fewer than one connection.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        connections: int = 1,
        raw: bool = False,
        observer: Observer | None = None,
    ) -> None:
        if connections < 1:
            raise ValueError(f"{connections} connections cannot send anything")
        self._settings = settings
        self._connections = connections
        self._raw = raw
        self._observer = observer
        self._pool: Pool | None = None
        self._closed = False
        self._count = 0
        self._asked: object = None
        """The addresses of the message before."""
        self._envelope = Envelope(None, ())
        """What they were read as: many messages share one envelope."""

    async def __aenter__(self) -> Self:
        """Begin; no connection is made yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; behind an exception, without sending what has not been begun."""
        if error is not None and self._pool is not None:
            self._pool.withdraw()
        await self.close()

    async def submit(
        self,
        reverse_path: Address | str | None,
        recipients: Iterable[Address | str] | Address | str,
        content: Source,
    ) -> TransactionResult:
        """Submit a message, and wait until it is settled.

        To cancel this is to cancel the future of `enqueue`.

        Args:
            reverse_path: whom bounces go to; None or "" for the null reverse-path.
            recipients: at least one.
            content: the message itself; a path (`str` or `os.PathLike`); or a file object opened
                for reading octets, which is read from where it stands and must stay open until
                the message is settled.

        Returns:
            What became of each recipient.

        Raises:
            InvalidAddress: for text that is no address.
            LocalProtocolError: there are no recipients, or the client is closed.
            MessageError: the message cannot be opened or read, or is empty.
            SMTPError: no connection could be had on which it might have been sent; its class says
                why: `ConnectError`, `TLSError`, `AuthFailed` and so on.
        """
        return await self.enqueue(reverse_path, recipients, content)

    def enqueue(
        self,
        reverse_path: Address | str | None,
        recipients: Iterable[Address | str] | Address | str,
        content: Source,
    ) -> asyncio.Future[TransactionResult]:
        """Have a message submitted; the arguments are those of `submit`.

        For many messages this is the cheaper way: it makes no task.  They are not submitted in any
        particular order.

        Returns:
            A future for what `submit` returns and raises.  To cancel it before the first octet of
            the content was sent is to withdraw the message: nobody gets it.  (If the server waits
            for the content by then, its connection is closed, as the only way out.)  Later the
            message goes on to its end, and only the observer is told which.

        Raises:
            InvalidAddress: for text that is no address.
            LocalProtocolError: there are no recipients, or the client is closed.
        """
        if self._closed:
            raise LocalProtocolError("a message was submitted to a client that was closed")
        envelope = self._read(reverse_path, recipients)
        if self._pool is None:
            self._pool = Pool(
                self._settings, connections=self._connections, observer=self._observer
            )
        future: asyncio.Future[TransactionResult] = asyncio.get_running_loop().create_future()
        self._pool.add(Order(self._count, envelope, content, future, raw=self._raw))
        self._count += 1
        return future

    async def close(self) -> None:
        """Submit what was enqueued, wait until all is settled, and say QUIT.

        May be repeated.  When this is cancelled, the connections are closed instead: what was not
        begun is withdrawn, and replies to messages that are out are waited for a second.
        """
        self._closed = True
        if self._pool is not None:
            await self._pool.close()

    def _read(
        self,
        reverse_path: Address | str | None,
        recipients: Iterable[Address | str] | Address | str,
    ) -> Envelope:
        # One address is iterable too, whichever it is.
        if isinstance(recipients, (str, Address)):
            recipients = (recipients,)
        several = tuple(recipients)
        if not several:
            raise LocalProtocolError("a message was submitted without recipients")
        asked = (reverse_path, several)
        if asked != self._asked:
            if isinstance(reverse_path, str):
                reverse_path = parse_reverse_path(reverse_path)
            self._envelope = Envelope(
                reverse_path,
                tuple(parse_address(r) if isinstance(r, str) else r for r in several),
            )
            self._asked = asked
        return self._envelope
