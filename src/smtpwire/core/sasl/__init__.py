"""SASL mechanisms (RFC 4422), and the choice among them.

The choice is made once a connection, before anything is sent, and a mechanism that the server
then refuses is not followed by another: trying weaker ones in turn is how a password ends up in
the clear, and how an account gets locked.

- Under TLS: SCRAM, with channel binding before without, and longer hashes before shorter ones;
  then PLAIN, LOGIN, CRAM-MD5.  TLS protects the password, and PLAIN is the one that servers with
  hashed passwords can check.
- In the clear: SCRAM and CRAM-MD5, which do not show the password; then PLAIN and LOGIN, but these
  only to a loopback address, or when the caller insists.
- Mechanisms forced by the caller are the only ones, in the caller's order; the rule about the
  clear holds for them too.  The others are never chosen without being forced, for they need what
  a caller with a password does not have: a token (OAUTHBEARER, XOAUTH2), a certificate (EXTERNAL),
  a ticket (GSSAPI); or they should be nobody's choice (NTLM).
"""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import ChannelBinding, Facts, Mechanism, Salted
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = [
    "BROUGHT",
    "MECHANISMS",
    "TOKEN",
    "WITHOUT_SECRET",
    "ChannelBinding",
    "Facts",
    "Mechanism",
    "Salted",
    "choose",
    "credentials",
    "mechanism",
    "offers_binding",
]

_SCRAM = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1")
_PLUS = tuple(f"{name}-PLUS" for name in _SCRAM)
_UNDER_TLS = (*_PLUS, *_SCRAM, "PLAIN", "LOGIN", "CRAM-MD5")
_IN_THE_CLEAR = (*_SCRAM, "CRAM-MD5", "PLAIN", "LOGIN")

TOKEN = ("OAUTHBEARER", "XOAUTH2")
"""Those whose secret is an access token, in the order of preference."""

BROUGHT = ("GSSAPI", "NTLM")
"""Those that do input and output of their own, so that the caller has to bring them."""

WITHOUT_SECRET = frozenset({"EXTERNAL", "GSSAPI"})
"""Who logs in is known from elsewhere."""

MECHANISMS = (*_UNDER_TLS, *TOKEN, "EXTERNAL", *BROUGHT)
"""The names of all, those for a password first, in the order of preference under TLS."""

_REVEALING = frozenset({"PLAIN", "LOGIN", *TOKEN})
"""Whoever reads the connection has the secret (RFC 4954 section 9)."""


def choose(
    offered: Collection[str],
    *,
    tls: bool,
    bound: bool,
    loopback: bool,
    forced: Collection[str],
    allow_cleartext: bool,
) -> str:
    """Chooses the mechanism for one connection.

    Args:
        offered: what the server's EHLO reply names, in any case of letters.
        tls: whether the connection is under TLS.
        bound: whether there is a channel binding.
        loopback: whether it never leaves this machine.
        forced: the only mechanisms to consider, in this order; empty for the default order.
        allow_cleartext: whether the secret may be shown to whoever reads the connection.

    Returns:
        One of `MECHANISMS`.

    Raises:
        AuthFailed: when none can be used; the text says what would help.
    """
    names = {name.upper() for name in offered}
    asked = forced or (_UNDER_TLS if tls else _IN_THE_CLEAR)
    common = [name for name in asked if name in names and name in MECHANISMS]
    usable = [name for name in common if bound or name not in _PLUS]
    if common and not usable:
        raise AuthFailed(
            f"{' and '.join(common)} cannot be used: there is no channel binding"
            + (" for the server's certificate" if tls else " without TLS (-M)")
        )
    if not usable:
        if forced:
            raise AuthFailed(f"the server offers none of what --auth asks for: {', '.join(forced)}")
        known = (name for name in asked if name not in _PLUS)
        raise AuthFailed(
            f"the server offers no login mechanism that could be used: {', '.join(known)}"
        )
    guarded = tls or loopback or allow_cleartext
    for name in usable:
        if guarded or name not in _REVEALING:
            return name
    shown = "access token" if usable[0] in TOKEN else "password"
    raise AuthFailed(
        f"{' and '.join(usable)} would show the {shown} to everyone on the way: require TLS with"
        " -M, choose another mechanism with --auth, or insist with --allow-cleartext-auth"
    )


def offers_binding(offered: Collection[str]) -> bool:
    """Says whether a server offers a mechanism with channel binding that there is here.

    Names that merely look like one do not count: whoever takes the real ones off the offer could
    put them there, and the server would not be told (RFC 5802 section 6).

    Args:
        offered: what its EHLO reply names, in any case of letters.
    """
    return not {name.upper() for name in offered}.isdisjoint(_PLUS)


def mechanism(name: str, user: str, secret: str, facts: Facts) -> Mechanism:
    """Makes a mechanism ready for one login.

    Args:
        name: one of `MECHANISMS`, but for `BROUGHT`.
        user: whom to log in as.
        secret: the password, which may be empty, or the access token.
        facts: what else there is.

    Raises:
        AuthFailed: when these credentials cannot be used, or not with this mechanism.
    """
    octets = credentials(user, secret)
    identity, _ = credentials(facts.authzid, "", who="authorization identity")
    if name.startswith("SCRAM-"):
        from smtpwire.core.sasl.scram import Scram

        return Scram(name, user, secret, facts)
    if name in TOKEN:
        from smtpwire.core.sasl.oauth import OAuthBearer, XOAuth2

        return XOAuth2(user, secret) if name == "XOAUTH2" else OAuthBearer(user, secret, facts)
    if name == "EXTERNAL":
        from smtpwire.core.sasl.external import External

        return External(facts.authzid or user)
    if name == "CRAM-MD5":
        from smtpwire.core.sasl.cram import CramMD5

        return CramMD5(*octets)
    from smtpwire.core.sasl.plain import Login, Plain

    return Login(*octets) if name == "LOGIN" else Plain(*octets, identity)


def credentials(user: str, secret: str, *, who: str = "user name") -> tuple[bytes, bytes]:
    """Gives user and secret as octets, which can be checked before there is a connection.

    Args:
        user: whom to log in as.
        secret: a password or a token.
        who: what to call `user` in an error.

    Raises:
        AuthFailed: for a NUL, which PLAIN cannot carry (RFC 4616 section 2), and for what was
            not UTF-8 where it came from.
    """
    return _octets(user, who), _octets(secret, "password")


def _octets(text: str, what: str) -> bytes:
    if "\0" in text:
        raise AuthFailed(f"there is a NUL in the {what}, and no server takes that")
    try:
        return text.encode()
    except UnicodeEncodeError:
        # From here: the exception that was caught holds the secret.
        raise AuthFailed(f"the {what} is not UTF-8") from None
