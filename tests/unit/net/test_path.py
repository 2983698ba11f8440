"""Certification paths up to an anchor that came with the chain."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smtpwire.net.path import verify_path
from tests.unit.net.test_certificate import der

if TYPE_CHECKING:
    import trustme
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

HOST = "mail.example"
PAST = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
FUTURE = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


class Plain:
    """A certificate as people make them by hand: few extensions, or none."""

    def __init__(
        self,
        name: str,
        issuer: Plain | None,
        *extensions: x509.ExtensionType,
        key: CertificateIssuerPrivateKeyTypes | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
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
    assert verify_path(server.der, [middle.der], [root.der], [HOST]) == ""
    assert verify_path(server.der, [], [middle.der], [HOST]) == ""


def test_a_path_with_a_gap() -> None:
    root = Plain("root", None, CA)
    server = Plain("server", Plain("middle", root, CA), NAME)
    assert verify_path(server.der, [], [root.der], [HOST]) != ""


@pytest.mark.parametrize("extensions", [(), (NO_CA,)])
def test_who_is_no_ca_issues_nothing(extensions: tuple[x509.ExtensionType, ...]) -> None:
    """Anybody's server certificate could else vouch for any other."""
    root = Plain("root", None, CA)
    middle = Plain("middle", root, *extensions)
    server = Plain("server", middle, NAME)
    assert verify_path(server.der, [middle.der], [root.der], [HOST]) != ""


def test_a_common_name_is_no_name() -> None:
    root = Plain("root", None, CA)
    server = Plain(HOST, root)
    assert verify_path(server.der, [], [root.der], [HOST]) != ""


def test_what_is_said_repeats_nothing_of_the_certificate(ca: trustme.CA) -> None:
    hostile = ca.issue_cert("x.example", organization_name="\u202e\u001b]0;owned")
    flaw = verify_path(der(hostile.cert_chain_pems[0]), [], [der(ca.cert_pem)], [HOST])
    assert flaw.startswith(f"it cannot be verified for {HOST} (")
    assert "owned" not in flaw
    assert flaw.isprintable()


def test_what_is_not_a_certificate() -> None:
    assert verify_path(b"x", [], [b"y"], [HOST]).startswith("it cannot be verified")


# -- what extensions forbid ------------------------------------------------------------------------


def usage(*kinds: str) -> x509.KeyUsage:
    known = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{kind: kind in kinds for kind in known})


SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
MAIL = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])


@pytest.mark.parametrize(
    ("extension", "flaw"),
    [
        (usage("key_cert_sign"), ""),
        (usage("digital_signature", "crl_sign"), "the key of an issuer of it is not for cert"),
        (SERVER, ""),
        (ANY, ""),
        (MAIL, "it or an issuer of it is not for servers"),
    ],
)
@pytest.mark.parametrize("at_anchor", [False, True])
def test_what_an_issuer_may_do(extension: x509.ExtensionType, flaw: str, at_anchor: bool) -> None:
    root = Plain("root", None, CA, *([extension] if at_anchor else []))
    middle = Plain("middle", root, CA, *([] if at_anchor else [extension]))
    server = Plain("server", middle, NAME)
    found = verify_path(server.der, [middle.der], [root.der], [HOST])
    assert flaw in found
    assert bool(flaw) is bool(found)


@pytest.mark.parametrize(
    ("extension", "flaw"),
    [
        (usage("digital_signature"), ""),
        (usage("key_encipherment"), ""),
        (usage("key_agreement"), ""),
        (usage("key_cert_sign"), "its key is not for TLS"),
        (SERVER, ""),
        (ANY, ""),
        (CLIENT, "it or an issuer of it is not for servers"),
    ],
)
def test_what_a_server_may_do(extension: x509.ExtensionType, flaw: str) -> None:
    root = Plain("root", None, CA)
    server = Plain("server", root, NAME, extension)
    reason = f"it cannot be verified for {HOST} ({flaw})" if flaw else ""
    assert verify_path(server.der, [], [root.der], [HOST]) == reason


@pytest.mark.parametrize(
    ("key", "strongest"),
    [
        (rsa.generate_private_key(65537, 1024), 1),  # noqa: S505 - what is refused
        (rsa.generate_private_key(65537, 2048), 2),
        (dsa.generate_private_key(1024), 1),  # noqa: S505 - the same
        (ec.generate_private_key(ec.SECP192R1()), 1),
        (ec.generate_private_key(ec.SECP256R1()), 3),
        (ec.generate_private_key(ec.SECP521R1()), 5),
        (ed25519.Ed25519PrivateKey.generate(), 3),
        (ed448.Ed448PrivateKey.generate(), 4),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, int) else "",
)
def test_keys_are_as_strong_as_openssl_has_them(
    key: CertificateIssuerPrivateKeyTypes, strongest: int
) -> None:
    """By its security levels, of which @SECLEVEL=N in -C chooses one."""
    root = Plain("root", None, CA, key=ec.generate_private_key(ec.SECP521R1()))
    server = Plain("server", root, NAME, key=key)
    for level in range(6):
        flaw = verify_path(server.der, [], [root.der], [HOST], level)
        assert ("too weak" in flaw) is (level > strongest), level


def test_an_issuer_is_no_weaker_than_a_server_may_be() -> None:
    root = Plain("root", None, CA)
    server = Plain("server", root, NAME, key=ec.generate_private_key(ec.SECP521R1()))
    assert verify_path(server.der, [], [root.der], [HOST], 3) == ""
    assert "too weak" in verify_path(server.der, [], [root.der], [HOST], 4)


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "name", "same"),
    [
        ("mail.example", "mail.example", True),
        ("Mail.EXAMPLE", "mail.Example", True),
        ("my_host.example", "my_host.example", True),
        ("*.a.example", "x.a.example", True),
        ("*.a.example", "my_host.a.example", True),
        ("*.a.example", "x.y.a.example", False),
        ("*.a.example", "a.example", False),
        ("x*.a.example", "xy.a.example", False),
        ("x.*.example", "x.y.example", False),
        ("*.example", "mail.example", False),
        ("*", "localhost", False),
        ("*.", "localhost", False),
        ("mail.example.org", "mail.example", False),
    ],
)
def test_names(shown: str, name: str, same: bool) -> None:
    root = Plain("root", None, CA)
    server = Plain("server", root, x509.SubjectAlternativeName([x509.DNSName(shown)]))
    flaw = verify_path(server.der, [], [root.der], [name])
    assert flaw == ("" if same else f"it cannot be verified for {name} (it is for other names)")


def test_one_name_will_do() -> None:
    root = Plain("root", None, CA)
    names = [x509.RFC822Name("a@mail.example"), x509.DNSName("x.example"), x509.DNSName(HOST)]
    server = Plain("server", root, x509.SubjectAlternativeName(names))
    assert verify_path(server.der, [], [root.der], ["other.example", HOST]) == ""


def test_an_address_is_no_name() -> None:
    root = Plain("root", None, CA)
    names = [x509.IPAddress(ipaddress.ip_address("192.0.2.1")), x509.RFC822Name(HOST)]
    server = Plain("server", root, x509.SubjectAlternativeName(names))
    for name in ("192.0.2.1", HOST):
        assert "it is for other names" in verify_path(server.der, [], [root.der], [name])
