"""What is demanded of a server, and whether it is met."""

from __future__ import annotations

import ssl
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest

from smtpwire.core.session import TLSMode
from smtpwire.errors import CertificateError
from smtpwire.net.certificate import own, public_key
from smtpwire.net.dane import TLSA
from smtpwire.net.tls import TLSSettings, make_context
from smtpwire.net.trust import Trust, prove
from tests.unit.net.memorytls import Handshake
from tests.unit.net.test_certificate import connected

if TYPE_CHECKING:
    import trustme

    from smtpwire.net.certificate import Connection

ANYBODY = Trust(TLSMode.REQUIRED, "mail.example")
WRONG = b"\0" * 32


@pytest.fixture
def connection(ca: trustme.CA) -> Connection:
    return connected(ca.issue_cert("mail.example"))


def pin(connection: Connection) -> bytes:
    return sha256(public_key(own(connection))).digest()


def test_nothing_demanded_is_nothing_proved(connection: Connection) -> None:
    assert not ANYBODY.proof
    assert prove(ANYBODY, connection) == ""


def test_what_the_handshake_verified_is_proved_by_a_ca(connection: Connection) -> None:
    trust = ANYBODY._replace(verify=True)
    assert trust.proof
    assert prove(trust, connection) == "CA"


def test_one_of_several_pins(connection: Connection) -> None:
    trust = ANYBODY._replace(pins=(WRONG, pin(connection)))
    assert trust.proof
    assert prove(trust, connection) == "pin"
    assert prove(trust._replace(verify=True), connection) == "CA, pin"


def test_a_wrong_pin_is_told_with_the_one_there_is(connection: Connection) -> None:
    with pytest.raises(CertificateError) as caught:
        prove(ANYBODY._replace(pins=(WRONG,)), connection)
    assert str(caught.value).endswith(f"the pin of its key is sha256:{pin(connection).hex()}")


def test_a_certificate_that_is_not_quite_der_has_no_pin() -> None:
    """OpenSSL reads lengths that are not given; what is behind them is not looked for."""
    odd = cast("Connection", Odd())
    trust = Trust(TLSMode.REQUIRED, "x", pins=(b"x" * 32,))
    with pytest.raises(CertificateError, match="its key cannot be found in it"):
        prove(trust, odd)
    with pytest.raises(CertificateError, match="no TLSA record"):
        prove(trust._replace(pins=(), tlsa=(TLSA(3, 1, 0, b"key"),)), odd)


class Odd:
    """A connection with such a certificate."""

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return b"\x30\x80\x30\x80\0\0\0\0"


def test_tlsa_records_and_pins_count_each_for_itself(connection: Connection) -> None:
    record = TLSA(3, 1, 1, pin(connection))
    trust = ANYBODY._replace(tlsa=(record,), names=("mail.example",))
    assert trust.proof
    assert prove(trust, connection) == "DANE-EE"
    assert prove(trust._replace(pins=(pin(connection),)), connection) == "DANE-EE, pin"
    for wrong in (
        trust._replace(pins=(WRONG,)),
        trust._replace(tlsa=(TLSA(3, 1, 1, WRONG),), pins=(pin(connection),)),
    ):
        with pytest.raises(CertificateError):
            prove(wrong, connection)


@pytest.mark.parametrize(
    "demand",
    [{"verify": True}, {"pins": (WRONG,)}, {"tlsa": (TLSA(3, 1, 1, WRONG),)}],
    ids=lambda demand: next(iter(demand)),
)
def test_a_server_without_a_certificate_proves_nothing(
    ca_file: str, demand: dict[str, Any]
) -> None:
    """With an anonymous cipher `ssl` has nothing to verify, and finds nothing wrong."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("aNULL:@SECLEVEL=0")
    ciphers = "ALL:aNULL:@SECLEVEL=0"
    settings = TLSSettings(
        verify="verify" in demand, ca_file=ca_file, ciphers=ciphers, maximum="1.2"
    )
    done = Handshake(make_context(settings), server, "mail.example")
    assert done.error is None
    assert prove(ANYBODY, done.client) == ""
    with pytest.raises(CertificateError, match="the server has no certificate"):
        prove(ANYBODY._replace(**demand), done.client)
