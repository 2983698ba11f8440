"""What the facts about one message add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smtpwire.core.command import Verb
from smtpwire.core.exchange import Exchange, by_code, unsent
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    ConnectionLost,
    Interrupted,
    MessageUnreadable,
    RemoteProtocolError,
    ServerClosing,
)
from tests.unit.core.helpers import outcomes, reply, submission

if TYPE_CHECKING:
    from smtpwire.core.transaction import TransactionResult

LOST = ConnectionLost("the connection was reset")
CLOSING = ServerClosing("closing", reply=reply("421 bye"))


def exchange(*replies: str, recipients: int = 1, chunked: bool = False, **options: Any) -> Exchange:
    """An exchange with these replies, each after its verb: `RCPT 250`."""
    session = SessionOptions("client.example", **options)
    x = Exchange(submission(recipients=recipients), "", session, chunked=chunked)
    for text in replies:
        verb, code = text.split()
        parsed = reply(f"{code} {verb}")
        assert x.may_record(Verb[verb], parsed)
        x.record(Verb[verb], parsed)
    return x


def decided(x: Exchange, lost: Any = None) -> tuple[list[str], str]:
    """The outcomes, and the reply that decided with its command: `550 RCPT`."""
    result = x.result(lost)
    assert result.id == 0
    shown = "" if result.reply is None else f"{result.reply.code} {result.command}"
    return outcomes(result), shown.strip()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (250, Outcome.ACCEPTED),
        (251, Outcome.ACCEPTED),
        (452, Outcome.DEFERRED),
        (421, Outcome.DEFERRED),
        (550, Outcome.REFUSED),
    ],
)
def test_outcomes_by_code(code: int, outcome: Outcome) -> None:
    assert by_code(reply(f"{code} x")) is outcome


@pytest.mark.parametrize(
    ("verb", "good", "bad"),
    [
        ("MAIL", [250, 252, 421, 550], [334, 354]),
        ("RCPT", [250, 251, 421, 550], [334, 354]),
        ("DATA", [354, 421, 550], [250, 334]),
        ("DOT", [250, 421, 550], [334, 354]),
        ("LAST", [250, 421, 550], [354]),
        ("LONE_DOT", [250, 554], [354]),
    ],
)
def test_what_can_answer_what(verb: str, good: list[int], bad: list[int]) -> None:
    x = exchange("MAIL 250")
    assert [code for code in good + bad if x.may_record(Verb[verb], reply(f"{code} x"))] == good


def test_a_354_is_no_answer_where_mail_was_refused() -> None:
    x = exchange("MAIL 550")
    assert not x.may_record(Verb.DATA, reply("354 go"))
    assert x.may_record(Verb.DATA, reply("503 no"))


@pytest.mark.parametrize(
    ("replies", "recipients", "expected"),
    [
        ("MAIL 250, RCPT 250, DATA 354, DOT 250", 1, (["accepted"], "250 end of data")),
        ("MAIL 250, RCPT 250, DATA 354, DOT 554", 1, (["refused"], "554 end of data")),
        ("MAIL 250, RCPT 250, DATA 354, DOT 452", 1, (["deferred"], "452 end of data")),
        ("MAIL 250, RCPT 250, DATA 451", 1, (["deferred"], "451 DATA")),
        ("MAIL 550", 2, (["refused", "refused"], "550 MAIL")),
        ("MAIL 550, RCPT 503, DATA 503", 1, (["refused"], "550 MAIL")),
        ("MAIL 450, RCPT 503, RCPT 503, DATA 503", 2, (["deferred"] * 2, "450 MAIL")),
        ("MAIL 250, RCPT 550, DATA 503", 1, (["refused"], "550 RCPT")),
        ("MAIL 250, RCPT 450, RCPT 550", 2, (["deferred", "refused"], "450 RCPT")),
        ("MAIL 250, RCPT 550, DATA 354, LONE_DOT 554", 1, (["refused"], "550 RCPT")),
        (
            "MAIL 250, RCPT 250, RCPT 550, DATA 354, DOT 250",
            2,
            (["accepted", "refused"], "250 end of data"),
        ),
        (
            "MAIL 250, RCPT 450, RCPT 250, DATA 354, DOT 554",
            2,
            (["deferred", "refused"], "554 end of data"),
        ),
    ],
)
def test_over_data(replies: str, recipients: int, expected: tuple[list[str], str]) -> None:
    x = exchange(*replies.split(", "), recipients=recipients)
    assert decided(x) == expected
    assert x.result(LOST).error is None, "what replies decided, a loss does not change"
    assert not x.result(LOST).resend


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (["250 ok", "552 too many"], ["deferred", "deferred"]),
        (["250 ok", "552 5.5.3 too many", "552 5.2.2 full"], ["deferred", "deferred", "refused"]),
        (["552 no", "250 ok"], ["refused", "deferred"]),
        (["552 no", "552 no"], ["refused", "refused"]),
    ],
)
def test_fault_112_552_after_an_accepted_recipient_is_taken_as_452(
    replies: list[str], expected: list[str]
) -> None:
    x = exchange("MAIL 250", recipients=len(replies))
    for text in replies:
        x.record(Verb.RCPT, reply(text))
    assert outcomes(x.result(LOST)) == expected


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ("MAIL 250, RCPT 250, BDAT 250, LAST 250", (["accepted"], "250 end of data")),
        ("MAIL 250, RCPT 250, LAST 554", (["refused"], "554 end of data")),
        ("MAIL 250, RCPT 250, BDAT 250, LAST 554", (["refused"], "554 end of data")),
        ("MAIL 250, RCPT 250, BDAT 452, LAST 503", (["deferred"], "452 BDAT")),
        ("MAIL 250, RCPT 250, BDAT 452, BDAT 503, LAST 503", (["deferred"], "452 BDAT")),
        ("MAIL 250, RCPT 250, BDAT 552", (["refused"], "552 BDAT")),
        ("MAIL 250, RCPT 550, LAST 503", (["refused"], "550 RCPT")),
        ("MAIL 550, RCPT 503, LAST 503", (["refused"], "550 MAIL")),
    ],
)
def test_over_bdat(replies: str, expected: tuple[list[str], str]) -> None:
    assert decided(exchange(*replies.split(", "), chunked=True)) == expected


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ("MAIL 250, RCPT 550, DATA 554", (["refused"], "554 DATA")),
        ("MAIL 250, RCPT 550, DATA 451", (["deferred"], "451 DATA")),
        ("MAIL 250, RCPT 550, DATA 354, DOT 250", (["refused"], "250 end of data")),
        ("MAIL 250, RCPT 550, DATA 354, DOT 454", (["deferred"], "454 end of data")),
        ("MAIL 250, RCPT 450, DATA 354, DOT 554", (["refused"], "554 end of data")),
        ("MAIL 250, RCPT 550, BDAT 552, LAST 503", (["refused"], "552 BDAT")),
    ],
)
def test_where_the_content_is_attempted_anyway_its_answer_is_reported(
    replies: str, expected: tuple[list[str], str]
) -> None:
    assert decided(exchange(*replies.split(", "), send_anyway=True)) == expected


def test_where_it_was_attempted_anyway_and_not_answered() -> None:
    x = exchange("MAIL 250", "RCPT 550", "DATA 354", send_anyway=True)
    x.begun = x.finished = True
    result = lost(x)
    assert (outcomes(result), result.reply, result.resend) == (["unknown"], None, False)


def test_where_it_was_attempted_anyway_a_recipient_keeps_the_reply_that_refused_it() -> None:
    x = exchange("MAIL 250", "RCPT 550", "DATA 354", "DOT 250", send_anyway=True)
    assert x.result(LOST).recipients[0].reply == reply("550 RCPT")


def test_where_it_was_to_be_attempted_and_the_connection_was_lost() -> None:
    x = exchange("MAIL 250", "RCPT 550", send_anyway=True)
    assert decided(x, LOST) == (["refused"], "550 RCPT")


@pytest.mark.parametrize(
    "replies",
    [
        "MAIL 250, RCPT 250, RCPT 550",
        "MAIL 250, RCPT 250, RCPT 550, BDAT 552",
        "MAIL 250, RCPT 250",
    ],
)
def test_where_all_are_required_one_refusal_withholds_it_from_all(replies: str) -> None:
    told = replies.split(", ")
    x = exchange(*told, recipients=2, chunked=True, require_all=True)
    if len(told) == 2:
        assert not x.withheld
        x.record(Verb.RCPT, reply("550 no"))
    assert x.withheld
    assert x.doomed
    assert decided(x) == (["unsent", "refused"], "550 RCPT")
    assert not x.result(LOST).resend


def test_where_all_are_required_those_not_asked_are_unsent() -> None:
    x = exchange("MAIL 250", "RCPT 550", recipients=2, require_all=True)
    assert decided(x) == (["refused", "unsent"], "550 RCPT")


# -- connections that are lost -------------------------------------------------------------------


def lost(x: Exchange, error: Any = LOST) -> TransactionResult:
    result = x.result(error)
    assert result.error is (x.error or error)
    return result


@pytest.mark.parametrize(
    "replies", [(), ("MAIL 250",), ("MAIL 250", "RCPT 250"), ("MAIL 250", "RCPT 250", "DATA 354")]
)
def test_lost_before_any_content(replies: tuple[str, ...]) -> None:
    result = lost(exchange(*replies))
    assert outcomes(result) == ["deferred"]
    assert result.resend


def test_lost_in_mid_content() -> None:
    x = exchange("MAIL 250", "RCPT 250", "DATA 354")
    x.begun = True
    result = lost(x)
    assert outcomes(result) == ["deferred"]
    assert not result.resend


def test_lost_behind_the_end_of_data() -> None:
    x = exchange("MAIL 250", "RCPT 550", "RCPT 250", "DATA 354", recipients=2)
    x.begun = x.finished = True
    assert x.in_doubt
    result = lost(x)
    assert outcomes(result) == ["refused", "unknown"]
    assert not result.resend


def test_content_that_was_not_read_as_content() -> None:
    x = exchange("MAIL 250", "RCPT 250", "BDAT 502", "LAST 500", chunked=True)
    x.begun = x.finished = x.bdat_unknown = True
    result = lost(x)
    assert outcomes(result) == ["deferred"]
    assert result.resend


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (["BDAT 502", "BDAT 250"], "unknown"),
        (["BDAT 502", "LAST 250"], "unknown"),
        (["BDAT 502", "BDAT 250", "LAST 503"], "refused"),
    ],
)
def test_content_of_which_some_may_have_been_read_is_not_sent_again(
    chunks: list[str], expected: str
) -> None:
    x = exchange("MAIL 250", "RCPT 250", chunked=True)
    x.begun = x.finished = x.bdat_unknown = True
    for told in chunks:
        verb, code = told.split()
        x.record(Verb[verb], reply(f"{code} text"))
    result = x.result(LOST)
    assert outcomes(result) == [expected]
    assert not result.resend


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ("MAIL 421", (["deferred"] * 2, "421 MAIL")),
        ("MAIL 250, RCPT 421", (["deferred"] * 2, "421")),
        ("MAIL 250, RCPT 550, RCPT 421", (["refused", "deferred"], "421")),
        ("MAIL 250, RCPT 250, RCPT 250, DATA 421", (["deferred"] * 2, "421 DATA")),
    ],
)
def test_a_421_is_about_the_connection(replies: str, expected: tuple[list[str], str]) -> None:
    x = exchange(*replies.split(", "), recipients=2)
    assert decided(x, CLOSING) == expected
    assert lost(x, CLOSING).resend


def test_a_421_to_the_end_of_data_is_its_answer() -> None:
    x = exchange("MAIL 250", "RCPT 250", "DATA 354", "DOT 421")
    x.begun = x.finished = True
    assert decided(x, CLOSING) == (["deferred"], "421 end of data")
    assert not x.result(CLOSING).resend


@pytest.mark.parametrize(
    "replies",
    ["MAIL 421", "MAIL 250, RCPT 421", "MAIL 250, RCPT 250, BDAT 421"],
)
def test_a_421_to_anything_else_says_nothing_of_an_end_of_data_that_is_out(replies: str) -> None:
    x = exchange(*replies.split(", "), chunked=True)
    x.begun = x.finished = True
    assert decided(x, CLOSING) == (["unknown"], "421")
    assert lost(x, CLOSING).resend is False


def test_a_421_to_a_recipient_withholds_nothing() -> None:
    x = exchange("MAIL 250", "RCPT 421", recipients=2, require_all=True)
    assert not x.withheld
    assert lost(x, CLOSING).resend


def test_a_refusal_stands_whatever_the_connection_does_after_it() -> None:
    x = exchange("MAIL 550", "RCPT 421")
    assert decided(x, CLOSING) == (["refused"], "550 MAIL")
    assert not x.result(CLOSING).resend


def test_a_2yz_that_broke_the_rules_is_nobodys_answer() -> None:
    error = RemoteProtocolError("too early", reply=reply("250 ok"))
    result = lost(exchange("MAIL 250", "RCPT 250"), error)
    assert (outcomes(result), result.reply, result.recipients[0].reply) == (
        ["deferred"],
        None,
        None,
    )


def test_interrupted() -> None:
    x = exchange("MAIL 250", "RCPT 250", "DATA 354")
    x.begun = True
    assert outcomes(lost(x, Interrupted("a signal"))) == ["unsent"]
    x.finished = True
    assert outcomes(lost(x, Interrupted("a signal"))) == ["unknown"]


def test_a_content_that_cannot_be_read() -> None:
    x = exchange("MAIL 250", "RCPT 250", "DATA 354")
    x.begun = True
    x.error = MessageUnreadable("the disk is gone")
    result = lost(x)
    assert outcomes(result) == ["unsent"]
    assert not result.resend


# -- what the next message may rely on -----------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "chunked", "forgot"),
    [
        ("MAIL 250, RCPT 250, DATA 354, DOT 250", False, True),
        ("MAIL 250, RCPT 250, DATA 354, DOT 554", False, True),
        ("MAIL 550", False, True),
        ("MAIL 250, RCPT 250, LAST 250", True, True),
        ("MAIL 250, RCPT 250, LAST 554", True, False),
        ("MAIL 250, RCPT 250, DATA 354", False, False),
        ("MAIL 250, RCPT 550", False, False),
        ("MAIL 250, RCPT 550, DATA 354, LONE_DOT 554", False, False),
        ("MAIL 250, RCPT 250, DATA 554", False, False),
        ("MAIL 250, RCPT 550, DATA 354, DOT 250", False, False),
        ("", False, False),
    ],
)
def test_whether_the_server_forgot(replies: str, *, chunked: bool, forgot: bool) -> None:
    x = exchange(*filter(None, replies.split(", ")), chunked=chunked)
    assert x.server_forgot is forgot


def test_a_submission_that_was_not_begun() -> None:
    result = unsent(submission(recipients=2), LOST, resend=True)
    assert outcomes(result) == ["unsent", "unsent"]
    assert (result.reply, result.error, result.command, result.resend) == (None, LOST, "", True)
