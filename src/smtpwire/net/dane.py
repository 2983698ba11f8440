"""DANE: whether a server's certificate is one that the TLSA records of its name allow (RFC 7672).

Records and certificates only: whether the records may be believed is decided where they are looked
up (`smtpwire.net.lookup`).  The rules:

- DANE-EE(3) is about the server's own certificate or key and nothing else: neither its names nor
  its dates nor who issued it matter (section 3.1.1).
- DANE-TA(2) is about a certificate above it, which the server has to send along.  The chain up to
  that one must be right, dates included, and the certificate must be for one of the names (sections
  3.1.2 and 3.2.2).  Chains are checked by `cryptography` (the extra `dane`).
- PKIX-TA(0) and PKIX-EE(1) cannot be used with SMTP (section 3.1.3), nor can a record with a number
  that is not known.  Where no record can be used, TLS is still required, and proves nothing.
- Of several digests with one usage and selector only the strongest count (section 5).
"""

from __future__ import annotations

import hashlib

from smtpwire.errors import CertificateError
from smtpwire.net.certificate import NOT_ACCEPTED, own, public_key, sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NamedTuple

    from smtpwire.net.certificate import Connection
else:
    from smtpwire.record import NamedTuple

DANE_TA, DANE_EE = 2, 3
_CERTIFICATE, _PUBLIC_KEY = 0, 1
_FULL, _SHA2_256, _SHA2_512 = 0, 1, 2

_DIGEST_OCTETS = {_SHA2_256: 32, _SHA2_512: 64}


class TLSA(NamedTuple):
    """A TLSA record (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


def usable(records: Iterable[TLSA]) -> tuple[TLSA, ...]:
    """Return the records that count, the best first: DANE-EE before DANE-TA."""
    known = [record for record in records if _is_known(record)]
    strongest: dict[tuple[int, int], int] = {}
    for usage, selector, matching, _ in known:
        strongest[usage, selector] = max(matching, strongest.get((usage, selector), _FULL))
    counting = {
        record
        for record in known
        if record.matching in {_FULL, strongest[record.usage, record.selector]}
    }
    return tuple(sorted(counting, reverse=True))


def _is_known(record: TLSA) -> bool:
    return (
        record.usage in {DANE_TA, DANE_EE}
        and record.selector in {_CERTIFICATE, _PUBLIC_KEY}
        and (
            len(record.data) == _DIGEST_OCTETS.get(record.matching)
            or (record.matching == _FULL and bool(record.data))
        )
    )


def matches(record: TLSA, certificate: bytes) -> bool:
    """Tell whether a record is about a certificate, which is given in DER."""
    try:
        selected = certificate if record.selector == _CERTIFICATE else public_key(certificate)
    except ValueError:
        return False
    if record.matching == _SHA2_256:
        selected = hashlib.sha256(selected).digest()
    elif record.matching == _SHA2_512:
        selected = hashlib.sha512(selected).digest()
    return selected == record.data


def authenticate(records: Sequence[TLSA], connection: Connection, names: Sequence[str]) -> str:
    """Check a connection whose handshake is done, without any verification by `ssl`.

    Args:
        records: as `usable` gives them, at least one.
        connection: with the server.
        names: for DANE-TA the certificate has to be for one of these.

    Returns:
        DANE-EE or DANE-TA, by which it is authentic.

    Raises:
        CertificateError: it is not.
    """
    certificate = own(connection)
    if any(r.usage == DANE_EE and matches(r, certificate) for r in records):
        return "DANE-EE"
    anchors = [record for record in records if record.usage == DANE_TA]
    if not anchors:
        raise CertificateError(f"{NOT_ACCEPTED}no TLSA record of the server is about it")
    chain = sent(connection)
    if not chain:
        raise CertificateError(
            f"{NOT_ACCEPTED}DANE-TA needs the chain that the server sent, and this Python does not"
            " show it (3.13 does)"
        )
    # The server's own certificate is no trust anchor of itself.
    found = [der for der in chain[1:] if any(matches(record, der) for record in anchors)]
    if not found:
        raise CertificateError(
            f"{NOT_ACCEPTED}no TLSA record is about it or one that was sent with it"
        )
    _verify(chain, found, names, connection.context.security_level)
    return "DANE-TA"


def _verify(
    chain: Sequence[bytes], anchors: Sequence[bytes], names: Sequence[str], level: int
) -> None:
    """Check the chain up to a trust anchor, and that it is for one of the names."""
    try:
        from smtpwire.net.path import verify_path
    except ImportError:
        raise CertificateError(
            f"{NOT_ACCEPTED}DANE-TA needs the Python package cryptography: install the extra dane"
        ) from None
    flaw = verify_path(chain[0], chain[1:], anchors, names, level)
    if flaw:
        raise CertificateError(f"{NOT_ACCEPTED}by DANE-TA, {flaw}")
