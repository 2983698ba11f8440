"""Certification paths up to a trust anchor that came with the chain (RFC 5280 section 6).

`ssl` can verify only while it shakes hands, by anchors that it was given before; which certificate
is the anchor is known here only when the handshake has shown it.  So `cryptography` does it, and
this module is imported only where that is needed.

The certificates of mail servers need not follow the rules of web browsers, so that little is asked
of extensions: a subjectAltName, and issuers that are CAs.  But what an extension forbids is
forbidden, and a key that is too weak for OpenSSL is too weak here.  Names are compared here, since
the library takes no host name with an underscore.  Of signatures it takes those of the web, which
leaves out Ed25519.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVEL_BITS = (0, 80, 112, 128, 192, 256)
"""Bits of security that each of OpenSSL's security levels asks for (SSL_CTX_set_security_level)."""
_MODULUS_BITS = ((15_360, 256), (7_680, 192), (3_072, 128), (2_048, 112), (1_024, 80))
"""Bits of security that a modulus of so many bits has (NIST SP 800-57 part 1, table 2)."""
_SERVERS = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def verify_path(
    certificate: bytes,
    others: Sequence[bytes],
    anchors: Sequence[bytes],
    names: Sequence[str],
    level: int = 2,
) -> str:
    """Verify a certificate now.

    Args:
        certificate: the server's, in DER.
        others: what may stand between it and the anchors.
        anchors: who is trusted.
        names: what the certificate has to be for, in ASCII; one will do.
        level: OpenSSL's security level, which says how strong keys have to be.

    Returns:
        What is wrong with it, in a few words; "" when nothing is.
    """
    load = x509.load_der_x509_certificate
    rules = _Rules(level)
    try:
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store([load(anchor) for anchor in anchors]))
            .extension_policies(ee_policy=rules.end_entity(), ca_policy=rules.authority())
            # Of the two verifiers that there are it is the one that compares no names.
            .build_client_verifier()
        )
        verified = verifier.verify(load(certificate), [load(other) for other in others])
    except (verification.VerificationError, ValueError) as error:
        # Behind that the library repeats names out of the certificate, which are the server's text.
        reason = str(error).partition(" (encountered")[0].removeprefix("validation failed: ")
        reason = reason.rpartition("ValueError: ")[2]  # of the rules below
        return f"it cannot be verified for {names[0]} ({reason})"
    shown = [name.value for name in verified.subjects or () if isinstance(name, x509.DNSName)]
    if any(_is_for(pattern, name) for pattern in shown for name in names):
        return ""
    return f"it cannot be verified for {names[0]} (it is for other names)"


def _is_for(pattern: str, name: str) -> bool:
    """Whether a name in a certificate is a server's (RFC 9525 section 6.3).

    A wildcard is a whole label, the first; as OpenSSL has it, there are two behind it at least.
    """
    pattern, name = pattern.lower(), name.lower()
    rest = name.partition(".")[2]
    return pattern == name or ("." in rest and pattern == f"*.{rest}")


class _Rules:
    """What is asked of the certificates of a path.

    Args:
        level: OpenSSL's security level.
    """

    def __init__(self, level: int) -> None:
        self._level = level

    def end_entity(self) -> verification.ExtensionPolicy:
        policy = verification.ExtensionPolicy.permit_all()
        agnostic = verification.Criticality.AGNOSTIC
        policy = policy.require_present(x509.SubjectAlternativeName, agnostic, self._has_key)
        policy = policy.may_be_present(x509.KeyUsage, agnostic, _may_shake_hands)
        return policy.may_be_present(x509.ExtendedKeyUsage, agnostic, _may_be_a_servers)

    def authority(self) -> verification.ExtensionPolicy:
        policy = verification.ExtensionPolicy.permit_all()
        agnostic = verification.Criticality.AGNOSTIC
        policy = policy.require_present(x509.BasicConstraints, agnostic, self._is_authority)
        policy = policy.may_be_present(x509.KeyUsage, agnostic, _may_issue)
        return policy.may_be_present(x509.ExtendedKeyUsage, agnostic, _may_be_a_servers)

    def _has_key(
        self, _policy: verification.Policy, certificate: x509.Certificate, _extension: object
    ) -> None:
        if _bits(certificate) < _LEVEL_BITS[self._level]:
            raise ValueError("its key or that of an issuer is too weak")

    def _is_authority(
        self,
        policy: verification.Policy,
        certificate: x509.Certificate,
        extension: x509.BasicConstraints,
    ) -> None:
        if not extension.ca:
            raise ValueError("an issuer of it is no CA")
        self._has_key(policy, certificate, extension)


def _may_issue(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    """RFC 5280 section 4.2.1.3."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the key of an issuer of it is not for certificates")


def _may_shake_hands(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not (
        usage.digital_signature or usage.key_encipherment or usage.key_agreement
    ):
        raise ValueError("its key is not for TLS")


def _may_be_a_servers(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    usage: x509.ExtendedKeyUsage | None,
) -> None:
    """RFC 5280 section 4.2.1.12; at an issuer it limits what that issues, as OpenSSL has it."""
    if usage is not None and _SERVERS.isdisjoint(usage):
        raise ValueError("it or an issuer of it is not for servers")


def _bits(certificate: x509.Certificate) -> int:
    """How many bits of security a key has."""
    key = certificate.public_key()
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        return next((bits for modulus, bits in _MODULUS_BITS if key.key_size >= modulus), 0)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size // 2
    if isinstance(key, ed25519.Ed25519PublicKey):
        return 128
    return 224 if isinstance(key, ed448.Ed448PublicKey) else 0
