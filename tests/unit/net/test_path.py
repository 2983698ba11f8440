"""Certification paths up to an anchor that came with the chain."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from smtpwire.net.path import verify_path
from tests.unit.net.test_certificate import der

if TYPE_CHECKING:
    import trustme

HOST = "mail.example"
PAST = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
FUTURE = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


class Plain:
    """A certificate as people make them by hand: few extensions, or none."""

    def __init__(self, name: str, issuer: Plain | None, *extensions: x509.ExtensionType) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(above.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(PAST)
            .not_valid_after(FUTURE)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        self.der = builder.sign(above.key, hashes.SHA256()).public_bytes(Encoding.DER)


CA = x509.BasicConstraints(ca=True, path_length=None)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)
NAME = x509.SubjectAlternativeName([x509.DNSName(HOST)])


def test_few_extensions_are_enough() -> None:
    root = Plain("root", None, CA)
    middle = Plain("middle", root, CA)
    server = Plain("server", middle, NAME)
    assert verify_path(server.der, [middle.der], [root.der], HOST) == ""
    assert verify_path(server.der, [], [middle.der], HOST) == ""


def test_a_path_with_a_gap() -> None:
    root = Plain("root", None, CA)
    server = Plain("server", Plain("middle", root, CA), NAME)
    assert verify_path(server.der, [], [root.der], HOST) != ""


@pytest.mark.parametrize("extensions", [(), (NO_CA,)])
def test_who_is_no_ca_issues_nothing(extensions: tuple[x509.ExtensionType, ...]) -> None:
    """Anybody's server certificate could else vouch for any other."""
    root = Plain("root", None, CA)
    middle = Plain("middle", root, *extensions)
    server = Plain("server", middle, NAME)
    assert verify_path(server.der, [middle.der], [root.der], HOST) != ""


def test_a_common_name_is_no_name() -> None:
    root = Plain("root", None, CA)
    server = Plain(HOST, root)
    assert verify_path(server.der, [], [root.der], HOST) != ""


def test_what_is_said_repeats_nothing_of_the_certificate(ca: trustme.CA) -> None:
    hostile = ca.issue_cert("x.example", organization_name="\u202e\u001b]0;owned")
    flaw = verify_path(der(hostile.cert_chain_pems[0]), [], [der(ca.cert_pem)], HOST)
    assert flaw.startswith(f"it cannot be verified for {HOST} (")
    assert "owned" not in flaw
    assert flaw.isprintable()


def test_what_is_not_a_certificate() -> None:
    assert verify_path(b"x", [], [b"y"], HOST).startswith("it cannot be verified")
