"""Channel bindings: which is chosen, and the same octets at both ends."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from scramp.core import CBindData

from smtpwire.net.binding import channel_binding, server_end_point
from smtpwire.net.exporter import tls_exporter

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def certificate(
    key: CertificateIssuerPrivateKeyTypes, algorithm: Any, rsa_padding: Any = None, names: int = 1
) -> bytes:
    """A certificate in DER that is signed in this way."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"x{i}.example") for i in range(names)]),
            critical=False,
        )
    )
    return built.sign(key, algorithm, rsa_padding=rsa_padding).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("der", "algorithm"),
    [
        (certificate(RSA, hashes.SHA256()), hashes.SHA256()),
        (certificate(RSA, hashes.SHA384()), hashes.SHA384()),
        (certificate(RSA, hashes.SHA512()), hashes.SHA512()),
        (certificate(RSA, hashes.SHA224()), hashes.SHA224()),
        (certificate(EC, hashes.SHA256()), hashes.SHA256()),
        (certificate(EC, hashes.SHA384(), names=4000), hashes.SHA384()),
        (
            certificate(RSA, hashes.SHA384(), padding.PSS(padding.MGF1(hashes.SHA384()), 48)),
            hashes.SHA384(),
        ),
    ],
)
def test_the_hash_is_the_one_of_the_signature(der: bytes, algorithm: hashes.HashAlgorithm) -> None:
    digest = hashes.Hash(algorithm)
    digest.update(der)
    assert server_end_point(der) == digest.finalize()


@pytest.mark.parametrize("old", ["2a864886f70d010104", "2a864886f70d010105"])  # MD5, SHA-1
def test_sha_256_stands_for_a_hash_that_is_too_weak(old: str) -> None:
    """Neither is made any more, so the signature's identifier is changed in a made one."""
    sha256 = bytes.fromhex("2a864886f70d01010b")
    der = certificate(RSA, hashes.SHA256()).replace(sha256, bytes.fromhex(old))
    assert server_end_point(der) == bytes(CBindData.from_der(der))


@pytest.mark.parametrize(
    "der",
    [
        certificate(ed25519.Ed25519PrivateKey.generate(), None),  # no hash of its own
        b"",
        b"\x30",
        b"\x30\x82",
        b"\x30\x03\x02\x01\x01",
        certificate(EC, hashes.SHA256())[:-80],
    ],
)
def test_there_is_none_for_what_has_no_hash(der: bytes) -> None:
    assert server_end_point(der) is None


class Ends:
    """A TLS connection in memory, its handshake done."""

    def __init__(self, version: ssl.TLSVersion) -> None:
        authority = trustme.CA()
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf = authority.issue_cert("x.example")
        leaf.configure_cert(serving)
        self.certificate = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.check_hostname = False
        asking.verify_mode = ssl.CERT_NONE
        asking.minimum_version = asking.maximum_version = version
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = asking.wrap_bio(back, there, server_hostname="x.example")
        self.server = serving.wrap_bio(there, back, server_side=True)
        for end in (self.client, self.server) * 3:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass


def test_below_tls_1_3_it_is_tls_unique() -> None:
    ends = Ends(ssl.TLSVersion.TLSv1_2)
    assert channel_binding(ends.client) == ("tls-unique", ends.server.get_channel_binding())


def test_on_tls_1_3_it_is_the_certificate() -> None:
    ends = Ends(ssl.TLSVersion.TLSv1_3)
    assert channel_binding(ends.client) == (
        "tls-server-end-point",
        server_end_point(ends.certificate),
    )


def test_where_its_secret_is_known_it_is_tls_exporter() -> None:
    ends = Ends(ssl.TLSVersion.TLSv1_3)
    secret = bytes(48)
    assert channel_binding(ends.client, secret) == ("tls-exporter", tls_exporter(secret))


class Connection:
    """What `ssl` gives of a connection, as a test says."""

    def __init__(self, version: str, certificate: bytes | None, **bindings: bytes) -> None:
        self._version = version
        self._certificate = certificate
        self._bindings = bindings

    def version(self) -> str:
        return self._version

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        return self._certificate

    def get_channel_binding(self, name: str) -> bytes | None:
        return self._bindings.get(name.replace("-", "_"))


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_where_python_can_it_is_tls_exporter(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(ssl, "CHANNEL_BINDING_TYPES", ["tls-unique", "tls-exporter"])
    connection: Any = Connection(version, None, tls_unique=b"u", tls_exporter=b"e")
    assert channel_binding(connection) == ("tls-exporter", b"e")


def test_without_any_there_is_none() -> None:
    missing: Any = Connection("TLSv1.2", None)
    assert channel_binding(missing) is None
    unsuitable: Any = Connection("TLSv1.3", b"", tls_unique=b"meaningless")
    assert channel_binding(unsuitable) is None
