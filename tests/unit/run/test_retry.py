"""What is tried again, when, and how much may wait."""

from __future__ import annotations

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Envelope, Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import (
    AuthFailed,
    ConnectError,
    ConnectionLost,
    HostNotFound,
    Interrupted,
    SMTPError,
)
from smtpwire.message.memory import body_of
from smtpwire.run import retry
from smtpwire.run.earlier import Earlier, Known
from smtpwire.run.job import Job, Opened
from smtpwire.run.retry import LARGE, LARGE_KEPT, MOST_KEPT, OCTETS_KEPT, Outages, Retries, backoff
from smtpwire.run.settings import RetrySettings
from tests.unit.run.conftest import Watcher

A, B, C = (parse_address(f"{letter}@x") for letter in "abc")
LATER, NO, OK = Reply(450, (b"later",)), Reply(550, (b"no",)), Reply(250, (b"ok",))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still; its time is the last one in the list."""
    times = [1000.0]
    monkeypatch.setattr(retry, "monotonic", lambda: times[-1])
    return times


def job(index: int = 0, octets: int = 10) -> Job:
    made = Job(index, Opened("m", body_of(b"hello\n", name="m"), Envelope(None, (A, B, C)), 1))
    made.octets = octets
    return made


def result(*replies: Reply | None, error: SMTPError | None = None) -> TransactionResult:
    outcomes = {OK: Outcome.ACCEPTED, NO: Outcome.REFUSED, LATER: Outcome.DEFERRED}
    recipients = tuple(
        RecipientOutcome(to, Outcome.DEFERRED if reply is None else outcomes[reply], reply)
        for to, reply in zip((A, B, C), replies, strict=True)
    )
    return TransactionResult(0, recipients, None, error, "", resend=False)


def retries(times: int = 3, *, whole: bool = False) -> tuple[Retries, Watcher]:
    watcher = Watcher()
    return Retries(RetrySettings(times, 10.0), watcher, all_required=whole), watcher


@pytest.mark.parametrize("number", [1, 2, 5, 9, 40, 10_000])
def test_the_wait_doubles_up_to_an_hour(number: int) -> None:
    whole = min(10.0 * 2 ** (number - 1), 3600.0) if number < 40 else 3600.0
    found = {backoff(10.0, number) for _ in range(50)}
    assert len(found) > 1
    assert all(whole / 2 <= seconds <= whole for seconds in found)


def test_a_first_wait_of_more_than_an_hour_stays_so() -> None:
    assert all(4000.0 <= backoff(8000.0, number) <= 8000.0 for number in range(1, 9))


def test_what_is_tried_again() -> None:
    kept, _ = retries()
    assert kept.wanted(job(), result(OK, LATER, NO))
    assert kept.wanted(job(), result(None, None, None, error=ConnectionLost("gone")))
    assert not kept.wanted(job(), result(OK, NO, OK))
    assert not kept.wanted(job(), result(None, None, None, error=Interrupted("now")))


def test_so_often_and_no_more() -> None:
    kept, _ = retries(1)
    message = job()
    assert kept.wanted(message, result(OK, LATER, OK))
    kept.keep(message, result(OK, LATER, OK))
    assert not kept.wanted(message, result(OK, LATER, OK))


def test_who_was_deferred_in_an_earlier_part_counts() -> None:
    kept, _ = retries()
    message = job()
    message.leave_out(Earlier((A, B, C), {0: Known(Outcome.DEFERRED, LATER, "RCPT")}))
    assert kept.wanted(message, result(OK, OK, OK))


def test_all_or_none_is_hopeless_when_one_is_refused() -> None:
    kept, _ = retries(whole=True)
    assert kept.wanted(job(), result(OK, LATER, OK))
    assert not kept.wanted(job(), result(OK, LATER, NO))


def test_it_is_due_after_its_wait_for_those_who_are_left(now: list[float]) -> None:
    kept, watcher = retries()
    message = job()
    due = kept.keep(message, result(OK, LATER, NO))
    assert 1005.0 <= due <= 1010.0
    assert (bool(kept), kept.due, list(kept.take())) == (True, due, [])
    now.append(due)
    assert list(kept.take()) == [message]
    assert not kept
    assert message.envelope.recipients == (B,)
    (where, text) = watcher.warnings[0]
    assert where == "m"
    assert text.startswith("RCPT was answered for now: 450; it is tried again in ")
    assert text.endswith(" seconds (1 of 3)")


def test_all_or_none_goes_to_all_again(now: list[float]) -> None:
    kept, _ = retries(whole=True)
    message = job()
    now.append(kept.keep(message, result(OK, LATER, OK)))
    assert [m.envelope.recipients for m in kept.take()] == [(A, B, C)]


def test_what_is_given_up_is_as_it_was() -> None:
    kept, watcher = retries()
    message, came_to = job(), result(None, None, None, error=ConnectionLost("gone"))
    kept.keep(message, came_to)
    assert watcher.warnings[0][1].startswith("gone; it is tried again")
    assert list(kept.give_up()) == [(message, came_to)]
    assert message.earlier is None
    assert not kept


def test_without_a_reason_there_is_one() -> None:
    kept, watcher = retries()
    kept.keep(job(), result(None, None, None))
    assert watcher.warnings[0][1].startswith("it was deferred; ")


@pytest.mark.parametrize(
    ("octets", "room"),
    [(10, MOST_KEPT), (LARGE, OCTETS_KEPT // LARGE), (LARGE + 1, LARGE_KEPT)],
)
def test_only_so_many_wait(now: list[float], octets: int, room: int) -> None:
    kept, _ = retries()
    for index in range(room):
        assert not kept.full
        kept.keep(job(index, octets), result(OK, LATER, OK))
    assert kept.full
    now.append(2000.0)
    next(kept.take())
    assert not kept.full


# -- servers --------------------------------------------------------------------------------------


def test_no_session_is_waited_for_so_often_in_a_row(now: list[float]) -> None:
    outages = Outages(RetrySettings(2, 10.0))
    error = ConnectError("no")
    assert outages.wait_for(error) is not None
    assert outages.until is not None
    outages.ready()
    assert [outages.wait_for(error) is not None for _ in range(3)] == [True, True, False]
    now.append(2000.0)
    later = outages.until
    assert later is None


@pytest.mark.parametrize("error", [AuthFailed("no"), HostNotFound("no")])
def test_what_would_not_pass_is_not_waited_for(error: SMTPError) -> None:
    assert Outages(RetrySettings(9)).wait_for(error) is None


def test_sessions_that_settle_nothing_come_to_an_end(now: list[float]) -> None:
    outages = Outages(RetrySettings(1, 10.0))
    assert outages.ended() is None
    assert outages.until is None
    for _ in range(9):
        assert outages.ended() is None
        assert outages.until is not None
    error = outages.ended()
    assert str(error) == "11 connections in a row ended with nothing settled"
    now.append(9999.0)


def test_a_reply_about_a_message_is_progress() -> None:
    outages = Outages(RetrySettings(1, 10.0))
    for _ in range(50):
        outages.settled(result(LATER, LATER, LATER))
        assert outages.ended() is None
    assert outages.until is None
    outages.settled(result(None, None, None, error=ConnectionLost("gone")))
    assert [outages.ended() is None for _ in range(11)] == [True] * 10 + [False]
