"""What is owed: replies in the order of commands, contents in the order of promises."""

from __future__ import annotations

import pytest

from smtpwire.core.command import Verb, Wait
from smtpwire.core.event import Content
from smtpwire.core.exchange import Exchange
from smtpwire.core.group import Group, group_of
from smtpwire.core.ledger import Ledger
from smtpwire.core.session import SessionOptions
from tests.unit.core.helpers import submission


def exchange(id: int = 0) -> Exchange:
    return Exchange(submission(id), "", SessionOptions("client.example"), chunked=True)


def test_replies_answer_commands_in_order() -> None:
    ledger, x = Ledger(), exchange()
    ledger.ask(Verb.RSET, b"RSET\r\n")
    ledger.ask(Verb.MAIL, b"MAIL\r\n", x)
    ledger.lines_sent(2)
    assert ledger.output == [b"RSET\r\n", b"MAIL\r\n"]
    assert (ledger.octets_unanswered, x.pending) == (12, 1)
    assert ledger.answer() == (Verb.RSET, None, 0)
    assert ledger.answer() == (Verb.MAIL, x, 0)
    assert (ledger.octets_unanswered, x.pending) == (0, 0)
    assert not ledger.commands


ENVELOPE = group_of(
    [
        (Verb.RSET, b"RSET\r\n"),
        (Verb.MAIL, b"MAIL\r\n"),
        (Verb.RCPT, b"RCPT\r\n"),
        (Verb.DATA, b"DATA\r\n"),
    ]
)


def together(ledger: Ledger) -> tuple[Group, Exchange] | None:
    return ledger.together


def test_a_group_is_said_and_answered_in_one_act() -> None:
    ledger, x = Ledger(), exchange()
    ledger.ask_all(ENVELOPE, x)
    assert ledger.output == list(ENVELOPE.lines)
    assert (ledger.octets_unanswered, x.pending, ledger.last) == (24, 3, Verb.DATA)
    assert together(ledger) is None, "not handed over"
    ledger.lines_sent(3)
    assert together(ledger) is None, "DATA was not handed over"
    ledger.lines_sent(1)
    assert together(ledger) == (ENVELOPE, x)
    ledger.answer_all(ENVELOPE, x)
    assert (ledger.octets_unanswered, x.pending, together(ledger)) == (0, 0, None)


def test_a_group_can_be_answered_one_by_one() -> None:
    ledger, x = Ledger(), exchange()
    ledger.ask(Verb.RSET, b"RSET\r\n")
    ledger.ask_all(ENVELOPE, x)
    ledger.lines_sent(4)
    ledger.answer()
    answers = [ledger.answer() for _ in ENVELOPE.verbs]
    early = (0, 0, 0, 1)
    owners = (None, x, x, x)
    assert answers == list(zip(ENVELOPE.verbs, owners, early, strict=True))
    assert (ledger.octets_unanswered, x.pending) == (0, 0)


def test_a_group_is_not_answered_by_what_began_too_early() -> None:
    ledger, x = Ledger(), exchange()
    ledger.ask_all(ENVELOPE, x)
    ledger.answer_begun()
    ledger.lines_sent(4)
    assert together(ledger) is None


def test_a_content_follows_its_line() -> None:
    ledger, x = Ledger(), exchange(7)
    ledger.promise(Verb.BDAT, b"BDAT 3\r\n", x, 3)
    ledger.promise(Verb.LAST, b"BDAT 0 LAST\r\n", x, 0)
    assert ledger.output == [
        b"BDAT 3\r\n",
        Content(7, 3, last=False),
        b"BDAT 0 LAST\r\n",
        Content(7, 0, last=True),
    ]
    assert (ledger.octets_promised, x.pending) == (3, 4)


def test_the_content_of_data_has_no_line_and_no_count() -> None:
    ledger, x = Ledger(), exchange()
    ledger.promise(Verb.DOT, b"", x, None)
    assert ledger.output == [Content(0, None, last=True)]
    assert ledger.octets_promised == 0


def test_contents_are_sent_in_order() -> None:
    ledger, first, second = Ledger(), exchange(), exchange(1)
    ledger.promise(Verb.BDAT, b"", first, 3)
    ledger.promise(Verb.LAST, b"", second, 4)
    assert ledger.next_content() is first
    assert ledger.content_sent() is first
    assert first.begun, "what was handed over whole was begun"
    assert not second.begun
    assert (first.finished, ledger.octets_promised) == (False, 4)
    assert ledger.content_sent() is second
    assert (second.finished, ledger.octets_promised) == (True, 0)


def test_how_early_a_reply_is() -> None:
    ledger, x = Ledger(), exchange()
    ledger.promise(Verb.BDAT, b"BDAT 3\r\n", x, 3)
    ledger.promise(Verb.LAST, b"BDAT 3 LAST\r\n", x, 3)
    ledger.ask(Verb.RSET, b"RSET\r\n")
    ledger.lines_sent(1)
    ledger.content_sent()
    ledger.lines_sent(1)
    assert ledger.answer() == (Verb.BDAT, x, 0)
    assert ledger.answer() == (Verb.LAST, x, 1)
    assert ledger.answer() == (Verb.RSET, None, 2)


def test_a_reply_is_as_early_as_its_first_octet() -> None:
    ledger, x = Ledger(), exchange()
    ledger.answer_begun()
    ledger.promise(Verb.LAST, b"", x, 3)
    ledger.ask(Verb.RSET, b"RSET\r\n")
    ledger.answer_begun()
    ledger.content_sent()
    ledger.lines_sent(1)
    ledger.answer_begun()
    assert ledger.answer() == (Verb.LAST, x, 1)
    assert ledger.answer() == (Verb.RSET, None, 0)


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_whether_all_was_handed_over(sent: int) -> None:
    ledger = Ledger()
    ledger.ask(Verb.RSET, b"RSET\r\n")
    ledger.ask(Verb.QUIT, b"QUIT\r\n")
    ledger.lines_sent(sent)
    assert ledger.all_out == (sent == 2)


def waits(ledger: Ledger) -> Wait:
    return ledger.waiting_for


def test_what_is_waited_for() -> None:
    ledger, x = Ledger(), exchange()
    assert waits(ledger) is Wait.NOTHING
    ledger.ask(Verb.MAIL, b"MAIL\r\n", x)
    ledger.promise(Verb.LAST, b"", x, 3)
    assert waits(ledger) is Wait.MAIL
    ledger.answer()
    assert waits(ledger) is Wait.BLOCK
    ledger.answer()
    assert waits(ledger) is Wait.BLOCK, "refused in mid-content, it is still to be sent"
    ledger.content_sent()
    assert waits(ledger) is Wait.NOTHING
    ledger.promise(Verb.DOT, b"", x, None)
    ledger.content_sent()
    assert waits(ledger) is Wait.END_OF_DATA
