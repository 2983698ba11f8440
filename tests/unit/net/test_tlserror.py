"""What is said of a handshake that failed, for every kind of wrong certificate."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest
import trustme

from smtpwire.errors import CertificateError, TLSError
from smtpwire.net import tlserror
from smtpwire.net.tls import TLSSettings, make_context
from smtpwire.net.tlserror import tls_error
from tests.unit.net.memorytls import Handshake, server_context

PAST = datetime(2001, 1, 1, tzinfo=UTC)
FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


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


def test_no_common_version_is_told_in_plain_words(ca: trustme.CA) -> None:
    server = server_context(ca.issue_cert("x"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    done = Handshake(make_context(TLSSettings(minimum="1.3")), server, "x")
    assert done.error is not None
    text = str(tls_error(done.error, "x"))
    assert text == (
        "the TLS handshake failed: the server refuses every TLS version that is allowed here"
    )


def test_a_certificate_that_the_server_wants_is_not_told_as_a_missing_cipher(
    ca: trustme.CA,
) -> None:
    """Below TLS 1.3 both are the same alert (RFC 5246 section 7.4.6)."""
    server = server_context(ca.issue_cert("x"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.verify_mode = ssl.CERT_REQUIRED
    done = Handshake(make_context(TLSSettings()), server, "x")
    assert done.error is not None
    assert str(tls_error(done.error, "x", done.client)) == (
        "the TLS handshake failed: the server refused it when a cipher had been agreed on: it may"
        " want a certificate of this client"
    )


def test_no_common_cipher_is_told_in_plain_words(ca: trustme.CA) -> None:
    server = server_context(ca.issue_cert("x"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("ECDHE+AES256")
    done = Handshake(make_context(TLSSettings(ciphers="ECDHE+AES128")), server, "x")
    assert done.error is not None
    assert str(tls_error(done.error, "x", done.client)) == (
        "the TLS handshake failed: the server found no cipher or key exchange in common"
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
    error.reason = reason  # type: ignore[assignment]  # as OpenSSL would
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
    text = tlserror._instead(names)
    assert text.isprintable()
    assert len(text) < 200


def test_a_tls_error_is_not_a_certificate_error() -> None:
    assert type(tls_error(ssl_error("INTERNAL_ERROR"), "x")) is TLSError
