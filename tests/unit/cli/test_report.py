"""The lines of `-v`."""

from __future__ import annotations

import pytest

from smtpwire.cli.report import Report, connection_line, message_line
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectionLost, MessageUnusable
from tests.unit.cli.results import CONNECTION, IN_THE_CLEAR, NO_USER, SENT, recipient


def test_a_connection_under_tls() -> None:
    assert connection_line(CONNECTION, tls_wanted=True) == (
        "connected: mail.example:25 [192.0.2.1] ESMTP"
        " TLSv1.3 TLS_AES_256_GCM_SHA384 verified AUTH PLAIN,"
        " certificate for mail.example 192.0.2.1 until 2027-01-15"
    )


def test_a_connection_in_the_clear() -> None:
    line = "connected: mail.example:25 [192.0.2.1] ESMTP"
    assert connection_line(IN_THE_CLEAR, tls_wanted=False) == line


def test_fault_50_tls_that_was_wanted_and_could_not_be_had_is_worth_a_word() -> None:
    assert connection_line(IN_THE_CLEAR, tls_wanted=True).endswith(" ESMTP cleartext")


def test_a_certificate_that_was_not_verified() -> None:
    info = CONNECTION._replace(verified_by="", mechanism=None)
    line = connection_line(info, tls_wanted=True)
    assert " TLSv1.3 TLS_AES_256_GCM_SHA384, certificate for " in line


def test_a_certificate_that_could_not_be_read_is_not_told_of() -> None:
    info = CONNECTION._replace(certificate_names=(), certificate_expires=None)
    assert connection_line(info, tls_wanted=True).endswith(" verified AUTH PLAIN")


def test_a_certificate_without_names_has_a_dash_in_their_place() -> None:
    info = CONNECTION._replace(certificate_names=())
    assert ", certificate for - until 2027-01-15" in connection_line(info, tls_wanted=True)


def test_of_many_or_hostile_names_only_the_first_are_told_of_and_escaped() -> None:
    names = ("\x1b]0;owned\x07", "x" * 500, *(f"{n}.example" for n in range(100)))
    line = connection_line(CONNECTION._replace(certificate_names=names), tls_wanted=True)
    assert line.isprintable()
    assert line.endswith(" 0.example 1.example 2.example ... until 2027-01-15")
    assert len(line) < 300


def test_a_message_that_was_sent() -> None:
    assert message_line(SENT) == (
        "sent: msg1.eml from <a@x> to 2 of 3, 48213 octets, 250 2.0.0 Ok: queued as 4ABC"
    )


@pytest.mark.parametrize(
    "outcome", [Outcome.REFUSED, Outcome.DEFERRED, Outcome.UNSENT, Outcome.UNKNOWN]
)
def test_the_other_outcomes_are_called_by_their_names(outcome: Outcome) -> None:
    result = SENT._replace(
        recipients=(recipient("b@y", outcome, NO_USER),), outcome=outcome, reply=NO_USER
    )
    assert message_line(result) == (
        f"{outcome.value}: msg1.eml from <a@x> to 0 of 1, 48213 octets, 550 5.1.1 no such user"
    )


def test_what_broke_stands_in_place_of_the_reply() -> None:
    result = SENT._replace(outcome=Outcome.UNKNOWN, error=ConnectionLost("it broke"), reply=None)
    assert message_line(result).endswith(" octets, it broke")


def test_what_is_not_known_is_a_hyphen() -> None:
    result = SENT._replace(
        reverse_path=None,
        recipients=(),
        octets=None,
        outcome=Outcome.UNSENT,
        reply=None,
        error=MessageUnusable("the message is empty"),
    )
    line = "unsent: msg1.eml from - to 0 of 0, - octets, the message is empty"
    assert message_line(result) == line
    assert message_line(result._replace(error=None)).endswith(", -")


def test_the_null_reverse_path() -> None:
    assert " from <> to " in message_line(SENT._replace(reverse_path=""))


def test_fault_198_203_names_and_replies_are_escaped() -> None:
    line = message_line(SENT._replace(name="a\nb", reply=Reply(250, (b"\x1b[31m",))))
    assert line.startswith(r"sent: a\x0ab from")
    assert line.endswith(r"250 \x1b[31m")


def test_exactly_one_line_for_each_connection_and_message() -> None:
    lines: list[str] = []
    report = Report(lines.append)
    report.connected(CONNECTION)
    report.message(SENT)
    assert [line.partition(":")[0] for line in lines] == ["connected", "sent"]
