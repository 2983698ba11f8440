"""What is settled of a message, joined with what comes later."""

from __future__ import annotations

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import SettledEarlier
from smtpwire.run.earlier import Earlier, Known, known_of

OK = Reply(250, (b"ok",))
NO = Reply(550, (b"no",))
SPAM = Reply(554, (b"spam",))
A, B, C = map(parse_address, ("a@y", "b@y", "c@y"))
BEFORE = SettledEarlier("settled by an earlier run")


def test_who_is_left_keeps_his_place() -> None:
    earlier = Earlier((A, B, A, C), {0: Known(Outcome.ACCEPTED, OK, "end of data")})
    assert earlier.left == (B, A, C)
    assert list(earlier.placed()) == [(1, B), (2, A), (3, C)]


def test_outcomes_are_joined_in_order() -> None:
    earlier = Earlier((A, B, C), {1: Known(Outcome.REFUSED, NO, "RCPT")})
    now = (RecipientOutcome(A, Outcome.ACCEPTED, OK), RecipientOutcome(C, Outcome.UNKNOWN, None))
    assert earlier.joined(now) == (
        RecipientOutcome(A, Outcome.ACCEPTED, OK),
        RecipientOutcome(B, Outcome.REFUSED, NO),
        RecipientOutcome(C, Outcome.UNKNOWN, None),
    )


def test_each_recipients_own_answer_is_told_of_and_the_messages_once() -> None:
    known = {
        0: Known(Outcome.ACCEPTED, OK, "end of data", BEFORE),
        1: Known(Outcome.REFUSED, NO, "RCPT", BEFORE),
        2: Known(Outcome.REFUSED, NO, "RCPT", BEFORE),
        3: Known(Outcome.REFUSED, SPAM, "end of data", BEFORE),
        4: Known(Outcome.REFUSED, SPAM, "end of data", BEFORE),
        5: Known(Outcome.UNKNOWN, None, "", BEFORE),
        6: Known(Outcome.UNKNOWN, None, "", BEFORE),
    }
    problems = list(Earlier((A, B, C, A, B, C, A), known).problems("m"))
    assert [(p.where, p.recipient, p.outcome, p.reply, p.command) for p in problems] == [
        ("m", "b@y", Outcome.REFUSED, NO, "RCPT"),
        ("m", "c@y", Outcome.REFUSED, NO, "RCPT"),
        ("m", None, Outcome.REFUSED, SPAM, "end of data"),
        ("m", None, Outcome.UNKNOWN, None, ""),
    ]
    assert {p.error for p in problems} == {BEFORE}


def test_the_command_is_that_of_the_reply() -> None:
    recipients = (
        RecipientOutcome(A, Outcome.REFUSED, NO),
        RecipientOutcome(B, Outcome.REFUSED, SPAM),
        RecipientOutcome(C, Outcome.UNKNOWN, None),
    )
    result = TransactionResult(0, recipients, SPAM, None, "end of data", resend=False)
    assert known_of(result) == [
        Known(Outcome.REFUSED, NO, "RCPT"),
        Known(Outcome.REFUSED, SPAM, "end of data"),
        Known(Outcome.UNKNOWN, None, ""),
    ]
