"""SASL mechanisms (RFC 4422), and the choice among them.

The choice is made once a connection, before anything is sent, and a mechanism that the server
then refuses is not followed by another: trying weaker ones in turn is how a password ends up in
the clear, and how an account gets locked.

- Under TLS: PLAIN, LOGIN, CRAM-MD5.  TLS protects the password, and PLAIN is the one that
  servers with hashed passwords can check.
- In the clear: CRAM-MD5, which does not show the password; then PLAIN and LOGIN, but these only
  to a loopback address, or when the caller insists.
- Mechanisms forced by the caller are the only ones, in the caller's order; the rule about the
  clear holds for them too.
"""

from __future__ import annotations

from smtpwire.core.sasl.cram import CramMD5
from smtpwire.core.sasl.mechanism import Mechanism
from smtpwire.core.sasl.plain import Login, Plain
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MECHANISMS", "Mechanism", "choose", "credentials", "mechanism"]

_BY_NAME = {made.name: made for made in (Plain, Login, CramMD5)}

MECHANISMS = tuple(_BY_NAME)
"""The names of all, in the order of preference under TLS."""

_REVEALING = frozenset({"PLAIN", "LOGIN"})
"""Whoever reads the connection has the password (RFC 4954 section 9)."""

_IN_THE_CLEAR = tuple(sorted(MECHANISMS, key=_REVEALING.__contains__))
"""The order of preference without TLS: the same, but for those that reveal the password."""


def choose(
    offered: Collection[str],
    *,
    tls: bool,
    loopback: bool,
    forced: Collection[str],
    allow_cleartext: bool,
) -> str:
    """Chooses the mechanism for one connection.

    Args:
        offered: what the server's EHLO reply names, in any case of letters.
        tls: whether the connection is under TLS.
        loopback: whether it never leaves this machine.
        forced: the only mechanisms to consider, in this order; empty for the default order.
        allow_cleartext: whether the password may be shown to whoever reads the connection.

    Returns:
        One of `MECHANISMS`.

    Raises:
        AuthFailed: when none can be used; the text says what would help.
    """
    names = {name.upper() for name in offered}
    usable = [
        name
        for name in forced or (MECHANISMS if tls else _IN_THE_CLEAR)
        if name in names and name in _BY_NAME
    ]
    if not usable:
        if forced:
            raise AuthFailed(f"the server offers none of what --auth asks for: {', '.join(forced)}")
        raise AuthFailed(
            f"the server offers no login mechanism that is known here: {', '.join(MECHANISMS)}"
        )
    guarded = tls or loopback or allow_cleartext
    for name in usable:
        if guarded or name not in _REVEALING:
            return name
    raise AuthFailed(
        f"{' and '.join(usable)} would show the password to everyone on the way: require TLS with"
        " -M, choose another mechanism with --auth, or insist with --allow-cleartext-auth"
    )


def mechanism(name: str, user: str, password: str) -> Mechanism:
    """Makes a mechanism ready for one login.

    Args:
        name: one of `MECHANISMS`.
        user: whom to log in as.
        password: it may be empty, which is a password like any other.

    Raises:
        AuthFailed: when these credentials cannot be used, or not with this mechanism.
    """
    return _BY_NAME[name](*credentials(user, password))


def credentials(user: str, password: str) -> tuple[bytes, bytes]:
    """Gives user and password as octets, which can be checked before there is a connection.

    Raises:
        AuthFailed: for a NUL, which PLAIN cannot carry (RFC 4616 section 2), and for what was
            not UTF-8 where it came from.
    """
    return _octets(user, "user name"), _octets(password, "password")


def _octets(text: str, what: str) -> bytes:
    if "\0" in text:
        raise AuthFailed(f"there is a NUL in the {what}, and no server takes that")
    try:
        return text.encode()
    except UnicodeEncodeError:
        # From here: the exception that was caught holds the secret.
        raise AuthFailed(f"the {what} is not UTF-8") from None
