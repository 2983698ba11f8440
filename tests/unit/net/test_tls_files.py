"""TLS contexts that need files: the client's certificate, and the log of keys."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from smtpwire.net.tls import TLSSettings, make_context
from tests.unit.net.memorytls import Handshake, server_context
from tests.unit.net.test_certificate import der

if TYPE_CHECKING:
    from pathlib import Path


class Files:
    """A client's certificate and its key, right and wrong."""

    def __init__(self, ca: trustme.CA, directory: Path) -> None:
        self.directory = directory
        self.leaf = ca.issue_cert("me.example")
        self.certificate = self.write("cert.pem", self.leaf.cert_chain_pems[0].bytes())
        key = self.leaf.private_key_pem.bytes()
        self.key = self.write("key.pem", key)
        self.both = self.write("both.pem", key + self.leaf.cert_chain_pems[0].bytes())
        self.other_key = self.write("other.pem", ca.issue_cert("x").private_key_pem.bytes())
        rsa = ca.issue_cert("x", key_type=trustme.KeyType.RSA)
        self.key_of_another_kind = self.write("rsa.pem", rsa.private_key_pem.bytes())
        self.nothing = self.write("nothing", b"nothing\n")
        self.missing = str(directory / "missing")
        self.encrypted = self.write(
            "encrypted.pem",
            load_pem_private_key(key, None).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
            ),
        )

    def write(self, name: str, data: bytes) -> str:
        path = self.directory / name
        path.write_bytes(data)
        return str(path)


@pytest.fixture
def files(ca: trustme.CA, tmp_path: Path) -> Files:
    return Files(ca, tmp_path)


@pytest.mark.parametrize("split", [True, False])
def test_the_certificate_is_shown_to_who_asks(ca: trustme.CA, files: Files, split: bool) -> None:
    settings = TLSSettings(
        certificate=files.certificate if split else files.both, key=files.key if split else None
    )
    server = server_context(ca.issue_cert("x"))
    server.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(server)
    done = Handshake(make_context(settings), server, "x")
    assert done.error is None
    assert done.shown == der(files.leaf.cert_chain_pems[0])


@pytest.mark.parametrize(
    ("certificate", "key", "flaw"),
    [
        ("missing", None, "the certificate '{0}' cannot be read: No such file or directory"),
        ("certificate", "missing", "the key '{1}' cannot be read: No such file or directory"),
        ("nothing", None, "the file '{0}' holds no certificate in PEM form"),
        ("nothing", "key", "the file '{0}' holds no certificate in PEM form"),
        ("key", None, "the file '{0}' holds no certificate in PEM form"),
        ("certificate", None, "the file '{0}' holds no key in PEM form"),
        ("certificate", "nothing", "the file '{1}' holds no key in PEM form"),
        ("certificate", "other_key", "the key in '{1}' is not that of the certificate"),
        ("certificate", "key_of_another_kind", "the key in '{1}' is not that of the certificate"),
        ("certificate", "encrypted", "the key in '{1}' is encrypted: decrypt it"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_sentence(
    files: Files, certificate: str, key: str | None, flaw: str
) -> None:
    certificate_file = getattr(files, certificate)
    key_file = None if key is None else getattr(files, key)
    with pytest.raises(ValueError, match="the ") as caught:
        make_context(TLSSettings(certificate=certificate_file, key=key_file))
    assert str(caught.value) == flaw.format(certificate_file, key_file)


def test_the_keys_are_appended_and_their_owners_alone(ca: trustme.CA, tmp_path: Path) -> None:
    log = tmp_path / "keys"
    for count in (1, 2):
        context = make_context(TLSSettings(keylog=str(log)))
        assert Handshake(context, server_context(ca.issue_cert("x")), "x").error is None
        assert log.read_text().count("CLIENT_TRAFFIC_SECRET_0 ") == count
    assert log.stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be written: No such file or directory"):
        make_context(TLSSettings(keylog=str(tmp_path / "no" / "keys")))


# -- suites of TLS 1.3 -----------------------------------------------------------------------------


def chooser(chosen: list[str]) -> object:
    """Stands in for what Python 3.15 has."""

    def set_ciphersuites(_context: ssl.SSLContext, suites: str) -> None:
        if suites == "NONSENSE":
            raise ssl.SSLError("no cipher match")
        chosen.append(suites)

    return set_ciphersuites


def test_suites_are_chosen_where_that_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(ssl.SSLContext, "set_ciphersuites", chooser(chosen), raising=False)
    make_context(TLSSettings(ciphersuites="TLS_AES_128_GCM_SHA256"))
    assert chosen == ["TLS_AES_128_GCM_SHA256"]
    with pytest.raises(ValueError, match=r"'NONSENSE' names no suite of TLS 1\.3"):
        make_context(TLSSettings(ciphersuites="NONSENSE"))


def test_else_an_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ssl.SSLContext, "set_ciphersuites", raising=False)
    with pytest.raises(ValueError, match=r"this Python cannot choose the suites of TLS 1\.3"):
        make_context(TLSSettings(ciphersuites="TLS_AES_128_GCM_SHA256"))
