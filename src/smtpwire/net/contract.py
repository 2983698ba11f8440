"""What a connection needs of others: types only, which nothing imports when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from smtpwire.core.event import Close, Event
    from smtpwire.core.reply import Reply
    from smtpwire.message.reader import Reader


class Tracer(Protocol):
    """Who is shown every line said and heard."""

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        """A line was handed over."""

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """A piece of content was."""

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """A reply came."""


class Readable(Protocol):
    """What a connection needs of a message's body."""

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> Reader:
        """Begin to send the content; see `smtpwire.message.body.Body`.

        Raises:
            MessageError: it is not to be sent after all.
        """
        ...


class Owner(Protocol):
    """Who has the messages and is told what becomes of them."""

    def feed(self, *, ahead: bool) -> bool:
        """Call `submit` or `Engine.finish`; False if there is nothing to say now.

        Args:
            ahead: what is given now cannot go out yet; else somebody waits for it.
        """
        ...

    def happened(self, event: Event) -> None:
        """Take an event of the engine."""

    def closed(self, close: Close) -> None:
        """Take the end of the connection, and why."""
