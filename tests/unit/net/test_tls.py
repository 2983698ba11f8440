"""TLS contexts: what they accept, what they choose, and which settings cannot work."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from smtpwire.errors import InvalidAddress
from smtpwire.net import tls
from smtpwire.net.tls import TLSSettings, make_context, server_name
from tests.unit.net.memorytls import Handshake, server_context

if TYPE_CHECKING:
    from pathlib import Path

PAST = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("identity", "host"),
    [
        ("mail.example", "mail.example"),
        ("mail.example", "MAIL.Example"),
        ("mail.example", "mail.example."),
        ("*.example.org", "mail.example.org"),
        ("bücher.example", "bücher.example"),
        ("xn--bcher-kva.example", "bücher.example."),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1", "2001:DB8:0::1"),
        ("fe80::1", "fe80::1%eth0"),
    ],
)
def test_the_right_certificate_is_accepted(
    ca: trustme.CA, ca_file: str, identity: str, host: str
) -> None:
    context = make_context(TLSSettings(verify=True, ca_file=ca_file))
    done = Handshake(context, server_context(ca.issue_cert(identity)), host)
    assert done.error is None
    peer = tls.describe(done.client, "CA")
    assert peer.verified
    assert len(peer.names) == 1
    assert peer.expires is not None


def test_a_certificate_in_the_ca_file_is_trusted_by_itself(ca: trustme.CA, tmp_path: Path) -> None:
    certificate = ca.issue_cert("mail.example")
    own = tmp_path / "server.pem"
    certificate.cert_chain_pems[0].write_to_path(str(own))
    context = make_context(TLSSettings(verify=True, ca_file=str(own)))
    assert Handshake(context, server_context(certificate), "mail.example").error is None


def test_without_verify_any_certificate_will_do_and_is_described() -> None:
    certificate = trustme.CA().issue_cert("other.example", "192.0.2.1", not_after=PAST)
    done = Handshake(make_context(TLSSettings()), server_context(certificate), "mail.example")
    assert done.error is None
    peer = tls.describe(done.client, "CA")
    assert peer == tls.TLSPeer(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        verified_by="CA",
        selected=False,
        names=("other.example", "192.0.2.1"),
        expires=int(PAST.timestamp()),
    )


@pytest.mark.parametrize(
    ("host", "sni"),
    [
        ("mail.example.", "mail.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("under_score", "under_score"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("fe80::1%eth0", None),
    ],
)
def test_names_are_sent_as_sni_and_addresses_are_not(
    ca: trustme.CA, host: str, sni: str | None
) -> None:
    server = server_context(ca.issue_cert("x.example"))
    assert Handshake(make_context(TLSSettings()), server, host).sni == sni


def test_a_name_without_a_form_in_ascii_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="is not valid by IDNA 2008"):
        server_name("☃.example")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_one_version_can_be_asked_for(ca: trustme.CA, version: str) -> None:
    context = make_context(TLSSettings(minimum=version, maximum=version))
    done = Handshake(context, server_context(ca.issue_cert("x")), "x")
    assert done.error is None
    assert tls.describe(done.client, "CA").version == f"TLSv{version}"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    "settings",
    [
        TLSSettings(minimum="1.0"),
        TLSSettings(minimum="1.1"),
        TLSSettings(maximum="1.1"),
        TLSSettings(minimum="1.0", maximum="1.1", ciphers="AES256-SHA:ECDHE+AES"),
        TLSSettings(minimum="1.0", ciphers="ALL:@SECLEVEL=0"),
    ],
)
def test_old_versions_work_when_they_are_asked_for(ca: trustme.CA, settings: TLSSettings) -> None:
    """A server that speaks nothing newer than TLS 1.1, which the default settings refuse."""
    server = server_context(ca.issue_cert("x"))
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    refused = Handshake(make_context(TLSSettings()), server, "x")
    assert refused.error is not None
    done = Handshake(make_context(settings), server, "x")
    assert done.error is None
    assert tls.describe(done.client, "CA").version == "TLSv1.1"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            TLSSettings(minimum="1.3", maximum="1.2"),
            "no TLS version is at least 1.3 and at most 1.2",
        ),
        (TLSSettings(minimum="1.02"), "'1.02' is no TLS version: write one of 1.0, 1.1, 1.2, 1.3"),
        (TLSSettings(maximum="3"), "'3' is no TLS version: write one of 1.0, 1.1, 1.2, 1.3"),
        (
            TLSSettings(ca_file="/nowhere/ca.pem"),
            "the CA file '/nowhere/ca.pem' cannot be read: No such file or directory",
        ),
        (
            TLSSettings(ca_file=__file__),
            f"the CA file {__file__!r} holds no certificate in PEM form",
        ),
    ],
)
def test_settings_that_cannot_work_are_told_in_a_sentence(settings: TLSSettings, text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        make_context(settings)
    assert str(caught.value) == text


def test_a_version_that_openssl_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "HAS_TLSv1", False)
    with pytest.raises(ValueError, match=r"was built without TLS 1\.0"):
        make_context(TLSSettings(minimum="1.0"))


@pytest.mark.parametrize("ciphers", ["", "NONSENSE", "TLS_AES_128_GCM_SHA256", "AES\0", "!ALL"])
def test_a_cipher_string_that_selects_nothing_is_an_error(ciphers: str) -> None:
    with pytest.raises(ValueError, match="selects no cipher") as caught:
        make_context(TLSSettings(ciphers=ciphers))
    assert repr(ciphers) in str(caught.value)


def test_the_cipher_string_decides_up_to_tls_1_2(ca: trustme.CA) -> None:
    settings = TLSSettings(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", maximum="1.2")
    done = Handshake(make_context(settings), server_context(ca.issue_cert("x")), "x")
    peer = tls.describe(done.client, "CA")
    assert (peer.cipher, peer.selected) == ("ECDHE-ECDSA-AES128-GCM-SHA256", True)


def test_the_cipher_string_decides_nothing_in_tls_1_3(ca: trustme.CA) -> None:
    settings = TLSSettings(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    done = Handshake(make_context(settings), server_context(ca.issue_cert("x")), "x")
    peer = tls.describe(done.client, "CA")
    assert (peer.version, peer.selected) == ("TLSv1.3", False)
