"""How many turns a session takes, counted and not timed.

A turn is one burst of the server: it answers all that it has, and the client waits for it.  The
greeting is the first.
"""

from __future__ import annotations

import pytest

from smtpwire.core.session import SessionOptions
from tests.property.model_server import Act, Plan
from tests.property.schedule import run_to_the_end
from tests.property.session import Message, Session

PLAIN = ()
PIPELINED = ("PIPELINING",)
CHUNKED = ("PIPELINING", "CHUNKING")


def messages(count: int, recipients: int = 1) -> tuple[Message, ...]:
    return tuple(Message(id, recipients, b"id %d\r\n" % id) for id in range(count))


def session(
    offers: tuple[str, ...],
    given: tuple[Message, ...],
    refused: tuple[tuple[str, int, int], ...] = (),
    **options: bool,
) -> Session:
    plan = Plan(offers=offers, acts={key: Act(550) for key in refused})
    chosen = SessionOptions("client.example", **options)  # type: ignore[arg-type] # one of them is a number
    ended = Session(plan, chosen, given)
    run_to_the_end(ended)
    ended.check()
    assert ended.engine.close is not None
    assert ended.engine.close.error is None
    return ended


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("offers", [PIPELINED, CHUNKED])
def test_with_pipelining_n_messages_take_n_plus_3_turns(
    offers: tuple[str, ...], count: int
) -> None:
    assert session(offers, messages(count)).turns == count + 3


@pytest.mark.parametrize("count", [1, 2, 64])
def test_without_waiting_any_number_of_messages_in_the_window_takes_3_turns(count: int) -> None:
    assert session(CHUNKED, messages(count), no_wait=True).turns == 3


def test_beyond_the_window_a_further_turn_is_taken() -> None:
    assert session(CHUNKED, messages(65), no_wait=True).turns == 4


@pytest.mark.parametrize("count", [1, 2, 5])
def test_without_pipelining_every_command_is_a_turn(count: int) -> None:
    # greeting, EHLO; MAIL, RCPT, DATA, end of data; QUIT
    assert session(PLAIN, messages(count)).turns == 3 + 4 * count


def test_pipelining_that_is_not_wanted_is_not_used() -> None:
    assert session(PIPELINED, messages(2), pipelining=False).turns == 11


def test_a_refused_recipient_costs_no_turn() -> None:
    ended = session(PIPELINED, messages(2, recipients=2), (("RCPT", 0, 1),))
    assert ended.turns == 5


def test_a_reset_between_messages_costs_no_turn() -> None:
    refused = (("RCPT", 0, 0),)
    assert session(PIPELINED, messages(2), refused).turns == 5
    assert session(CHUNKED, messages(3), (("MAIL", 1, 0),), no_wait=True).turns == 3


def test_requiring_all_recipients_costs_a_turn_over_data_and_none_over_bdat() -> None:
    assert session(PIPELINED, messages(1, recipients=2), require_all=True).turns == 5
    assert session(CHUNKED, messages(1, recipients=2), require_all=True).turns == 4
    speculated = session(CHUNKED, messages(1, recipients=2), require_all=True, no_wait=True)
    assert speculated.turns == 4
