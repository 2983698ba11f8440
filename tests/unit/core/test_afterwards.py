"""Replies behind a 421 count when 221 to QUIT is the last of them, and then all do."""

from __future__ import annotations

import pytest

from smtpwire.core.afterwards import Afterwards
from smtpwire.core.command import Verb
from smtpwire.core.exchange import Exchange
from smtpwire.core.ledger import Ledger
from smtpwire.core.session import SessionOptions
from tests.unit.core.helpers import reply, submission


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(submission(), "", SessionOptions("client.example"), chunked=True)


def asked(*verbs: Verb, exchange: Exchange, sent: bool = True) -> Ledger:
    """A ledger with these commands out."""
    ledger = Ledger()
    for verb in verbs:
        of_session = verb in {Verb.RSET, Verb.QUIT}
        ledger.ask(verb, b"LINE\r\n", None if of_session else exchange)
    ledger.lines_sent(len(verbs) - (not sent))
    return ledger


def listening(ledger: Ledger) -> Afterwards:
    return Afterwards(ledger, reply("421 busy"), None)


def test_it_is_worth_listening_where_quit_is_out(exchange: Exchange) -> None:
    assert listening(asked(Verb.LAST, Verb.QUIT, exchange=exchange)).telling


def test_it_is_not_where_nothing_shows_what_answers_what(exchange: Exchange) -> None:
    assert not listening(Ledger()).telling
    assert not listening(asked(Verb.LAST, Verb.RSET, exchange=exchange)).telling
    assert not listening(asked(Verb.LAST, Verb.QUIT, exchange=exchange, sent=False)).telling


@pytest.mark.parametrize(
    ("heard", "counts"),
    [
        (["250 reset", "250 ok", "221 bye"], True),
        (["421 no", "250 ok", "221 bye"], True),
        (["250 reset", "250 ok", "250 bye"], False),
        (["250 reset", "354 go", "221 bye"], False),
        (["550 no", "250 ok", "221 bye"], False),
    ],
)
def test_all_count_or_none(exchange: Exchange, heard: list[str], *, counts: bool) -> None:
    afterwards = listening(asked(Verb.RSET, Verb.LAST, Verb.QUIT, exchange=exchange))
    *others, last = map(reply, heard)
    assert [afterwards.take(other) for other in others] == [False, False]
    assert exchange.final is None
    assert afterwards.take(last)
    assert exchange.final == (reply(heard[1]) if counts else None)


@pytest.mark.parametrize(("heard", "answered"), [("221 bye", True), ("250 queued", False)])
def test_a_421_out_of_turn_was_no_answer(exchange: Exchange, heard: str, *, answered: bool) -> None:
    closing = reply("421 busy")
    exchange.record(Verb.LAST, closing)
    ledger = asked(Verb.QUIT, exchange=exchange)
    assert Afterwards(ledger, closing, exchange).take(reply(heard))
    assert exchange.final == (closing if answered else None)
