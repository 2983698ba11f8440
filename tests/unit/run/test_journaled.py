"""A run with a journal, beside one that breaks: what is held, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Envelope, Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import JournalError
from smtpwire.message.memory import body_of
from smtpwire.run.earlier import Known
from smtpwire.run.job import Job, Opened
from smtpwire.run.journal import Entry, Journal
from smtpwire.run.journaled import SMALL, Journaled, JournalSettings
from smtpwire.run.tally import Tally
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.net.loop import Party
    from smtpwire.run.session import Sessions

A, B = parse_address("a@y"), parse_address("b@y")
OK = Known(Outcome.ACCEPTED, Reply(250, (b"ok",)), "end of data")
NO = Known(Outcome.REFUSED, Reply(550, (b"no",)), "RCPT")
DOUBT = Known(Outcome.UNKNOWN, None, "")
LATER = Known(Outcome.DEFERRED, None, "")
PARTY, ANOTHER = cast("Party", "one"), cast("Party", "another")


class Book:
    """A journal that writes down what it is asked to, and breaks when it is told to."""

    def __init__(self, *known: Known | None, changed: bool = False) -> None:
        self._entry = Entry(1, (("a@y", 0), ("b@y", 0)), known, changed)
        self.path = "journal"
        self.log: list[tuple[object, ...]] = []
        self.breaks = False

    def _do(self, *what: object) -> None:
        if self.breaks:
            raise JournalError("it broke")
        self.log.append(what)

    def enter(self, *_: object) -> Entry:
        self._do("enter")
        return self._entry

    def begin(self, _entry: Entry, place: int) -> None:
        self.log.append(("begin", place))

    def settle(self, _entry: Entry, place: int, known: Known) -> None:
        self.log.append(("settle", place, known))

    def commit(self) -> None:
        self._do("commit")


class Calls:
    """What is of a loop here: what it is to call, and whom it is to nudge."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        self.nudged: list[Party] = []

    def call_later(self, action: Callable[[], object]) -> None:
        self.calls.append(action)

    def look_again(self, party: Party) -> None:
        self.nudged.append(party)

    def run(self) -> None:
        """Do what there is to do."""
        while self.calls:
            self.calls.pop(0)()


class Desk:
    """All that belongs to one run with a journal; it has a loop, as sessions have."""

    def __init__(
        self, *known: Known | None, changed: bool = False, resend: bool = False, whole: bool = False
    ) -> None:
        self.book = Book(*known, changed=changed)
        self.loop = Calls()
        self.watcher = Watcher()
        self.tally = Tally(self.watcher)
        self.holder: object = None
        self.failures: list[JournalError] = []
        self.journaled = Journaled(
            JournalSettings(cast("Journal", self.book), resend_unknown=resend, all_or_none=whole),
            cast("Sessions", self),
            self.tally,
            self.watcher,
            lambda _where, error: self.failures.append(error),
        )

    def admit(self, index: int = 0, name: str = "m") -> Job | None:
        envelope = Envelope(None, (A, B))
        job = Job(index, Opened(name, body_of(b"hello\n", name=name), envelope, 1))
        return job if self.journaled.admit(job) else None


def accepted(job: Job) -> TransactionResult:
    reply = Reply(250, (b"ok",))
    outcomes = tuple(RecipientOutcome(r, Outcome.ACCEPTED, reply) for r in job.envelope.recipients)
    return TransactionResult(job.index, outcomes, reply, None, "end of data", resend=False)


def admitted(desk: Desk, index: int = 0) -> Job:
    job = desk.admit(index)
    assert job is not None
    return job


def test_the_end_is_held_until_that_is_durable() -> None:
    desk = Desk()
    job = admitted(desk)
    assert not desk.journaled.may_end(PARTY, job.index)
    assert not desk.journaled.may_end(PARTY, job.index)
    assert desk.book.log == [("enter",), ("begin", 0), ("begin", 1)]
    desk.loop.run()
    assert desk.book.log[3:] == [("commit",)]
    assert desk.loop.nudged == [PARTY]
    assert desk.journaled.may_end(PARTY, job.index)


def test_one_commit_is_for_all() -> None:
    desk = Desk()
    for index, party in enumerate((PARTY, ANOTHER, PARTY)):
        desk.journaled.may_end(party, admitted(desk, index).index)
    desk.loop.run()
    assert desk.book.log.count(("commit",)) == 1
    assert sorted(map(str, desk.loop.nudged)) == ["another", "one"]


def test_a_small_one_is_noted_when_it_is_queued() -> None:
    desk = Desk()
    small, large, unknown = (admitted(desk, index) for index in range(3))
    small.octets, large.octets, unknown.octets = 9, SMALL + 1, None
    told = [desk.journaled.coming(PARTY, job.index) for job in (small, large, unknown)]
    assert told == [True, False, False]
    desk.loop.run()
    assert desk.journaled.may_end(PARTY, small.index)
    assert not desk.journaled.may_end(PARTY, large.index)


def test_whoever_has_it_now_is_nudged() -> None:
    desk = Desk()
    job = admitted(desk)
    desk.journaled.may_end(PARTY, job.index)
    desk.journaled.may_end(ANOTHER, job.index)
    desk.loop.run()
    assert desk.loop.nudged == [ANOTHER]


def test_what_it_came_to_is_written_with_its_places() -> None:
    desk = Desk(OK, None)
    job = admitted(desk)
    assert job.envelope.recipients == (B,)
    desk.journaled.settle(job, accepted(job), over=True)
    assert desk.book.log[-1] == ("settle", 1, OK)


def test_a_message_of_which_nothing_is_left_is_told_of() -> None:
    desk = Desk(OK, NO)
    assert desk.admit() is None
    (result,) = desk.watcher.results
    assert [r.outcome for r in result.recipients] == [Outcome.ACCEPTED, Outcome.REFUSED]
    (problem,) = desk.watcher.problems
    assert (problem.recipient, str(problem.error)) == ("b@y", "settled by an earlier run")
    assert not desk.tally.failed


def test_what_is_in_doubt_is_sent_by_the_users_word_alone() -> None:
    assert Desk(DOUBT, OK).admit() is None
    assert admitted(Desk(DOUBT, OK, resend=True)).envelope.recipients == (A,)


def test_what_is_deferred_is_sent() -> None:
    assert admitted(Desk(LATER, OK)).envelope.recipients == (A,)


def test_all_or_none_asks_the_refused_again() -> None:
    assert admitted(Desk(NO, None, whole=True)).envelope.recipients == (A, B)
    assert Desk(NO, OK, whole=True).admit() is None


def test_another_content_is_worth_a_warning_but_not_on_standard_input() -> None:
    desk = Desk(changed=True)
    desk.admit(name="m")
    desk.admit(index=1, name="-")
    assert [where for where, _ in desk.watcher.warnings] == ["m"]


def test_who_is_gone_before_the_commit_is_asked_anew() -> None:
    """It was deferred, so a later run would send it: the end must not go out without a note."""
    desk = Desk()
    job = admitted(desk)
    desk.journaled.may_end(PARTY, job.index)
    desk.journaled.settle(job, accepted(job), over=False)
    desk.loop.run()
    assert desk.loop.nudged == []
    assert not desk.journaled.may_end(ANOTHER, job.index)
    desk.loop.run()
    assert desk.journaled.may_end(ANOTHER, job.index)


@pytest.mark.parametrize("last", [Journaled.rest, Journaled.finish])
def test_at_rest_all_is_written(last: Callable[[Journaled], None]) -> None:
    desk = Desk()
    job = admitted(desk)
    desk.journaled.settle(job, accepted(job), over=True)
    last(desk.journaled)
    assert desk.book.log[-1] == ("commit",)


def test_what_cannot_be_written_at_the_end_is_told() -> None:
    desk = Desk()
    admitted(desk)
    desk.book.breaks = True
    desk.journaled.finish()
    assert [str(error) for error in desk.failures] == ["it broke"]


@pytest.mark.parametrize("breaking", ["admit", "commit", "rest"])
def test_a_journal_that_breaks_ends_the_run_once(breaking: str) -> None:
    """Wherever it breaks, nothing more is let out, and nothing more is asked of it."""
    desk = Desk()
    job = None if breaking == "admit" else admitted(desk)
    desk.book.breaks = True
    if job is None:
        job = admitted(desk)
    if breaking == "commit":
        desk.journaled.may_end(PARTY, 0)
        desk.loop.run()
        assert desk.loop.nudged == []
        assert not desk.journaled.may_end(PARTY, 0)
    desk.journaled.settle(job, accepted(job), over=True)
    desk.journaled.rest()
    desk.loop.run()
    admitted(desk, 1)
    desk.journaled.finish()
    assert [str(error) for error in desk.failures] == ["it broke"]
