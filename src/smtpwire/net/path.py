"""Certification paths up to a trust anchor that came with the chain (RFC 5280 section 6).

`ssl` can verify only while it shakes hands, by anchors that it was given before; which certificate
is the anchor is known here only when the handshake has shown it.  So `cryptography` does it, and
this module is imported only where that is needed.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.x509 import verification

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def verify_path(
    certificate: bytes, others: Sequence[bytes], anchors: Sequence[bytes], name: str
) -> str:
    """Verify a certificate now.

    The certificates of mail servers need not follow the rules of web browsers, so that nothing is
    asked of extensions but what the path itself needs: a subjectAltName, and issuers that are CAs.

    Args:
        certificate: the server's, in DER.
        others: what may stand between it and the anchors.
        anchors: who is trusted.
        name: what the certificate has to be for.

    Returns:
        What is wrong with it, in a few words; "" when nothing is.
    """
    load = x509.load_der_x509_certificate
    try:
        builder = verification.PolicyBuilder().store(
            verification.Store([load(anchor) for anchor in anchors])
        )
        builder = builder.extension_policies(ee_policy=_end_entity(), ca_policy=_authority())
        verifier = builder.build_server_verifier(x509.DNSName(name))
        verifier.verify(load(certificate), [load(other) for other in others])
    except (verification.VerificationError, ValueError) as error:
        # Behind that the library repeats names out of the certificate, which are the server's text.
        reason = str(error).partition(" (encountered")[0].removeprefix("validation failed: ")
        return f"it cannot be verified for {name} ({reason})"
    return ""


def _end_entity() -> verification.ExtensionPolicy:
    policy = verification.ExtensionPolicy.permit_all()
    return policy.require_present(
        x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None
    )


def _authority() -> verification.ExtensionPolicy:
    policy = verification.ExtensionPolicy.permit_all()
    return policy.require_present(
        x509.BasicConstraints, verification.Criticality.AGNOSTIC, _is_authority
    )


def _is_authority(
    _policy: verification.Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints
) -> None:
    if not extension.ca:
        raise ValueError("an issuer of it is no CA")
