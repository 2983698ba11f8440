"""What is told of each message, and what it all adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Envelope, Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import (
    ConnectionLost,
    HostNotFound,
    Interrupted,
    MessageUnreadable,
    MessageUnusable,
    SMTPError,
)
from smtpwire.run.job import Job, Opened
from smtpwire.run.tally import Tally, message_outcome
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from smtpwire.message.body import Body

OK = Reply(250, (b"2.0.0 queued",))
NO = Reply(550, (b"5.1.1 nobody",))
LATER = Reply(451, (b"4.3.0 later",))
TOO_LARGE = Reply(552, (b"5.3.4 too large",))

A, B = parse_address("a@y"), parse_address("b@y")


class Closing:
    """A body that knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


def job(name: str = "m") -> Job:
    envelope = Envelope(parse_address("me@x"), (A, B))
    made = Job(3, Opened(name, cast("Body", Closing()), envelope, 1))
    made.octets = 100
    return made


def result(
    *outcomes: tuple[Outcome, Reply | None],
    reply: Reply | None = None,
    command: str = "",
    error: SMTPError | None = None,
) -> TransactionResult:
    recipients = tuple(
        RecipientOutcome(address, *outcome)
        for address, outcome in zip((A, B), outcomes, strict=False)
    )
    return TransactionResult(3, recipients, reply, error, command, resend=False)


class Counted:
    """A tally and whoever watches it."""

    def __init__(self) -> None:
        self.watcher = Watcher()
        self.tally = Tally(self.watcher)

    def settle(self, settled: TransactionResult) -> None:
        self.tally.settle(job(), settled)

    @property
    def said(self) -> list[tuple[str | None, str, int | None]]:
        """Of each problem: the recipient, the command and the code."""
        return [
            (problem.recipient, problem.command, problem.reply and problem.reply.code)
            for problem in self.watcher.problems
        ]


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        (["accepted"], "accepted"),
        (["refused", "accepted"], "accepted"),
        (["refused", "unknown"], "unknown"),
        (["refused", "deferred"], "deferred"),
        (["unsent", "refused"], "refused"),
        (["unsent"], "unsent"),
        ([], "unsent"),
    ],
)
def test_the_outcome_of_a_message(outcomes: list[str], whole: str) -> None:
    recipients = tuple(RecipientOutcome(A, Outcome(outcome), None) for outcome in outcomes)
    assert message_outcome(recipients) is Outcome(whole)


def test_an_accepted_message(counted: Counted) -> None:
    one = job()
    accepted = (Outcome.ACCEPTED, OK)
    counted.tally.settle(one, result(accepted, accepted, reply=OK, command="end of data"))
    assert cast("Closing", one.body).closed
    (told,) = counted.watcher.results
    assert (told.number, told.name, told.reverse_path, told.octets) == (3, "m", "me@x", 100)
    assert told.outcome is Outcome.ACCEPTED
    assert told.reply is OK
    assert told.seconds >= 0
    assert not counted.tally.failed
    assert counted.said == []
    assert counted.tally.report(1, None).outcomes[Outcome.ACCEPTED] == 2


def test_a_refused_recipient_is_a_problem_of_its_own(counted: Counted) -> None:
    counted.settle(
        result((Outcome.ACCEPTED, OK), (Outcome.REFUSED, NO), reply=OK, command="end of data")
    )
    assert counted.said == [("b@y", "RCPT", 550)]
    assert counted.tally.failed
    assert counted.tally.report(1, None).outcomes[Outcome.REFUSED] == 1


def test_a_refused_message_is_one_problem_however_many_recipients(counted: Counted) -> None:
    refused = (Outcome.REFUSED, TOO_LARGE)
    counted.settle(result(refused, refused, reply=TOO_LARGE, command="end of data"))
    assert counted.said == [(None, "end of data", 552)]


def test_a_refused_message_with_a_recipient_refused_before(counted: Counted) -> None:
    counted.settle(
        result((Outcome.DEFERRED, LATER), (Outcome.REFUSED, NO), reply=LATER, command="end of data")
    )
    assert counted.said == [(None, "end of data", 451), ("b@y", "RCPT", 550)]


def test_all_recipients_refused_are_as_many_problems(counted: Counted) -> None:
    counted.settle(
        result((Outcome.REFUSED, NO), (Outcome.DEFERRED, LATER), reply=NO, command="RCPT")
    )
    assert counted.said == [("a@y", "RCPT", 550), ("b@y", "RCPT", 451)]


def test_what_broke_is_a_problem(counted: Counted) -> None:
    lost = ConnectionLost("it broke")
    deferred = (Outcome.DEFERRED, None)
    counted.settle(result(deferred, deferred, error=lost))
    (problem,) = counted.watcher.problems
    assert problem.error is lost
    assert problem.where == "m"
    assert problem.outcome is Outcome.DEFERRED


def test_an_interruption_is_no_problem_but_doubt_is(counted: Counted) -> None:
    stopped = Interrupted("stopped")
    unsent, unknown = (Outcome.UNSENT, None), (Outcome.UNKNOWN, None)
    counted.settle(result(unsent, unsent, error=stopped))
    assert counted.said == []
    counted.settle(result(unknown, unknown, error=stopped))
    (problem,) = counted.watcher.problems
    assert problem.outcome is Outcome.UNKNOWN


def test_an_unusable_message(counted: Counted) -> None:
    error = MessageUnusable("it is empty", where="m")
    counted.tally.unusable(7, "m", None, (), error)
    (told,) = counted.watcher.results
    assert (told.number, told.name, told.reverse_path) == (7, "m", None)
    assert told.outcome is Outcome.UNSENT
    assert told.recipients == ()
    (problem,) = counted.watcher.problems
    assert problem.error is error


def test_the_recipients_of_an_unusable_message_are_unsent_where_they_are_known(
    counted: Counted,
) -> None:
    counted.tally.unusable(7, "m", "me@x", (A, B), MessageUnusable("it is empty", where="m"))
    (told,) = counted.watcher.results
    assert told.reverse_path == "me@x"
    assert told.recipients == tuple(RecipientOutcome(r, Outcome.UNSENT, None) for r in (A, B))
    assert counted.tally.report(1, None).outcomes[Outcome.UNSENT] == 2
    assert counted.said == [(None, "", None)]


def test_a_list_that_broke_is_no_message(counted: Counted) -> None:
    counted.tally.list_failed(MessageUnreadable("reading failed", where="the list"))
    assert counted.watcher.results == []
    (problem,) = counted.watcher.problems
    assert (problem.where, problem.outcome) == ("the list", None)
    assert counted.tally.failed


def test_a_message_that_was_not_tried_is_told_of_and_is_no_problem_again(
    counted: Counted,
) -> None:
    lost = ConnectionLost("nobody there")
    counted.tally.no_session([("mail.example:25", lost)])
    counted.tally.untried(8, "m", "me@x", (A, B), lost, Outcome.DEFERRED)
    (told,) = counted.watcher.results
    assert [recipient.outcome for recipient in told.recipients] == [Outcome.DEFERRED] * 2
    (problem,) = counted.watcher.problems
    assert (problem.where, problem.outcome) == ("mail.example:25", None)


def test_of_several_servers_the_last_is_told_of_and_all_count(counted: Counted) -> None:
    failures = [("a:25", ConnectionLost("lost")), ("b:25", HostNotFound("no such host"))]
    counted.tally.no_session(failures)
    assert [problem.where for problem in counted.watcher.problems] == ["b:25"]
    kept = counted.tally.report(1, None).problems
    assert [(problem.where, problem.error) for problem in kept] == failures


def test_a_report_keeps_the_first_of_each_kind(counted: Counted) -> None:
    """Or a run of a million refused messages would need memory for each."""
    refused = (Outcome.REFUSED, NO)
    for name in ("first", "second", "third"):
        counted.tally.settle(job(name), result(refused, reply=NO, command="RCPT"))
    counted.settle(result((Outcome.DEFERRED, LATER), reply=LATER, command="MAIL"))
    report = counted.tally.report(4, 15)
    assert len(counted.watcher.problems) == 4
    assert [problem.where for problem in report.problems] == ["first", "m"]
    assert (report.messages, report.signal) == (4, 15)
