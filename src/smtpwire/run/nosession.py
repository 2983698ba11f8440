"""What it means that a session could not be had: for who waited for it, and for other servers.

The message that waited is deferred where trying it again may help by itself: a 4yz greeting or
reply to EHLO, no connection, one that was lost or timed out.  It is unsent where somebody has to
decide: the server refused for good, the login failed by whatever reply, TLS was not to be had.  All
later messages are unsent, since nobody tried them.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    ConnectError,
    ConnectionLost,
    GreetingRefused,
    HelloRefused,
    MissingExtension,
    RemoteProtocolError,
    ServerClosing,
    StartTLSRefused,
    TimedOut,
    TLSError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from smtpwire.errors import SMTPError

_OUT_OF_REACH = (ConnectError, ConnectionLost, TimedOut, ServerClosing, RemoteProtocolError)

_REFUSED = (GreetingRefused, HelloRefused)

_ANOTHER_MAY_DO = (*_OUT_OF_REACH, GreetingRefused)


def outcome_without_session(error: SMTPError) -> Outcome:
    """Return what becomes of the message that waited for a session."""
    if isinstance(error, _REFUSED):
        passing = error.reply is not None and error.reply.transient
    else:
        passing = isinstance(error, _OUT_OF_REACH) and not handshake_failed(error)
    return Outcome.DEFERRED if passing else Outcome.UNSENT


def handshake_failed(error: SMTPError) -> bool:
    """Whether TLS was begun and not had: it broke, was closed or took too long."""
    return isinstance(error, TLSError) or (
        isinstance(error, TimedOut) and error.wait == "HANDSHAKE"
    )


def tls_not_had(error: SMTPError) -> bool:
    """Whether there is no TLS, or none with a server that proved to be who it is."""
    return handshake_failed(error) or starttls_not_had(error)


def starttls_not_had(error: SMTPError | None) -> bool:
    """Whether STARTTLS was not offered, or refused."""
    if isinstance(error, MissingExtension):
        return error.name == "STARTTLS"
    return isinstance(error, StartTLSRefused)


def another_may_do(error: SMTPError, *, domain: bool = False) -> bool:
    """Whether the next server is tried: this one could not be reached, or sent us away.

    One that left during a login was reached, and may have the password: whoever has named several
    servers did not mean each of them to have it in turn.  Those of one domain are one service, and
    the next is tried as for anything else that passes (RFC 5321 section 5.1).

    Args:
        error: what became of this one.
        domain: both are servers of one domain, so that TLS which one has not may be had at the
            other (RFC 7672 section 2.2, RFC 8461 section 8.4).
    """
    return costs_one(error, domain=domain) and (domain or not error.at_login)


def costs_one(error: SMTPError, *, domain: bool = False) -> bool:
    """Whether other connections that are there go on, since this says nothing of them.

    Args:
        error: what became of this one.
        domain: as for `another_may_do`.
    """
    return isinstance(error, _ANOTHER_MAY_DO) or (domain and tls_not_had(error))


def deciding(errors: Iterable[SMTPError]) -> SMTPError:
    """Of the failures of all servers, at least one, return the one that the message is told of.

    It is the first that may pass, or else the first, whatever the order of the servers.
    """
    errors = list(errors)
    passing = (e for e in errors if outcome_without_session(e) is Outcome.DEFERRED)
    return next(passing, errors[0])
