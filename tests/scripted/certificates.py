"""The certificates that a scripted server can show: a right one, and each way to be wrong.

Every name is issued for the loopback addresses by one authority, which lives as long as the test
process and whose certificate `authority()` gives to whoever has to trust it.
"""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from functools import cache

import trustme

_NAMES = ("localhost", "127.0.0.1", "::1")
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
) -> ssl.SSLContext:
    """A server's side of TLS with the certificate `kind`.

    Args:
        kind: "right", "expired", "wrong name", "common name only", "unknown authority" or
            "self-signed".
        minimum: the oldest version to speak.
        maximum: the newest version to speak.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.maximum_version = maximum
    if kind == "self-signed":
        _load_self_signed(context)
    else:
        _certificate(kind).configure_cert(context)
    return context


def _load_self_signed(context: ssl.SSLContext) -> None:
    """Show a certificate that is its own issuer: an authority's own, of no one's trust."""
    with tempfile.NamedTemporaryFile() as both:
        for pem in _self_signed():
            both.write(pem)
        both.flush()
        context.load_cert_chain(both.name)


@cache
def _self_signed() -> tuple[bytes, bytes]:
    stranger = trustme.CA()
    return stranger.private_key_pem.bytes(), stranger.cert_pem.bytes()
