"""What one connection is to do: given to the engine once, never changed."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NamedTuple

    from smtpwire.core.sasl.mechanism import Mechanism, Salted
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
    """Called when a mechanism needs it, at most once a connection: a password, or an access token
    where `mechanisms` are those of OAuth.  It may raise AuthFailed and Interrupted.  Whatever else
    the same loop drives stands still until it returns."""
    mechanisms: tuple[str, ...] = ()
    """These, in this order, and no others; empty for the default order."""
    allow_cleartext: bool = False
    """Send what reveals the secret without TLS to any address, not just to loopback."""
    authzid: str = ""
    """Whom to act as (RFC 4422 section 3.4.1); "" for the user itself."""
    renew: Callable[[], str] | None = None
    """Called for another access token when the first was refused, at most once a connection; None
    where there is never another.  It may raise what `password` may."""
    brought: Mapping[str, Callable[[str], Mechanism]] = {}
    """Mechanisms that are not of this package's own, by name: each made for the server's host."""


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
    host: str = ""
    """The server's name or address; some mechanisms tell it."""
    port: int = 0
    salted: Salted | None = None
    """Shared by the connections of a run, so that SCRAM computes once what takes it long."""
    nonce: str = ""
    """Randomness for one login, in visible ASCII without a comma: the engine has none."""
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
    require_tls_onward: bool = False
    """REQUIRETLS on MAIL (RFC 8689); to be used with TLS and a server that was verified."""
    force: bool = False
    """Send what needs an extension that is not offered."""
    trace: bool = False
    """Report every reply as an event."""

    @property
    def tls_required(self) -> bool:
        """Whether neither a login nor a message goes without TLS (RFC 8689 section 4.2.1, too)."""
        return self.tls is TLSMode.REQUIRED or self.require_tls_onward
