"""TLSA records and the certificates that they allow."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from smtpwire.errors import CertificateError
from smtpwire.net import dane
from smtpwire.net.certificate import public_key
from smtpwire.net.dane import TLSA, authenticate, matches, usable
from tests.unit.net.test_certificate import connected, der

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.net.certificate import Connection

PAST = datetime(2001, 1, 1, tzinfo=UTC)
D256, D512 = b"\xaa" * 32, b"\xbb" * 64
HOST = "mail.example"


# -- which records count ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        TLSA(0, 1, 1, D256),
        TLSA(1, 1, 1, D256),
        TLSA(4, 1, 1, D256),
        TLSA(255, 1, 1, D256),
        TLSA(3, 2, 1, D256),
        TLSA(3, 1, 3, D256),
        TLSA(3, 1, 1, D256[:-1]),
        TLSA(3, 1, 2, D256),
        TLSA(3, 1, 0, b""),
    ],
)
def test_a_record_that_cannot_be_used(record: TLSA) -> None:
    assert usable([record]) == ()


@pytest.mark.parametrize("usage", [2, 3])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize(("matching", "data"), [(0, b"x"), (1, D256), (2, D512)])
def test_a_record_that_can(usage: int, selector: int, matching: int, data: bytes) -> None:
    record = TLSA(usage, selector, matching, data)
    assert usable([record, TLSA(0, 0, 1, D256)]) == (record,)


def test_of_several_digests_the_strongest_counts() -> None:
    """RFC 7672 section 5: for each usage and selector, and beside what is there in full."""
    weak, strong, full = TLSA(3, 1, 1, D256), TLSA(3, 1, 2, D512), TLSA(3, 1, 0, b"x")
    other = TLSA(3, 0, 1, D256)
    assert set(usable([weak, strong, full, other])) == {strong, full, other}


def test_those_about_the_servers_own_certificate_come_first() -> None:
    anchor, own = TLSA(2, 1, 1, D256), TLSA(3, 1, 1, D256)
    assert usable([anchor, own, own]) == (own, anchor)


# -- what a record is about ------------------------------------------------------------------------

SELECTED: dict[int, Callable[[bytes], bytes]] = {0: bytes, 1: public_key}
DIGEST: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: lambda data: hashlib.sha256(data).digest(),
    2: lambda data: hashlib.sha512(data).digest(),
}


def record_of(certificate: bytes, usage: int, selector: int = 1, matching: int = 1) -> TLSA:
    return TLSA(usage, selector, matching, DIGEST[matching](SELECTED[selector](certificate)))


@pytest.mark.parametrize("selector", SELECTED)
@pytest.mark.parametrize("matching", DIGEST)
def test_a_record_is_about_one_certificate(
    ca: trustme.CA, leaf: trustme.LeafCert, selector: int, matching: int
) -> None:
    record = record_of(der(ca.cert_pem), 3, selector, matching)
    assert matches(record, der(ca.cert_pem))
    assert not matches(record, der(leaf.cert_chain_pems[0]))


# -- servers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaf(ca: trustme.CA) -> trustme.LeafCert:
    return with_root(ca, ca.create_child_ca().issue_cert(HOST))


def with_root(ca: trustme.CA, leaf: trustme.LeafCert) -> trustme.LeafCert:
    """A certificate that is sent with all above it."""
    chain = [blob.bytes() for blob in leaf.cert_chain_pems]
    return trustme.LeafCert(
        leaf.private_key_pem.bytes(), chain[0], [*chain[1:], ca.cert_pem.bytes()]
    )


@pytest.fixture
def connection(leaf: trustme.LeafCert) -> Connection:
    return connected(leaf)


def chain_of(leaf: trustme.LeafCert) -> list[bytes]:
    return [der(pem) for pem in leaf.cert_chain_pems]


def refusal(records: list[TLSA], connection: Connection, *names: str) -> str:
    with pytest.raises(CertificateError) as caught:
        authenticate(records, connection, names or (HOST,))
    start = "the certificate of the server is not accepted: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def test_the_servers_own_certificate(leaf: trustme.LeafCert, connection: Connection) -> None:
    records = [TLSA(3, 1, 1, D256), record_of(chain_of(leaf)[0], 3)]
    assert authenticate(records, connection, (HOST,)) == "DANE-EE"


def test_its_names_and_dates_do_not_matter(ca: trustme.CA) -> None:
    """RFC 7672 section 3.1.1."""
    leaf = ca.issue_cert("elsewhere.example", not_after=PAST)
    record = record_of(chain_of(leaf)[0], 3)
    assert authenticate([record], connected(leaf), (HOST,)) == "DANE-EE"


def test_another_certificate(connection: Connection) -> None:
    assert refusal([TLSA(3, 1, 1, D256)], connection) == "no TLSA record of the server is about it"


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("selector", SELECTED)
@pytest.mark.parametrize("matching", DIGEST)
def test_one_above_it(
    leaf: trustme.LeafCert, connection: Connection, place: int, selector: int, matching: int
) -> None:
    record = record_of(chain_of(leaf)[place], 2, selector, matching)
    assert authenticate([record], connection, ("example", HOST)) == "DANE-TA"


def test_one_above_it_where_the_record_for_its_own_is_old(
    leaf: trustme.LeafCert, connection: Connection
) -> None:
    records = [TLSA(3, 1, 1, D256), record_of(chain_of(leaf)[2], 2)]
    assert authenticate(records, connection, (HOST,)) == "DANE-TA"


def test_its_own_certificate_is_no_anchor(leaf: trustme.LeafCert, connection: Connection) -> None:
    record = record_of(chain_of(leaf)[0], 2)
    expected = "no TLSA record is about it or one that was sent with it"
    assert refusal([record], connection) == expected


def test_an_anchor_that_was_not_sent(ca: trustme.CA) -> None:
    """RFC 7672 section 3.1.2: the server has to send it along."""
    record = record_of(der(ca.cert_pem), 2)
    assert refusal([record], connected(ca.issue_cert(HOST))).startswith("no TLSA record is about")


def test_below_an_anchor_the_name_counts(leaf: trustme.LeafCert, connection: Connection) -> None:
    record = record_of(chain_of(leaf)[2], 2)
    flaw = refusal([record], connection, "a.example", "b.example")
    assert flaw.startswith("by DANE-TA, it cannot be verified for a.example (")


def test_below_an_anchor_the_dates_count(ca: trustme.CA) -> None:
    old = with_root(ca, ca.issue_cert(HOST, not_before=PAST, not_after=PAST))
    flaw = refusal([record_of(der(ca.cert_pem), 2)], connected(old))
    assert flaw.startswith(f"by DANE-TA, it cannot be verified for {HOST} (")


def test_below_an_anchor_the_signatures_count(ca: trustme.CA) -> None:
    """An authority that is only sent along vouches for nothing."""
    stranger = with_root(ca, trustme.CA().issue_cert(HOST))
    flaw = refusal([record_of(der(ca.cert_pem), 2)], connected(stranger))
    assert flaw.startswith(f"by DANE-TA, it cannot be verified for {HOST} (")


def test_a_python_that_does_not_show_the_chain(
    monkeypatch: pytest.MonkeyPatch, leaf: trustme.LeafCert, connection: Connection
) -> None:
    monkeypatch.setattr(dane, "sent", lambda _connection: ())
    flaw = refusal([record_of(chain_of(leaf)[2], 2)], connection)
    assert flaw.endswith("this Python does not show it (3.13 does)")


def test_without_cryptography_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, leaf: trustme.LeafCert, connection: Connection
) -> None:
    monkeypatch.setitem(sys.modules, "smtpwire.net.path", None)
    flaw = refusal([record_of(chain_of(leaf)[2], 2)], connection)
    assert flaw == "DANE-TA needs the Python package cryptography: install the extra dane"
