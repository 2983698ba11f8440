"""Limits of time, and what extends them."""

from __future__ import annotations

import pytest

from smtpwire.core.command import Wait
from smtpwire.net import timeouts
from smtpwire.net.timeouts import FIXED, SECONDS, Deadline, limit


class Clock:
    """Stands in for the system's."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timeouts, "monotonic", clock)
    return clock


def test_every_wait_for_a_peer_has_a_limit() -> None:
    assert set(SECONDS) == set(Wait) - {Wait.NOTHING}


@pytest.mark.parametrize(
    ("wait", "minutes"),
    [
        (Wait.GREETING, 5),
        (Wait.MAIL, 5),
        (Wait.RCPT, 5),
        (Wait.DATA, 2),
        (Wait.BLOCK, 3),
        (Wait.END_OF_DATA, 10),
    ],
)
def test_rfc_5321_section_4_5_3_2(wait: Wait, minutes: int) -> None:
    assert limit(wait, None) == minutes * 60


def test_timeout_only_shortens() -> None:
    assert limit(Wait.MAIL, 20) == 20
    assert limit(Wait.QUIT, 20) == SECONDS[Wait.QUIT]
    assert limit(Wait.NOTHING, 20) is None


def test_nothing_to_wait_for_has_no_deadline(clock: Clock) -> None:
    deadline = Deadline(20)
    assert deadline.follow(Wait.NOTHING, replies=1, written=0)
    assert deadline.at is None
    clock.now += 1e9
    assert not deadline.passed


def test_a_deadline_passes(clock: Clock) -> None:
    deadline = Deadline(None)
    assert deadline.follow(Wait.DATA, replies=3, written=0)
    assert deadline.at == clock.now + 120
    assert not deadline.passed
    clock.now += 120
    assert deadline.passed


@pytest.mark.parametrize(
    ("wait", "replies", "written", "extends"),
    [
        (Wait.MAIL, 3, 100, False),
        (Wait.MAIL, 4, 100, True),
        (Wait.RCPT, 3, 100, True),
        (Wait.MAIL, 3, 101, False),  # octets of commands say nothing about replies
    ],
)
def test_only_a_reply_or_another_wait_extends_a_deadline(
    clock: Clock, wait: Wait, replies: int, written: int, extends: bool
) -> None:
    deadline = Deadline(None)
    deadline.follow(Wait.MAIL, replies=3, written=100)
    clock.now += 299
    assert deadline.follow(wait, replies=replies, written=written) is extends
    clock.now += 2
    assert deadline.passed is not extends


def test_content_that_is_taken_extends_a_deadline(clock: Clock) -> None:
    deadline = Deadline(None)
    deadline.follow(Wait.BLOCK, replies=3, written=100)
    clock.now += 179
    assert deadline.follow(Wait.BLOCK, replies=3, written=101)
    clock.now += 179
    assert not deadline.follow(Wait.BLOCK, replies=3, written=101)
    clock.now += 1
    assert deadline.passed


@pytest.mark.parametrize("wait", [wait for wait in Wait if wait in FIXED])
def test_nothing_extends_the_last_waits(clock: Clock, wait: Wait) -> None:
    deadline = Deadline(None)
    deadline.follow(wait, replies=3, written=100)
    clock.now += SECONDS[wait]
    assert not deadline.follow(wait, replies=4, written=200)
    assert deadline.passed
