"""What one connection is to do: given to the engine once, never changed."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


class TLSMode(Enum):
    """How much TLS is asked for."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    """STARTTLS when offered; in the clear when it cannot be had."""
    REQUIRED = "required"
    """No AUTH and no MAIL without it."""


class Login(NamedTuple):
    """Whom to log in as."""

    user: str
    password: Callable[[], str]
    """Called when a mechanism needs it, at most once a connection."""
    mechanisms: tuple[str, ...] = ()
    """These, in this order, and no others; empty for the default order."""
    allow_cleartext: bool = False
    """Send PLAIN and LOGIN without TLS to any address, not just to loopback."""


class SessionOptions(NamedTuple):
    """What decides what is said on a connection."""

    helo: str
    """The name for EHLO (RFC 5321 section 4.1.4)."""
    tls: TLSMode = TLSMode.NONE
    secured: bool = False
    """TLS is already there: it began with the connection."""
    loopback: bool = False
    """Nothing said on this connection leaves the machine."""
    login: Login | None = None
    pipelining: bool = True
    """Use PIPELINING where it is offered (RFC 2920)."""
    chunking: bool = True
    """Use BDAT where CHUNKING is offered (RFC 3030)."""
    chunk_size: int | None = None
    """Octets in a chunk; None for one chunk a message."""
    no_wait: bool = False
    """With BDAT, contents follow their envelope before it is answered, within `window_*`."""
    window_messages: int = 64
    """With `no_wait`, how many messages may be unanswered: the most that one lost connection leaves
    in doubt.  32 cost 30 % of the speed when it was measured, and no limit won 6 %."""
    window_octets: int = 4 * 1024 * 1024
    """The same in octets of content."""
    declare_size: bool = True
    """SIZE= on MAIL, and no message beyond the server's limit (RFC 1870)."""
    require_all: bool = False
    """One refused recipient aborts the message for all."""
    send_anyway: bool = False
    """For server tests: the content is attempted when every recipient was refused."""
    force: bool = False
    """Send what needs an extension that is not offered."""
    trace: bool = False
    """Report every reply as an event."""
