"""A TLS handshake that failed, in one sentence: what is wrong, and with whose certificate.

OpenSSL's own words are for those who know it; what happens often has a plain sentence here.
"""

from __future__ import annotations

from smtpwire.errors import CertificateError, TLSError
from smtpwire.net.certificate import NOT_ACCEPTED, Facts, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from smtpwire.net.certificate import Connection

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

_REFUSED = "SSLV3_ALERT_HANDSHAKE_FAILURE"
_REFUSED_LATER = (
    "the server refused it when a cipher had been agreed on:"
    " it may want a certificate of this client"
)
"""The same alert, below TLS 1.3 (RFC 5246 section 7.4.6)."""

_REASONS = {
    "WRONG_VERSION_NUMBER": "what the server sent is not TLS",
    "HTTP_REQUEST": "what the server sent is not TLS",
    "PACKET_LENGTH_TOO_LONG": "what the server sent is not TLS",
    "UNSUPPORTED_PROTOCOL": "the server speaks no TLS version that is allowed here",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server refuses every TLS version that is allowed here",
    "NO_PROTOCOLS_AVAILABLE": "no TLS version that is allowed here can be used with these ciphers",
    _REFUSED: "the server found no cipher or key exchange in common",
    "NO_CIPHERS_AVAILABLE": "the cipher string leaves no cipher for the TLS versions allowed",
}
"""OpenSSL's reasons that have a plain sentence here."""


def tls_error(error: OSError, server: str, connection: Connection | None = None) -> TLSError:
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
        return CertificateError(f"{NOT_ACCEPTED}{flaw}")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
        return TLSError("the TLS handshake failed: the server ended the connection")
    reason = getattr(error, "reason", None)
    if not reason:
        return TLSError(f"the TLS handshake failed: {error.strerror or type(error).__name__}")
    if reason == _REFUSED and connection is not None and connection.cipher() is not None:
        return TLSError(f"the TLS handshake failed: {_REFUSED_LATER}")
    # The reasons are OpenSSL's own words, never the server's.
    plain = _REASONS.get(reason) or reason.lower().replace("_", " ")
    return TLSError(f"the TLS handshake failed: {plain}")


def _certificate_flaw(
    error: ssl.SSLCertVerificationError, server: str, connection: Connection | None
) -> str:
    certificate = Facts() if connection is None else facts(connection)
    code = error.verify_code
    if code in _WRONG_NAME:
        return f"it is not for {server}{_instead(certificate.names)}"
    if code == _EXPIRED:
        return f"it expired{_on(certificate.ends)}"
    if code == _NOT_YET_VALID:
        return f"it is not valid yet{_on(certificate.begins)}"
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


def _on(date: str) -> str:
    return f" ({date})" if date else ""
