"""TLS: what is asked of a connection, what it turned out to be, and what went wrong.

The handshake itself is driven by `smtpwire.net.transport`.  `ssl` is imported here and only inside
the functions, so that a submission in the clear never loads it.  The rules:

- Without `verify` nothing about the server is believed: what is gained is that nobody can merely
  listen (RFC 7435).  With it, the chain must lead to a trusted CA and a subjectAltName must be the
  name or address that was asked for (RFC 9525 section 6); the common name is never looked at.
- A CA file replaces the system's store: whoever names one says whom to trust, and no one else.  A
  certificate in it is trusted by itself, whether it is a root or not.
- TLS 1.2 is the default minimum (RFC 8996), verified or not; a lower `maximum` lowers it.  A
  minimum below 1.2 also lowers OpenSSL's security level to 0, without which it would refuse the
  signatures that TLS 1.0 and 1.1 are made with.
- Every connection has its own handshake: no session is ever resumed, so that no connection
  inherits what another one, with other settings, found good.
"""

from __future__ import annotations

from smtpwire.core.address import parse_domain
from smtpwire.errors import CertificateError, TLSError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from typing import Any, NamedTuple
else:
    from smtpwire.record import NamedTuple

VERSIONS = ("1.0", "1.1", "1.2", "1.3")
"""What `TLSSettings.minimum` and `maximum` may be, in their order."""

_DEFAULT_MINIMUM = "1.2"
_WEAK = frozenset({"1.0", "1.1"})
_OPENSSL_DEFAULT_CIPHERS = "DEFAULT"

_NAMES_SHOWN = 5
"""Names of a wrong certificate that its error repeats; some certificates have a hundred."""
_NAME_SHOWN = 80
"""Characters of each."""

# X509_V_ERR_... of OpenSSL's x509_vfy.h: the codes that have a plain sentence here.
_NOT_YET_VALID = 9
_EXPIRED = 10
_SELF_SIGNED = 18
_UNKNOWN_CA = frozenset({2, 19, 20, 21})
_WRONG_NAME = frozenset({62, 64})

_REASONS = {
    "WRONG_VERSION_NUMBER": "what the server sent is not TLS",
    "HTTP_REQUEST": "what the server sent is not TLS",
    "PACKET_LENGTH_TOO_LONG": "what the server sent is not TLS",
    "UNSUPPORTED_PROTOCOL": "the server speaks no TLS version that is allowed here",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server refuses every TLS version that is allowed here",
    "NO_PROTOCOLS_AVAILABLE": "no TLS version that is allowed here can be used with these ciphers",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server found no cipher or key exchange in common",
    "NO_CIPHERS_AVAILABLE": "the cipher string leaves no cipher for the TLS versions allowed",
}
"""OpenSSL's reasons that have a plain sentence here."""


class TLSSettings(NamedTuple):
    """What a TLS connection must be."""

    verify: bool = False
    """Chain and name must be right (`-V`)."""
    ca_file: str | None = None
    """A PEM file of the CAs to trust, in place of the system's."""
    ciphers: str | None = None
    """An OpenSSL cipher string, for TLS 1.2 and below."""
    minimum: str | None = None
    """One of `VERSIONS`; None for 1.2, or for `maximum` where that is lower."""
    maximum: str | None = None
    """One of `VERSIONS`; None for the highest there is."""


class TLSPeer(NamedTuple):
    """What a TLS connection is, once its handshake is done."""

    version: str
    """TLSv1.3 and the like."""
    cipher: str
    """The name of the cipher suite."""
    verified: bool
    """Chain and name were checked, and are right."""
    selected: bool
    """The suite is one that `TLSSettings.ciphers` selects: a suite of TLS 1.3 never is."""
    names: tuple[str, ...]
    """The DNS names and IP addresses in the certificate; the server's text, unescaped."""
    expires: int | None
    """When the certificate does, in seconds since 1970; None when it is not known."""


def make_context(settings: TLSSettings) -> ssl.SSLContext:
    """Makes the context for every connection of a run.

    Wrap a socket with it by `suppress_ragged_eofs=False` and
    `server_hostname=server_name(host)`.

    Raises:
        ValueError: for settings that cannot work; the text is one clear sentence.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.verify:
        context.hostname_checks_common_name = False
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.ca_file is not None:
        _trust_file(context, settings.ca_file)
    elif settings.verify:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    minimum = _limit_versions(context, settings)
    _select_ciphers(context, settings.ciphers, weak=minimum in _WEAK)
    return context


def server_name(host: str) -> str:
    """Gives the name that the server must prove to have, and that is sent as SNI.

    `ssl` tells names and addresses apart: an address is never sent (RFC 6066 section 3), and is
    compared with the addresses in the certificate.

    Args:
        host: a name, an IPv4 or an IPv6 address, as for `smtpwire.client.Server`.

    Returns:
        The name in ASCII and without a dot at its end, or the address without its zone.

    Raises:
        InvalidAddress: for a name that has no form in ASCII.
    """
    host = host.removesuffix(".")
    if ":" in host:
        return host.partition("%")[0]
    return host if host.isascii() else parse_domain(host)


def describe(connection: ssl.SSLSocket | ssl.SSLObject) -> TLSPeer:
    """Tells what a connection is whose handshake is done."""
    import ssl

    cipher = connection.cipher()
    name = cipher[0] if cipher else ""
    certificate = _certificate(connection)
    not_after = certificate.get("notAfter")
    return TLSPeer(
        version=connection.version() or "",
        cipher=name,
        verified=connection.context.verify_mode is ssl.CERT_REQUIRED,
        selected=any(
            known["name"] == name and known["protocol"] != "TLSv1.3"
            for known in connection.context.get_ciphers()
        ),
        names=_names(certificate),
        expires=ssl.cert_time_to_seconds(not_after) if not_after else None,
    )


def tls_error(
    error: OSError, server: str, connection: ssl.SSLSocket | ssl.SSLObject | None = None
) -> TLSError:
    """Puts a failed handshake into one sentence.

    Args:
        error: what `do_handshake` raised.
        server: the name or address that the certificate had to be for.
        connection: where it was raised; the names in a wrong certificate are read from it.

    Returns:
        A `CertificateError` when the server did not prove to be who it is, else a `TLSError`; to
        be raised by the caller, `from error`.
    """
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        flaw = _certificate_flaw(error, server, connection)
        return CertificateError(f"the certificate of the server is not accepted: {flaw}")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
        return TLSError("the TLS handshake failed: the server ended the connection")
    reason = getattr(error, "reason", None)
    if not reason:
        return TLSError(f"the TLS handshake failed: {error.strerror or type(error).__name__}")
    # The reasons are OpenSSL's own words, never the server's.
    plain = _REASONS.get(reason) or reason.lower().replace("_", " ")
    return TLSError(f"the TLS handshake failed: {plain}")


def _trust_file(context: ssl.SSLContext, ca_file: str) -> None:
    import ssl

    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise ValueError(f"the CA file {ca_file!r} holds no certificate in PEM form") from None
    except OSError as error:
        raise ValueError(f"the CA file {ca_file!r} cannot be read: {error.strerror}") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _limit_versions(context: ssl.SSLContext, settings: TLSSettings) -> str:
    """Sets the limits, and returns the minimum."""
    import warnings

    highest = settings.maximum or VERSIONS[-1]
    minimum = settings.minimum or min(_DEFAULT_MINIMUM, highest)
    if minimum > highest:
        raise ValueError(f"no TLS version is at least {minimum} and at most {highest}")
    with warnings.catch_warnings():  # 1.0 and 1.1 are deprecated, and were asked for
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _version(minimum)
        if settings.maximum is not None:
            context.maximum_version = _version(highest)
    return minimum


def _version(version: str) -> ssl.TLSVersion:
    import ssl

    if version not in VERSIONS:
        raise ValueError(f"{version!r} is no TLS version: write one of {', '.join(VERSIONS)}")
    name = "TLSv" + version.removesuffix(".0").replace(".", "_")
    if not getattr(ssl, f"HAS_{name}"):
        raise ValueError(f"the OpenSSL of this system was built without TLS {version}")
    return ssl.TLSVersion[name]


def _select_ciphers(context: ssl.SSLContext, ciphers: str | None, *, weak: bool) -> None:
    import ssl

    if ciphers is None and not weak:
        return
    chosen = _OPENSSL_DEFAULT_CIPHERS if ciphers is None else ciphers
    if weak and "@SECLEVEL" not in chosen:
        chosen += ":@SECLEVEL=0"
    try:
        context.set_ciphers(chosen)
    except (ssl.SSLError, ValueError):
        raise ValueError(
            f"the cipher string {ciphers!r} selects no cipher"
            " (suites of TLS 1.3 cannot be named in it)"
        ) from None


def _certificate(connection: ssl.SSLSocket | ssl.SSLObject) -> Mapping[str, Any]:
    """Reads the certificate that the server sent, whether it was accepted or not.

    `getpeercert` shows only one that was accepted.  What is used instead is private to `ssl`
    (Python 3.10 and later) and serves only to tell people more: without it they are told less.
    """
    try:
        chain = connection._sslobj.get_unverified_chain()  # type: ignore[union-attr] # noqa: SLF001
        return chain[0].get_info()  # type: ignore[no-any-return]
    except (AttributeError, TypeError, ValueError, OSError):
        return {}


def _names(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name.strip()
        for kind, name in certificate.get("subjectAltName", ())
        if kind in {"DNS", "IP Address"}
    )


def _certificate_flaw(
    error: ssl.SSLCertVerificationError,
    server: str,
    connection: ssl.SSLSocket | ssl.SSLObject | None,
) -> str:
    certificate: Mapping[str, Any] = {} if connection is None else _certificate(connection)
    code = error.verify_code
    if code in _WRONG_NAME:
        return f"it is not for {server}{_instead(_names(certificate))}"
    if code == _EXPIRED:
        return f"it expired{_on(certificate, 'notAfter')}"
    if code == _NOT_YET_VALID:
        return f"it is not valid yet{_on(certificate, 'notBefore')}"
    if code == _SELF_SIGNED:
        return "it is self-signed"
    if code in _UNKNOWN_CA:
        return "it was not issued by a CA that is trusted here"
    return error.verify_message.rstrip(".")  # a fixed text of OpenSSL's


def _instead(names: tuple[str, ...]) -> str:
    if not names:
        return " (it has no subjectAltName that is a name or an address)"
    shown = [repr(name[:_NAME_SHOWN]) for name in names[:_NAMES_SHOWN]]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f" but for {', '.join(shown)}{more}"


def _on(certificate: Mapping[str, Any], when: str) -> str:
    date = certificate.get(when)
    return f" ({date})" if date else ""
