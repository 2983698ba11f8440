"""TLS: what is asked of a connection, and what it turned out to be.

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import NamedTuple

    from smtpwire.net.certificate import Connection
else:
    from smtpwire.record import NamedTuple

VERSIONS = ("1.0", "1.1", "1.2", "1.3")
"""What `TLSSettings.minimum` and `maximum` may be, in their order."""

_DEFAULT_MINIMUM = "1.2"
_WEAK = frozenset({"1.0", "1.1"})
_OPENSSL_DEFAULT_CIPHERS = "DEFAULT"
_TOO_WEAK = {
    "EE_KEY_TOO_SMALL": "its key is too small",
    "CA_KEY_TOO_SMALL": "the key of an issuer in the file is too small",
    "CA_MD_TOO_WEAK": "a signature in the file is made with too weak a hash",
}
"""OpenSSL's reasons to show no such certificate."""


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
    ciphersuites: str | None = None
    """The suites of TLS 1.3, as OpenSSL writes them; only where the runtime can set them."""
    certificate: str | None = None
    """A PEM file: this client's certificate and those above it."""
    key: str | None = None
    """A PEM file: the key of `certificate`; None when it is in the same file."""
    name: str | None = None
    """The name to ask for and to verify in place of the server's."""
    pins: tuple[bytes, ...] = ()
    """SHA-256 digests of public keys (SubjectPublicKeyInfo), one of which must be the server's."""
    keylog: str | None = None
    """A file to which the secrets of every connection are appended, for whoever debugs it."""


class TLSPeer(NamedTuple):
    """What a TLS connection is, once its handshake is done."""

    version: str
    """TLSv1.3 and the like."""
    cipher: str
    """The name of the cipher suite."""
    verified_by: str
    """What the server proved to be who it is by: CA, pin, DANE-EE, DANE-TA; "" for nothing."""
    selected: bool
    """The suite is one that `TLSSettings.ciphers` selects: a suite of TLS 1.3 never is."""
    names: tuple[str, ...]
    """The DNS names and IP addresses in the certificate; the server's text, unescaped."""
    expires: int | None
    """When the certificate does, in seconds since 1970; None when it is not known."""

    @property
    def verified(self) -> bool:
        """Whether the server proved to be who it is."""
        return bool(self.verified_by)


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
    if settings.ciphersuites is not None:
        _select_suites(context, settings.ciphersuites)
    if settings.certificate is not None:
        _show_certificate(context, settings.certificate, settings.key)
    if settings.keylog is not None:
        _log_keys(context, settings.keylog)
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


def describe(connection: Connection, verified_by: str) -> TLSPeer:
    """Tells what a connection is whose handshake is done, and by what the server was verified."""
    from smtpwire.net.certificate import facts

    cipher = connection.cipher()
    name = cipher[0] if cipher else ""
    shown = facts(connection)
    return TLSPeer(
        version=connection.version() or "",
        cipher=name,
        verified_by=verified_by,
        selected=any(
            known["name"] == name and known["protocol"] != "TLSv1.3"
            for known in connection.context.get_ciphers()
        ),
        names=shown.names,
        expires=shown.expires,
    )


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


def _select_suites(context: ssl.SSLContext, suites: str) -> None:
    import ssl

    choose = getattr(context, "set_ciphersuites", None)
    if choose is None:
        raise ValueError("this Python cannot choose the suites of TLS 1.3 (3.15 can)")
    try:
        choose(suites)
    except (ssl.SSLError, ValueError):
        raise ValueError(f"{suites!r} names no suite of TLS 1.3") from None


def _show_certificate(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """Have the client show a certificate to a server that asks for one."""
    import ssl

    for what, path in (("certificate", certificate), ("key", key)):
        if path is not None:
            _see_that_it_opens(what, path)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _EncryptedError:
        raise ValueError(f"the key in {key or certificate!r} is encrypted: decrypt it") from None
    except ssl.SSLError as error:
        if error.reason in _TOO_WEAK:
            flaw = (
                f"the certificate in {certificate!r} is too weak for OpenSSL's security level"
                f" {context.security_level}, which @SECLEVEL in the cipher string says"
                f" ({_TOO_WEAK[error.reason]})"
            )
        elif error.reason in {"KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}:
            flaw = f"the key in {key or certificate!r} is not that of the certificate"
        elif _has_pem(certificate, b"CERTIFICATE-----"):
            flaw = f"the file {key or certificate!r} holds no key in PEM form"
        else:
            flaw = f"the file {certificate!r} holds no certificate in PEM form"
        raise ValueError(flaw) from None


class _EncryptedError(Exception):
    """A passphrase is needed; OpenSSL would ask for it on the terminal."""


def _no_passphrase() -> str:
    raise _EncryptedError


def _see_that_it_opens(what: str, path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ValueError(f"the {what} {path!r} cannot be read: {error.strerror}") from None


def _has_pem(path: str, end: bytes) -> bool:
    with open(path, "rb") as file:
        return any(line.startswith(b"-----BEGIN ") and end in line for line in file)


def _log_keys(context: ssl.SSLContext, path: str) -> None:
    import os

    try:
        # Whoever reads it reads all that was said: made here, it is its owner's alone.
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        context.keylog_filename = path
    except OSError as error:
        raise ValueError(f"the file {path!r} cannot be written: {error.strerror}") from None
