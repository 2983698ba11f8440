"""What the engine hands out: octets and contents for the wire, and events for whoever drives it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, TypeAlias

    from smtpwire.core.extensions import Capabilities
    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


class Content(NamedTuple):
    """In the output: here goes content of a message, which the engine never sees.

    The driver sends it, reports `Engine.content_begun` with its first octet, unless the last went
    with it, and `Engine.content_done` when the last octet has been handed to the transport: with
    the line in front of it when there are no octets.
    """

    id: int
    octets: int | None
    """The next so many octets, as they are; None for all of it as DATA wants it: dots doubled, and
    the final dot."""
    last: bool
    """The end of data is in it."""


class StartTLS(NamedTuple):
    """The server is ready for the handshake; nothing is sent before `Engine.tls_established`."""


class Ready(NamedTuple):
    """The session is set up; messages may follow."""

    greeting: Reply
    hello: Reply
    capabilities: Capabilities
    mechanism: str | None
    """The SASL mechanism that logged in."""


class Replied(NamedTuple):
    """A reply came (only with `SessionOptions.trace`)."""

    reply: Reply


class Settled(NamedTuple):
    """A submission is settled: this is final for this connection."""

    result: TransactionResult


class Warned(NamedTuple):
    """Something the user should know that is not an error."""

    id: int | None
    """The submission it is about; None for the session."""
    text: str


class Close(NamedTuple):
    """The driver must close the connection now, without another octet."""

    error: SMTPError | None
    """Why, when it was not the normal end."""
    without_chunking: bool = False
    """The server offers CHUNKING and does not know BDAT: do not use it on the next connection."""


if TYPE_CHECKING:
    Event: TypeAlias = StartTLS | Ready | Replied | Settled | Warned
