"""What a server's certificate says: its names, its end, its public key, and those sent with it.

`ssl` shows the chain that a server sent only from Python 3.13 on (`get_unverified_chain`).  Before,
the same call is there, private, on the object behind a connection (3.10 and later); it is asked
for with care, and a Python without it gives less instead of failing.
"""

from __future__ import annotations

from smtpwire.net.der import CONTEXT_0, SEQUENCE, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from typing import Any, NamedTuple, TypeAlias

    Connection: TypeAlias = ssl.SSLSocket | ssl.SSLObject
else:
    from smtpwire.record import NamedTuple

NOT_ACCEPTED = "the certificate of the server is not accepted: "
"""How every error about it begins."""

_BETWEEN = 5
"""Fields of a TBSCertificate between its version and its key (RFC 5280 section 4.1)."""


class Facts(NamedTuple):
    """What people are told of a certificate; the server's text, unescaped."""

    names: tuple[str, ...] = ()
    """DNS names and IP addresses (subjectAltName)."""
    begins: str = ""
    """From when it is valid, as OpenSSL writes dates; "" when not known."""
    ends: str = ""
    """Until when."""

    @property
    def expires(self) -> int | None:
        """Until when, in seconds since 1970; None when not known, or when the date is none."""
        import ssl

        try:
            return ssl.cert_time_to_seconds(self.ends)
        except ValueError:
            return None


def facts(connection: Connection) -> Facts:
    """Read the certificate that the server sent, whether it was accepted or not.

    `getpeercert` reads only one that was accepted.
    """
    try:
        info: Mapping[str, Any] = _unverified(connection)[0].get_info()
    except (AttributeError, TypeError, ValueError, IndexError, OSError):
        return Facts()
    names = tuple(
        name.strip()
        for kind, name in info.get("subjectAltName", ())
        if kind in {"DNS", "IP Address"}
    )
    return Facts(names, info.get("notBefore", ""), info.get("notAfter", ""))


def own(connection: Connection) -> bytes:
    """Return the server's own certificate in DER, accepted or not; b"" when there is none."""
    return connection.getpeercert(binary_form=True) or b""


def sent(connection: Connection) -> tuple[bytes, ...]:
    """Return all certificates that the server sent, in DER and its order, its own first.

    Returns:
        An empty tuple where this Python has no way to tell.
    """
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:
        return tuple(public())
    try:
        return tuple(_der(certificate) for certificate in _unverified(connection))
    except (AttributeError, TypeError, ValueError, OSError):
        return ()


def _unverified(connection: Connection) -> list[Any]:
    private: Any = connection
    chain: list[Any] = private._sslobj.get_unverified_chain()  # noqa: SLF001 - public from 3.13 on
    return chain


def _der(certificate: Any) -> bytes:
    import _ssl

    octets: bytes = certificate.public_bytes(_ssl.ENCODING_DER)
    return octets


def public_key(certificate: bytes) -> bytes:
    """Cut the SubjectPublicKeyInfo out of a certificate (RFC 5280 section 4.1).

    It is what `--tls-pin` and TLSA records with selector 1 are about (RFC 6698 section 2.1.2): a
    certificate that is renewed with the same key keeps it.

    Args:
        certificate: in DER.

    Raises:
        ValueError: it is not one.  OpenSSL takes some that are not quite DER.
    """
    whole, behind = split(certificate, SEQUENCE)
    if behind:
        raise ValueError("there is more than a certificate")
    rest, _ = split(whole, SEQUENCE)
    if rest[:1] == bytes([CONTEXT_0]):
        _, rest = split(rest)
    for _ in range(_BETWEEN):
        _, rest = split(rest)
    _, behind = split(rest, SEQUENCE)
    return rest[: len(rest) - len(behind)]
