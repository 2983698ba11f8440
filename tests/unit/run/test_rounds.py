"""What follows on a transaction, beside a run that only listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smtpwire.client import ClientSettings
from smtpwire.core.address import parse_address
from smtpwire.core.event import Ready
from smtpwire.core.extensions import Capabilities
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Envelope, Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import ConnectError, Interrupted
from smtpwire.message.memory import body_of
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.job import Job, Opened
from smtpwire.run.messages import MessageSettings
from smtpwire.run.rounds import Rounds
from smtpwire.run.settings import RetrySettings, RunSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.tally import Tally
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from smtpwire.errors import SMTPError
    from smtpwire.run.session import Session, Sessions

A, B, C = (parse_address(f"{letter}@x") for letter in "abc")
OK, NO, LATER = Reply(250, (b"ok",)), Reply(550, (b"no",)), Reply(450, (b"later",))
TOO_MANY = Reply(452, (b"4.5.3 too many",))
OUTCOMES = {250: Outcome.ACCEPTED, 550: Outcome.REFUSED}
SETTINGS = RunSettings(ClientSettings(()), MessageSettings(()))


class Desk:
    """A run that only listens, and all that its rounds need."""

    def __init__(self, settings: RunSettings = SETTINGS) -> None:
        self.loop = Loop(Poller(-1), StopRequest())
        self.watcher = Watcher()
        self.sent: list[Job] = []
        self.looked = 0
        self.ended = False
        tally = Tally(self.watcher)
        self.rounds = Rounds(settings, cast("Sessions", self), tally, self.watcher, self)

    def over(self) -> bool:
        return self.ended

    def again(self, job: Job) -> None:
        self.sent.append(job)

    def look_around(self) -> None:
        self.looked += 1

    def journal_failed(self, where: str, error: SMTPError) -> None:
        raise AssertionError(where) from error


class FakeSession:
    """A session that is ready, with what its server announced."""

    def __init__(self, *limits: str) -> None:
        keywords = {"LIMITS": limits} if limits else {}
        self.ready = Ready(OK, OK, Capabilities(esmtp=True, keywords=keywords), None)
        self.quota = None


def session(*limits: str) -> Session:
    return cast("Session", FakeSession(*limits))


def job() -> Job:
    return Job(0, Opened("m", body_of(b"hello\n", name="m"), Envelope(None, (A, B, C)), 1))


def result(message: Job, *replies: Reply) -> TransactionResult:
    recipients = tuple(
        RecipientOutcome(to, OUTCOMES.get(reply.code, Outcome.DEFERRED), reply)
        for to, reply in zip(message.envelope.recipients, replies, strict=True)
    )
    return TransactionResult(0, recipients, OK, None, "end of data", resend=False)


def retrying(times: int = 1, delay: float = 0.001) -> RunSettings:
    return SETTINGS._replace(retry=RetrySettings(times, delay))


def test_what_is_settled_is_told() -> None:
    desk, message = Desk(), job()
    desk.rounds.settle(message, result(message, OK, NO, LATER))
    assert desk.watcher.outcomes == ["m accepted"]
    assert desk.sent == []


def test_who_is_left_over_follows_and_all_are_told_together() -> None:
    desk, message = Desk(), job()
    desk.rounds.settle(message, result(message, OK, NO, TOO_MANY))
    assert desk.sent == [message]
    assert message.envelope.recipients == (C,)
    assert message.at_most == 1
    assert desk.watcher.results == []
    desk.rounds.settle(message, result(message, OK))
    (told,) = desk.watcher.results
    assert [r.outcome.value for r in told.recipients] == ["accepted", "refused", "accepted"]
    assert [problem.recipient for problem in desk.watcher.problems] == ["b@x"]


def test_nobody_was_accepted_so_nobody_follows() -> None:
    desk, message = Desk(), job()
    desk.rounds.settle(message, result(message, NO, TOO_MANY, TOO_MANY))
    assert desk.sent == []


def test_all_or_none_is_not_divided() -> None:
    desk = Desk(SETTINGS._replace(client=ClientSettings((), require_all=True)))
    message = job()
    desk.rounds.settle(message, result(message, OK, TOO_MANY, TOO_MANY))
    assert desk.sent == []
    assert desk.rounds.take(session("RCPTMAX=1"), message, first=True)
    assert not message.divided


def test_the_second_part_follows_on_the_first() -> None:
    desk, message = Desk(), job()
    here = session("RCPTMAX=2")
    assert desk.rounds.take(here, message, first=True)
    desk.rounds.settle(message, result(message, OK, OK))
    assert desk.sent == [message]
    assert desk.rounds.take(here, message, first=False)
    assert message.envelope.recipients == (C,)
    desk.rounds.settle(message, result(message, OK))
    assert desk.watcher.outcomes == ["m accepted"]


def test_a_plain_session_has_no_quota() -> None:
    desk, here = Desk(), session()
    assert desk.rounds.take(here, job(), first=True)
    assert here.quota is None


def test_what_was_found_out_of_a_message_divides_it_anywhere() -> None:
    desk, here, message = Desk(), session(), job()
    message.at_most = 2
    assert desk.rounds.take(here, message, first=True)
    assert message.envelope.recipients == (A, B)


@pytest.mark.parametrize(
    "settings", [SETTINGS._replace(disconnect=True), SETTINGS._replace(max_per_connection=1)]
)
def test_the_user_limits_the_messages_of_a_session(settings: RunSettings) -> None:
    desk, here = Desk(settings), session()
    assert desk.rounds.take(here, job(), first=True)
    assert here.quota is not None
    assert here.quota.spent


def test_what_is_deferred_comes_again() -> None:
    desk, message = Desk(retrying()), job()
    desk.rounds.settle(message, result(message, OK, LATER, OK))
    assert desk.rounds.pending
    assert not desk.rounds.first
    desk.loop.run()
    assert (desk.sent, desk.looked) == ([message], 1)
    desk.rounds.settle(message, result(message, LATER))
    assert [r.outcome.value for r in desk.watcher.results[0].recipients] == [
        "accepted",
        "deferred",
        "accepted",
    ]


def test_two_that_wait_come_one_after_the_other() -> None:
    desk, soon, late = Desk(retrying(3)), job(), job()
    late.tries = 2
    for message in (late, soon):
        desk.rounds.settle(message, result(message, OK, LATER, OK))
    desk.loop.run()
    assert desk.sent == [soon, late]


def test_when_the_run_is_over_nothing_comes_again() -> None:
    desk, kept, message = Desk(retrying(delay=1000.0)), job(), job()
    desk.rounds.settle(kept, result(kept, OK, LATER, OK))
    desk.ended = True
    desk.rounds.settle(message, result(message, OK, LATER, OK))
    desk.rounds.rest()
    desk.loop.run()
    desk.rounds.give_up()
    assert desk.sent == []
    assert desk.watcher.outcomes == ["m accepted"] * 2


def test_an_interruption_wakes_nobody() -> None:
    desk, kept = Desk(retrying(delay=1000.0)), job()
    desk.rounds.settle(kept, result(kept, OK, LATER, OK))
    desk.ended = True
    desk.loop.interrupt(Interrupted("now"))
    desk.loop.run()
    assert desk.looked == 0


def test_with_stop_what_waits_comes_first() -> None:
    desk, kept = Desk(retrying()._replace(stop_at_failure=True)), job()
    before = desk.rounds.first
    desk.rounds.settle(kept, result(kept, OK, LATER, OK))
    assert (before, desk.rounds.first) == (False, True)
    desk.rounds.give_up()


def test_without_retries_no_connection_is_waited_for() -> None:
    desk = Desk()
    error = ConnectError("no")
    desk.rounds.ready()
    assert not desk.rounds.wait_for("here", error, error)
    assert not desk.rounds.paused()
    assert desk.rounds.ended() is None
    desk.rounds.rest()


def test_a_connection_is_waited_for() -> None:
    desk = Desk(retrying(delay=0.05))
    error = ConnectError("no")
    desk.rounds.ready()
    assert desk.rounds.wait_for("here", error, error)
    assert desk.watcher.warnings[0][1].startswith("no; trying again in 0.0")
    assert desk.rounds.paused()
    desk.loop.run()
    assert desk.looked == 1
    assert not desk.rounds.paused()
    assert not desk.rounds.wait_for("here", error, error)
    assert desk.rounds.ended() is None
