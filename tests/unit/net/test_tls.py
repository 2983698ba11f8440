"""TLS contexts against every kind of certificate, by handshakes in memory."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from smtpwire.errors import CertificateError, InvalidAddress, TLSError
from smtpwire.net import tls
from smtpwire.net.tls import TLSSettings, make_context, server_name, tls_error

if TYPE_CHECKING:
    from pathlib import Path

PAST = datetime(2001, 1, 1, tzinfo=UTC)
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


class Handshake:
    """A client and a server joined in memory; `error` is what the client's handshake raised."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.sni: str | None = None
        server.set_servername_callback(self._named)
        self.client = client.wrap_bio(to_client, to_server, server_hostname=server_name(host))
        self._server = server.wrap_bio(to_server, to_client, server_side=True)
        self.error: ssl.SSLError | None = None
        waiting = [self.client, self._server]
        while waiting and self.error is None:
            waiting = [side for side in waiting if not self._step(side)]

    def _named(self, *arguments: object) -> None:
        self.sni = str(arguments[1]) if arguments[1] else None

    def _step(self, side: ssl.SSLObject) -> bool:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            if side is self.client:
                self.error = error
        return True


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


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
    peer = tls.describe(done.client)
    assert peer.verified
    assert len(peer.names) == 1
    assert peer.expires is not None


def refusal(settings: TLSSettings, certificate: trustme.LeafCert, host: str) -> str:
    """The sentence for a certificate that must not be accepted."""
    done = Handshake(make_context(settings), server_context(certificate), host)
    assert done.error is not None
    error = tls_error(done.error, host, done.client)
    assert isinstance(error, CertificateError)
    start = "the certificate of the server is not accepted: "
    assert str(error).startswith(start)
    return str(error).removeprefix(start)


@pytest.mark.parametrize(
    ("identities", "host", "flaw"),
    [
        (("other.example",), "mail.example", "it is not for mail.example but for 'other.example'"),
        (("*.b.c",), "x.a.b.c", "it is not for x.a.b.c but for '*.b.c'"),
        (("mail.example",), "192.0.2.1", "it is not for 192.0.2.1 but for 'mail.example'"),
        (
            ("192.0.2.1", "::1"),
            "192.0.2.2",
            "it is not for 192.0.2.2 but for '192.0.2.1', '0:0:0:0:0:0:0:1'",
        ),
        (
            tuple(f"{name}.example" for name in "abcdefg"),
            "x.example",
            (
                "it is not for x.example but for 'a.example', 'b.example', 'c.example',"
                " 'd.example', 'e.example' and 2 more"
            ),
        ),
    ],
)
def test_a_wrong_name_is_refused_with_the_names_there_are(
    ca: trustme.CA, ca_file: str, identities: tuple[str, ...], host: str, flaw: str
) -> None:
    settings = TLSSettings(verify=True, ca_file=ca_file)
    assert refusal(settings, ca.issue_cert(*identities), host) == flaw


def test_a_common_name_is_no_name(ca: trustme.CA, ca_file: str) -> None:
    """RFC 9525 section 2: the certificate of fault 71."""
    certificate = ca.issue_cert(common_name="mail.example")
    assert refusal(TLSSettings(verify=True, ca_file=ca_file), certificate, "mail.example") == (
        "it is not for mail.example (it has no subjectAltName that is a name or an address)"
    )


def test_an_expired_certificate_is_refused_with_its_date(ca: trustme.CA, ca_file: str) -> None:
    certificate = ca.issue_cert("mail.example", not_after=PAST)
    flaw = refusal(TLSSettings(verify=True, ca_file=ca_file), certificate, "mail.example")
    assert flaw == "it expired (Jan  1 00:00:00 2001 GMT)"


def test_a_certificate_of_the_future_is_refused_with_its_date(ca: trustme.CA, ca_file: str) -> None:
    certificate = ca.issue_cert("mail.example", not_before=FUTURE)
    flaw = refusal(TLSSettings(verify=True, ca_file=ca_file), certificate, "mail.example")
    assert flaw == "it is not valid yet (Jan  1 00:00:00 2999 GMT)"


def test_a_certificate_of_an_unknown_ca_is_refused(ca_file: str) -> None:
    certificate = trustme.CA().issue_cert("mail.example")
    flaw = refusal(TLSSettings(verify=True, ca_file=ca_file), certificate, "mail.example")
    assert flaw == "it was not issued by a CA that is trusted here"


def test_the_systems_cas_do_not_include_the_tests(ca: trustme.CA) -> None:
    flaw = refusal(TLSSettings(verify=True), ca.issue_cert("mail.example"), "mail.example")
    assert flaw == "it was not issued by a CA that is trusted here"


def test_a_self_signed_certificate_is_refused(ca_file: str) -> None:
    own = trustme.CA()
    certificate = trustme.LeafCert(own.private_key_pem.bytes(), own.cert_pem.bytes(), [])
    flaw = refusal(TLSSettings(verify=True, ca_file=ca_file), certificate, "mail.example")
    assert flaw == "it is self-signed"


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
    peer = tls.describe(done.client)
    assert peer == tls.TLSPeer(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        verified=False,
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
    assert tls.describe(done.client).version == f"TLSv{version}"


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
    assert tls.describe(done.client).version == "TLSv1.1"


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
    peer = tls.describe(done.client)
    assert (peer.cipher, peer.selected) == ("ECDHE-ECDSA-AES128-GCM-SHA256", True)


def test_the_cipher_string_decides_nothing_in_tls_1_3(ca: trustme.CA) -> None:
    settings = TLSSettings(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    done = Handshake(make_context(settings), server_context(ca.issue_cert("x")), "x")
    peer = tls.describe(done.client)
    assert (peer.version, peer.selected) == ("TLSv1.3", False)


def test_no_common_version_is_told_in_plain_words(ca: trustme.CA) -> None:
    server = server_context(ca.issue_cert("x"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    done = Handshake(make_context(TLSSettings(minimum="1.3")), server, "x")
    assert done.error is not None
    text = str(tls_error(done.error, "x"))
    assert text == (
        "the TLS handshake failed: the server refuses every TLS version that is allowed here"
    )


def test_what_is_not_tls_is_told_in_plain_words() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = make_context(TLSSettings()).wrap_bio(incoming, outgoing, server_hostname="x")
    incoming.write(b"220 mail.example ESMTP\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    text = str(tls_error(caught.value, "x", client))
    assert text == "the TLS handshake failed: what the server sent is not TLS"


def test_an_end_of_the_connection_is_told_in_plain_words() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = make_context(TLSSettings()).wrap_bio(incoming, outgoing, server_hostname="x")
    incoming.write_eof()
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    for error in (caught.value, ConnectionResetError(104, "Connection reset by peer")):
        text = str(tls_error(error, "x", client))
        assert text == "the TLS handshake failed: the server ended the connection"


def ssl_error(reason: str | None, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    error = kind(1, "[SSL: SOMETHING] something (_ssl.c:1000)")
    error.reason = reason  # type: ignore[assignment]
    return error


def test_other_reasons_are_openssls_own_words() -> None:
    text = str(tls_error(ssl_error("DH_KEY_TOO_SMALL"), "x"))
    assert text == "the TLS handshake failed: dh key too small"
    timeout = OSError(110, "Connection timed out")
    assert str(tls_error(timeout, "x")) == "the TLS handshake failed: Connection timed out"
    assert str(tls_error(OSError(), "x")) == "the TLS handshake failed: OSError"


def test_other_certificate_flaws_are_openssls_own_words() -> None:
    error = ssl_error("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError)
    assert isinstance(error, ssl.SSLCertVerificationError)
    error.verify_code = 66
    error.verify_message = "EE certificate key too weak."
    assert str(tls_error(error, "x")) == (
        "the certificate of the server is not accepted: EE certificate key too weak"
    )


def test_an_error_is_no_more_than_its_facts_where_the_certificate_cannot_be_read() -> None:
    """`tls_error` without a connection, and one whose private part is not what it was."""
    error = ssl_error("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError)
    assert isinstance(error, ssl.SSLCertVerificationError)
    error.verify_code = 10
    client = make_context(TLSSettings()).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())
    for connection in (None, client):
        flaw = tls_error(error, "x", connection)
        assert type(flaw) is CertificateError
        assert str(flaw) == "the certificate of the server is not accepted: it expired"


def test_hostile_names_in_a_certificate_are_escaped_and_cut() -> None:
    names = ("\x1b]0;owned\x07", "\u202eevil", "x" * 500)
    certificate = {"subjectAltName": tuple(("DNS", name) for name in names)}
    text = tls._instead(tls._names(certificate))
    assert text.isprintable()
    assert len(text) < 200


def test_a_tls_error_is_not_a_certificate_error() -> None:
    assert type(tls_error(ssl_error("INTERNAL_ERROR"), "x")) is TLSError
