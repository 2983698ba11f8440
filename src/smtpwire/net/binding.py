"""Channel bindings: what tells one TLS connection from every other, to tie a login to it.

Which type is used depends on what this Python's `ssl` can compute, in this order:

- tls-exporter (RFC 9266), if `ssl` lists it; the best, for any version of TLS.  No release up to
  3.14 does (the request for it is github.com/python/cpython/issues/82133), so that on TLS 1.3 it is
  derived by `smtpwire.net.exporter`, where the system lets it.
- tls-unique below TLS 1.3 (RFC 5929 section 3).  On TLS 1.3 it is not defined, though `ssl` returns
  something.  Below, it is safe only where no session is resumed (RFC 7677 section 4), and here none
  ever is.
- tls-server-end-point (RFC 5929 section 4), which is a hash of the server's certificate: it keeps
  out whoever is in between without the server's key, for every version.  It is not defined for a
  certificate whose signature has no hash of its own, such as Ed25519.
"""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import ChannelBinding
from smtpwire.net.der import CONTEXT_0, OBJECT_IDENTIFIER, SEQUENCE, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

_HASH_OF = {
    "2a864886f70d010104": "md5",  # RSA with it, and so on (RFC 4055, RFC 5758)
    "2a864886f70d010105": "sha1",
    "2a864886f70d01010e": "sha224",
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a8648ce3d0401": "sha1",  # ECDSA
    "2a8648ce3d040301": "sha224",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
    "608648016503040204": "sha224",  # the hashes by themselves, as RSASSA-PSS names them
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}
_RSASSA_PSS = "2a864886f70d01010a"
_TOO_WEAK = frozenset({"md5", "sha1"})
"""RFC 5929 section 4 takes SHA-256 in their place."""


def channel_binding(
    connection: ssl.SSLSocket | ssl.SSLObject, exporter: bytes = b""
) -> ChannelBinding | None:
    """Gives the best channel binding of a connection whose handshake is done.

    Args:
        connection: as a client.
        exporter: its exporter secret, if it is one of TLS 1.3 and the secret is known.

    Returns:
        None when there is none that is defined for this connection and can be computed.
    """
    import ssl

    for name in ("tls-exporter", "tls-unique"):
        defined = name == "tls-exporter" or connection.version() != "TLSv1.3"
        if defined and name in ssl.CHANNEL_BINDING_TYPES:
            data = connection.get_channel_binding(name)
            if data:
                return ChannelBinding(name, data)
    if exporter:
        from smtpwire.net.exporter import tls_exporter

        return ChannelBinding("tls-exporter", tls_exporter(exporter))
    certificate = connection.getpeercert(binary_form=True)
    data = server_end_point(certificate) if certificate else None
    return ChannelBinding("tls-server-end-point", data) if data else None


def server_end_point(certificate: bytes) -> bytes | None:
    """Gives the binding of type tls-server-end-point (RFC 5929 section 4).

    Args:
        certificate: the server's, in DER.

    Returns:
        Its hash, or None where the type is not defined for it.
    """
    try:
        name = _HASH_OF.get(_signature_hash(certificate))
    except ValueError:
        return None
    if name is None:
        return None
    import hashlib

    return hashlib.new("sha256" if name in _TOO_WEAK else name, certificate).digest()


def _signature_hash(certificate: bytes) -> str:
    """Gives the identifier, in hexadecimal, that says which hash a certificate is signed with.

    A certificate is a sequence of what is signed, the algorithm, and the signature (RFC 5280
    section 4.1); an algorithm is a sequence of its identifier and its parameters.
    """
    whole, _ = split(certificate, SEQUENCE)
    _, behind = split(whole, SEQUENCE)
    algorithm, _ = split(behind, SEQUENCE)
    identifier, parameters = split(algorithm, OBJECT_IDENTIFIER)
    if identifier.hex() == _RSASSA_PSS:
        parameters, _ = split(parameters, SEQUENCE)
        tagged, _ = split(parameters, CONTEXT_0)  # the hash among the parameters (RFC 4055)
        identifier, _ = split(split(tagged, SEQUENCE)[0], OBJECT_IDENTIFIER)
    return identifier.hex()
