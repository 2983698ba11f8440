"""The certificates that a scripted server can show: a right one, and each way to be wrong.

Every name is issued for the loopback addresses, and for the hosts of the zones that the tests' DNS
server has, by one authority, which lives as long as the test process and whose certificate
`authority()` gives to whoever has to trust it.
"""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
import warnings
from functools import cache

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from scramp.core import CBindData

_NAMES = ("localhost", "127.0.0.1", "::1", "*.example.test", "*.unsigned.test")
_WITH_AUTHORITY = ", with its authority"
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_NOT_SO_LONG_AGO = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)


@cache
def authority() -> trustme.CA:
    """The authority that a client under test is told to trust."""
    return trustme.CA()


@cache
def _certificate(kind: str) -> trustme.LeafCert:
    match kind:
        case "right":
            return authority().issue_cert(*_NAMES)
        case "expired":
            return authority().issue_cert(*_NAMES, not_before=_LONG_AGO, not_after=_NOT_SO_LONG_AGO)
        case "wrong name":
            return authority().issue_cert("elsewhere.example")
        case "common name only":
            return authority().issue_cert("elsewhere.example", common_name="localhost")
        case "unknown authority":
            return trustme.CA().issue_cert(*_NAMES)
        case _:
            raise ValueError(f"no such certificate: {kind!r}")


def server_context(
    kind: str = "right",
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    *,
    ask: bool = False,
) -> ssl.SSLContext:
    """A server's side of TLS with the certificate `kind`.

    Args:
        kind: "right", "expired", "wrong name", "common name only", "unknown authority",
            "self-signed", or "no date", which ends on 32 January; one of the first three with
            ", with its authority" behind it sends the authority's certificate along.
        minimum: the oldest version to speak.
        maximum: the newest version to speak.
        ask: the client has to show a certificate of the authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():  # 1.0 and 1.1 are deprecated, and were asked for
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = minimum
        context.maximum_version = maximum
    if minimum < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        authority().configure_trust(context)
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(b"".join(_key_and_chain(kind)))
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def der(kind: str) -> bytes:
    """The certificate of a server in DER."""
    return x509.load_pem_x509_certificate(_key_and_chain(kind)[1]).public_bytes(Encoding.DER)


def end_point(kind: str) -> bytes:
    """The hash of the certificate `kind` that logins can be bound to (RFC 5929 section 4)."""
    if kind == "no date":
        return b""  # what computes it reads the dates as well
    return bytes(CBindData.from_der(der(kind)))


@cache
def _key_and_chain(kind: str) -> tuple[bytes, ...]:
    """The key, the certificate and what is sent along, in PEM."""
    if kind == "self-signed":  # an authority's own, of no one's trust
        stranger = trustme.CA()
        return stranger.private_key_pem.bytes(), stranger.cert_pem.bytes()
    if kind == "no date":
        leaf = authority().issue_cert(*_NAMES, not_after=dt.datetime(2040, 1, 31, tzinfo=dt.UTC))
        spoilt = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode("ascii")).replace(
            b"400131000000Z", b"400132000000Z"
        )
        return leaf.private_key_pem.bytes(), ssl.DER_cert_to_PEM_cert(spoilt).encode("ascii")
    leaf = _certificate(kind.removesuffix(_WITH_AUTHORITY))
    chain = [blob.bytes() for blob in leaf.cert_chain_pems]
    if kind.endswith(_WITH_AUTHORITY):
        chain.append(authority().cert_pem.bytes())
    return leaf.private_key_pem.bytes(), *chain
