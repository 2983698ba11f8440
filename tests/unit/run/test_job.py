"""A message on its way: what is closed when, and to whom it is sent."""

from __future__ import annotations

from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Envelope, Outcome
from smtpwire.message.memory import body_of
from smtpwire.run.earlier import Earlier, Known
from smtpwire.run.job import BodyWatched, Job, Opened, written_path

A, B = parse_address("a@y"), parse_address("b@y")
ENVELOPE = Envelope(parse_address("me@x"), (A, B))


def opened(times: int = 1) -> Opened:
    return Opened("m", body_of(b"Subject: 1\n\nhello\n", name="m"), ENVELOPE, times)


def test_its_body_is_closed_behind_the_last_time() -> None:
    closed: list[bool] = []
    whole = opened(times=2)
    whole.body = _Closing(closed)  # type: ignore[assignment]  # a stand-in
    first, second = Job(0, whole), Job(1, whole)
    first.close()
    assert closed == []
    second.close()
    assert closed == [True]


class _Closing:
    facts = None

    def __init__(self, closed: list[bool]) -> None:
        self._closed = closed

    def close(self) -> None:
        self._closed.append(True)


def test_what_is_put_in_front_counts() -> None:
    job = Job(7, opened())
    submission = job.submission(b"12345")
    size = len(b"Subject: 1\r\n\r\nhello\r\n") + 5
    assert (submission.id, submission.size, job.octets) == (7, size, size)


def test_an_uncounted_one_has_no_size() -> None:
    whole = opened()
    whole.body = _Closing([])  # type: ignore[assignment]  # a stand-in
    job = Job(7, whole)
    assert (job.submission(b"").size, job.octets) == (None, None)


def test_who_is_settled_is_left_out() -> None:
    job = Job(0, opened())
    job.leave_out(Earlier(ENVELOPE.recipients, {0: Known(Outcome.ACCEPTED, None, "")}))
    assert job.envelope == Envelope(ENVELOPE.reverse_path, (B,))


def test_it_is_told_when_it_begins_to_be_read() -> None:
    told: list[str] = []
    body = BodyWatched(opened().body, lambda: told.append("begun"))
    assert told == []
    assert body.reader(stuffed=False).read(100) == b"Subject: 1\r\n\r\nhello\r\n"
    assert told == ["begun"]


def test_the_null_reverse_path_is_empty() -> None:
    assert (written_path(None), written_path(A)) == ("", "a@y")
