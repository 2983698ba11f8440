"""Which parameters stand on MAIL, and when a transaction must not begin."""

from __future__ import annotations

from typing import Any

import pytest

from smtpwire.core.address import Address
from smtpwire.core.extensions import Capabilities
from smtpwire.core.parameters import MAIL_PARAMETERS, Absent, Admission, Admitter
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Envelope, Submission
from smtpwire.errors import MessageTooLarge, MissingExtension
from tests.unit.core.helpers import addresses, submission


def admit(given: Submission, *offers: str, **options: Any) -> Admission:
    keywords = {offer.split()[0]: tuple(offer.split()[1:]) for offer in offers}
    capabilities = Capabilities(esmtp=True, keywords=keywords)
    return Admitter(capabilities, SessionOptions("client.example", **options)).admit(
        given, chunked=False
    )


FROM_E = Envelope(Address("\u00e9", "example.org"), addresses(1))
TO_E = Envelope(None, (*addresses(1), Address("\u00e9", "example.org")))


def test_the_table() -> None:
    absent = {parameter.extension: parameter.absent for parameter in MAIL_PARAMETERS}
    assert absent == {"SIZE": Absent.OMIT, "8BITMIME": Absent.WARN, "SMTPUTF8": Absent.REQUIRE}


@pytest.mark.parametrize(
    ("offers", "facts", "options", "text"),
    [
        ((), {}, {}, ""),
        (("SIZE",), {}, {}, " SIZE=10"),
        (("SIZE",), {"data_size": 12}, {}, " SIZE=12"),
        (("SIZE",), {"size": None}, {}, ""),
        (("SIZE",), {}, {"declare_size": False}, ""),
        (("8BITMIME",), {}, {}, ""),
        (("8BITMIME",), {"eightbit": True}, {}, " BODY=8BITMIME"),
        (("SMTPUTF8",), {}, {}, ""),
        (("SMTPUTF8",), {"envelope": FROM_E}, {}, " SMTPUTF8"),
        (("SMTPUTF8",), {"envelope": TO_E}, {}, " SMTPUTF8"),
        (("SMTPUTF8", "SIZE"), {"envelope": TO_E}, {}, " SIZE=10 SMTPUTF8"),
        ((), {"envelope": TO_E}, {"force": True}, " SMTPUTF8"),
        (("REQUIRETLS",), {}, {}, ""),
        (("REQUIRETLS", "SIZE"), {}, {"require_tls_onward": True}, " SIZE=10 REQUIRETLS"),
        ((), {}, {"require_tls_onward": True, "force": True}, " REQUIRETLS"),
    ],
)
def test_what_stands_on_the_line(
    offers: tuple[str, ...], facts: dict[str, Any], options: dict[str, Any], text: str
) -> None:
    assert admit(submission(**facts), *offers, **options) == Admission(None, text)


def test_eight_bit_content_goes_as_it_is_with_a_warning() -> None:
    admission = admit(submission(eightbit=True))
    assert (admission.error, admission.text) == (None, "")
    assert admission.warnings == (
        "the server does not offer 8BITMIME: 8-bit content is sent as it is",
    )


def test_fault_117_an_address_that_is_not_ascii_needs_smtputf8() -> None:
    error = admit(submission(envelope=TO_E), "8BITMIME").error
    assert isinstance(error, MissingExtension)
    assert error.name == "SMTPUTF8"
    assert str(error) == "the server does not offer SMTPUTF8: an address is not ASCII"


def test_requiretls_that_is_not_offered_is_no_transaction() -> None:
    """RFC 8689 section 4.2.1."""
    error = admit(submission(), "SIZE", require_tls_onward=True).error
    assert isinstance(error, MissingExtension)
    assert error.name == "REQUIRETLS"


@pytest.mark.parametrize(
    ("offer", "facts", "options"),
    [
        ("SIZE 10", {}, {}),
        ("SIZE 0", {}, {}),
        ("SIZE 9", {}, {"declare_size": False}),
        ("SIZE 9", {"size": None}, {}),
    ],
)
def test_a_message_that_is_small_enough(
    offer: str, facts: dict[str, Any], options: dict[str, Any]
) -> None:
    assert admit(submission(**facts), offer, **options).error is None


def test_fault_42_a_message_beyond_the_limit_is_not_begun() -> None:
    error = admit(submission(), "SIZE 9").error
    assert isinstance(error, MessageTooLarge)
    assert str(error) == "10 octets are more than the server's limit of 9"
