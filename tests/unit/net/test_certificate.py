"""What a server's certificate says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smtpwire.net.certificate import Facts, facts, own, public_key, sent
from smtpwire.net.der import SEQUENCE
from smtpwire.net.tls import TLSSettings, make_context
from tests.unit.net.memorytls import Handshake, server_context

if TYPE_CHECKING:
    from smtpwire.net.certificate import Connection

END = datetime(2999, 1, 1, tzinfo=UTC)


def der(pem: trustme.Blob) -> bytes:
    return x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER)


def connected(leaf: trustme.LeafCert) -> Connection:
    done = Handshake(make_context(TLSSettings()), server_context(leaf), "x")
    assert done.error is None
    return done.client


@pytest.fixture(scope="module")
def leaf(ca: trustme.CA) -> trustme.LeafCert:
    return ca.create_child_ca().issue_cert("mail.example", "192.0.2.1", not_after=END)


def test_what_people_are_told(leaf: trustme.LeafCert) -> None:
    told = facts(connected(leaf))
    assert told.names == ("mail.example", "192.0.2.1")
    assert told.ends == "Jan  1 00:00:00 2999 GMT"
    assert told.expires == int(END.timestamp())
    assert told.begins.endswith(" GMT")


def test_nothing_is_told_where_nothing_is_known() -> None:
    assert Facts().expires is None


@pytest.mark.parametrize(
    "date", ["Bad time value", "Jan 32 00:00:00 2040 GMT", "Jan  1 00:00:00 0 GMT", "\x00"]
)
def test_a_date_that_is_none_is_not_known(date: str) -> None:
    assert Facts(ends=date).expires is None


def test_all_that_was_sent(leaf: trustme.LeafCert) -> None:
    """By the private call of Python 3.11 and 3.12, or the public one of 3.13."""
    connection = connected(leaf)
    chain = tuple(der(pem) for pem in leaf.cert_chain_pems)
    assert len(chain) == 2
    assert sent(connection) == chain
    assert own(connection) == chain[0]


class Later:
    """A connection of Python 3.13, with the public call."""

    def get_unverified_chain(self) -> list[bytes]:
        return [b"own", b"issuer"]


class Bare:
    """A connection that shows nothing but its own certificate, or not even that."""

    _sslobj = object()

    def __init__(self, der: bytes | None) -> None:
        self._der = der

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        return self._der


def test_the_public_call_is_used_where_it_is_there() -> None:
    assert sent(cast("Connection", Later())) == (b"own", b"issuer")


def test_without_either_call_there_is_less_and_no_failure() -> None:
    bare = cast("Connection", Bare(b"own"))
    assert sent(bare) == ()
    assert own(bare) == b"own"
    assert facts(bare) == Facts()
    assert own(cast("Connection", Bare(None))) == b""


@pytest.mark.parametrize("kind", [trustme.KeyType.RSA, trustme.KeyType.ECDSA])
def test_the_public_key_is_cut_out_of_it(ca: trustme.CA, kind: trustme.KeyType) -> None:
    for pem in (ca.cert_pem, ca.issue_cert("mail.example", key_type=kind).cert_chain_pems[0]):
        loaded = x509.load_pem_x509_certificate(pem.bytes())
        key = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert public_key(loaded.public_bytes(Encoding.DER)) == key


def test_a_certificate_without_a_version_has_one_field_less() -> None:
    """X.509 version 1, the default (RFC 5280 section 4.1.2.1)."""
    bare = bytes.fromhex("020107" + "3000" * 4 + "3003030100")
    structure = SEQUENCE.to_bytes() + len(bare).to_bytes() + bare
    whole = SEQUENCE.to_bytes() + len(structure).to_bytes() + structure
    assert public_key(whole) == bytes.fromhex("3003030100")


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x30\x01\x02", b"not a certificate"])
def test_what_is_not_a_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"element|certificate"):
        public_key(data)


def test_no_cut_of_a_certificate_passes_for_one(ca: trustme.CA) -> None:
    whole = der(ca.cert_pem)
    key = public_key(whole)
    for end in range(0, whole.index(key) + len(key), 7):
        with pytest.raises(ValueError, match=r"element|certificate"):
            public_key(whole[:end])
