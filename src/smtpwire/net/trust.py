"""Who a server must prove to be, and how: the demands on one connection, and whether they are met.

The demands come from the caller (`-V`, `--tls-pin`), from the DNS (DANE) and from the web
(MTA-STS); `smtpwire.run.finder` puts them together for each server.  The rules:

- What `ssl` verifies (the chain to a CA, the name) is verified in the handshake; pins and TLSA
  records are looked at behind it, before anything is said.
- Every demand counts for itself: a certificate that fails one is not saved by another.  Where DANE
  applies it takes the place of the CA (RFC 7672 section 3.1), and pins are looked at all the same.
"""

from __future__ import annotations

from smtpwire.errors import CertificateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.core.session import TLSMode
    from smtpwire.net.certificate import Connection
    from smtpwire.net.dane import TLSA
else:
    from smtpwire.record import NamedTuple


class Trust(NamedTuple):
    """What is demanded of one server."""

    mode: TLSMode
    """How much TLS."""
    name: str
    """The name to ask for (SNI) and, with `verify`, to verify."""
    verify: bool = False
    """By a CA, and by name."""
    pins: tuple[bytes, ...] = ()
    """SHA-256 of public keys, one of which must be the server's."""
    tlsa: tuple[TLSA, ...] = ()
    """Records as `smtpwire.net.dane.usable` gives them."""
    names: tuple[str, ...] = ()
    """The names that DANE-TA takes (RFC 7672 section 3.2.2)."""
    testing: str = ""
    """The domain whose MTA-STS policy is only tried (RFC 8461 section 5): a failure is told, and
    mail goes on as without it."""
    otherwise: Trust | None = None
    """With `testing`, what is demanded without that policy."""

    @property
    def proof(self) -> bool:
        """Whether the server has to prove anything."""
        return bool(self.verify or self.pins or self.tlsa)


class Identity(NamedTuple):
    """What a handshake is made with."""

    context: ssl.SSLContext
    server_name: str
    prove: Callable[[Connection], str]
    """Given the connection once its handshake is done, it returns what the server proved to be who
    it is by, "" for nothing, or raises CertificateError."""
    bound: bool = False
    """A login may be bound to the connection."""


def prove(trust: Trust, connection: Connection) -> str:
    """Look at what `ssl` has not looked at.

    Args:
        trust: the demands.
        connection: its handshake is done, with a context that verifies if `trust` says so.

    Returns:
        As `TLSPeer.verified_by` has it.

    Raises:
        CertificateError: a demand is not met.
    """
    from smtpwire.net.certificate import own

    if trust.proof and not own(connection):
        # `ssl` verifies nothing then, and finds nothing wrong: an anonymous cipher, which -C chose.
        raise CertificateError("the server has no certificate, and has to prove who it is")
    proofs = ["CA"] if trust.verify else []
    if trust.tlsa:
        from smtpwire.net.dane import authenticate

        proofs.append(authenticate(trust.tlsa, connection, trust.names))
    if trust.pins:
        _check_pin(trust.pins, connection)
        proofs.append("pin")
    return ", ".join(proofs)


def _check_pin(pins: tuple[bytes, ...], connection: Connection) -> None:
    from hashlib import sha256

    from smtpwire.net.certificate import NOT_ACCEPTED, own, public_key

    try:
        pin = sha256(public_key(own(connection))).digest()
    except ValueError:
        raise CertificateError(f"{NOT_ACCEPTED}its key cannot be found in it") from None
    if pin not in pins:
        raise CertificateError(f"{NOT_ACCEPTED}the pin of its key is sha256:{pin.hex()}")
