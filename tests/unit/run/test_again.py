"""Messages that a connection gave back: each has one new connection, and no more."""

from __future__ import annotations

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.event import Close
from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import (
    ConnectionLost,
    Interrupted,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
)
from smtpwire.run.again import sort_out

RECIPIENT = parse_address("b@y")


class Message:
    def __init__(self, *, replaced: bool = False) -> None:
        self.replaced = replaced


def result(outcome: Outcome) -> TransactionResult:
    recipients = (RecipientOutcome(RECIPIENT, outcome, None),)
    return TransactionResult(0, recipients, None, None, "", resend=True)


@pytest.mark.parametrize("error", [None, ConnectionLost("FIN"), ServerClosing("421")])
def test_the_first_one_has_used_its_connection_and_those_behind_it_have_not(
    error: SMTPError | None,
) -> None:
    first, second = Message(), Message()
    back = [(first, result(Outcome.DEFERRED)), (second, result(Outcome.UNSENT))]
    assert sort_out(Close(error), back) == ([first, second], [])
    assert (first.replaced, second.replaced) == (True, False)


def test_it_is_deferred_when_it_has_had_one_already() -> None:
    first, second = Message(replaced=True), Message(replaced=True)
    back = [(first, result(Outcome.UNSENT)), (second, result(Outcome.UNSENT))]
    again, settled = sort_out(Close(ConnectionLost("FIN")), back)
    assert again == [second]
    assert settled == [(first, result(Outcome.DEFERRED))]


def test_a_connection_that_is_made_anew_without_chunking_does_not_count() -> None:
    message = Message(replaced=True)
    close = Close(ServerClosing("502"), without_chunking=True)
    assert sort_out(close, [(message, result(Outcome.DEFERRED))]) == ([message], [])


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Interrupted("end"), Outcome.UNSENT),
        (RemoteProtocolError("what?"), Outcome.DEFERRED),
    ],
)
def test_some_ends_settle_it(error: SMTPError, outcome: Outcome) -> None:
    back = [(Message(), result(outcome))]
    assert sort_out(Close(error), back) == ([], back)


def test_what_was_not_begun_goes_on_whatever_the_server_did() -> None:
    message = Message()
    close = Close(RemoteProtocolError("what?"))
    assert sort_out(close, [(message, result(Outcome.UNSENT))]) == ([message], [])
