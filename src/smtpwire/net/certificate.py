"""What a server's certificate says: its names, its end, its public key, and those sent with it.

`ssl` shows the chain that a server sent only from Python 3.13 on (`get_unverified_chain`).  Before,
the same call is there, private, on the object behind a connection (3.10 and later); it is asked
for with care, and a Python without it gives less instead of failing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from typing import Any, NamedTuple, TypeAlias

    Connection: TypeAlias = ssl.SSLSocket | ssl.SSLObject
else:
    from smtpwire.record import NamedTuple

_SEQUENCE = 0x30
_VERSION = 0xA0
_LONG_FORM = 0x80
_BEFORE_KEY = 5
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
        """Until when, in seconds since 1970."""
        import ssl

        return ssl.cert_time_to_seconds(self.ends) if self.ends else None


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
    return connection._sslobj.get_unverified_chain()  # type: ignore[union-attr,no-any-return] # noqa: SLF001


def _der(certificate: Any) -> bytes:
    import _ssl

    return certificate.public_bytes(_ssl.ENCODING_DER)  # type: ignore[no-any-return]


def public_key(der: bytes) -> bytes:
    """Cut the SubjectPublicKeyInfo out of a certificate (RFC 5280 section 4.1).

    It is what `--tls-pin` and TLSA records with selector 1 are about (RFC 6698 section 2.1.2): a
    certificate that is renewed with the same key keeps it.

    Args:
        der: a certificate that OpenSSL has read.

    Raises:
        ValueError: it is not a certificate.
    """
    try:
        inside, whole = _content(der, 0)
        start, end = _content(der, inside)
        if der[start] == _VERSION:
            start = _content(der, start)[1]
        for _ in range(_BEFORE_KEY):
            start = _content(der, start)[1]
        _, after = _content(der, start)
    except IndexError:
        raise ValueError("not a certificate") from None
    if whole != len(der) or der[start] != _SEQUENCE or after > end:
        raise ValueError("not a certificate")
    return der[start:after]


def _content(der: bytes, start: int) -> tuple[int, int]:
    """Return where the content of the DER element at `start` begins and ends."""
    length = der[start + 1]
    begin = start + 2
    if length >= _LONG_FORM:
        octets = length - _LONG_FORM
        length = int.from_bytes(der[begin : begin + octets], "big")
        begin += octets
    return begin, begin + length
