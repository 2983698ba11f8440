"""What a session may carry: how many messages, and to whom."""

from __future__ import annotations

from smtpwire.core.address import parse_address
from smtpwire.core.limits import NO_LIMITS, Limits
from smtpwire.core.transaction import Envelope
from smtpwire.message.memory import body_of
from smtpwire.run.job import Job, Opened
from smtpwire.run.quota import Quota


def job(*recipients: str) -> Job:
    envelope = Envelope(None, tuple(map(parse_address, recipients)))
    return Job(0, Opened("m", body_of(b"hello\n", name="m"), envelope, 1))


def to(message: Job) -> list[str]:
    """Whom it goes to now."""
    return [str(recipient) for recipient in message.envelope.recipients]


def test_without_limits_all_goes() -> None:
    quota = Quota(NO_LIMITS, None, divide=True)
    message = job("a@x", "b@y")
    assert all(quota.take(message) for _ in range(100))
    assert not quota.spent
    assert not message.divided


def test_the_lower_number_of_messages_counts() -> None:
    for limits, user in ((Limits(mail=2), 5), (Limits(mail=5), 2), (Limits(mail=2), None)):
        quota = Quota(limits, user, divide=True)
        assert quota.take(job("a@x"))
        assert not quota.spent
        assert quota.take(job("a@x"))
        assert quota.spent


def test_recipients_beyond_the_limit_are_postponed() -> None:
    quota = Quota(Limits(recipients=2), None, divide=True)
    message = job("a@x", "b@x", "c@x")
    assert quota.take(message)
    assert (to(message), message.divided) == (["a@x", "b@x"], True)
    message.widen()
    assert (to(message), message.divided) == (["a@x", "b@x", "c@x"], False)


def test_what_was_found_out_of_a_message_counts_too() -> None:
    quota = Quota(NO_LIMITS, None, divide=True)
    message = job("a@x", "b@x", "c@x")
    message.at_most = 1
    assert quota.take(message)
    assert to(message) == ["a@x"]


def test_a_message_that_comes_back_is_divided_anew() -> None:
    message = job("a@x", "b@x", "c@x")
    assert Quota(Limits(recipients=1), None, divide=True).take(message)
    assert Quota(Limits(recipients=2), None, divide=True).take(message)
    assert to(message) == ["a@x", "b@x"]
    assert Quota(Limits(recipients=9), None, divide=True).take(message)
    assert (to(message), message.divided) == (["a@x", "b@x", "c@x"], False)


def test_domains_are_counted_over_the_session() -> None:
    quota = Quota(Limits(domains=2), None, divide=True)
    first, second, third = job("a@x", "b@X", "c@y", "d@z"), job("e@z", "f@y"), job("g@z")
    assert quota.take(first)
    assert to(first) == ["a@x", "b@X", "c@y"]
    assert quota.take(second)
    assert to(second) == ["f@y"]
    assert not quota.take(third)
    assert not third.divided


def test_all_or_none_is_not_divided() -> None:
    quota = Quota(Limits(recipients=1, domains=1, mail=1), None, divide=False)
    message = job("a@x", "b@y")
    assert quota.take(message)
    assert not message.divided
    assert quota.spent
