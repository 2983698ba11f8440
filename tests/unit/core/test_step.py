"""The next step, for every state that a transaction can be in when something may be sent."""

from __future__ import annotations

from typing import Any

import pytest

from smtpwire.core.command import Verb
from smtpwire.core.exchange import Exchange
from smtpwire.core.session import SessionOptions
from smtpwire.core.step import Step, next_step
from tests.unit.core.helpers import reply, submission


def exchange(replies: str, asked: int, *, chunked: bool = False, **options: Any) -> Exchange:
    x = Exchange(
        submission(recipients=2), "", SessionOptions("client.example", **options), chunked=chunked
    )
    x.mail_asked = True
    x.asked = asked
    for text in filter(None, replies.split(", ")):
        verb, code = text.split()
        x.record(Verb[verb], reply(f"{code} x"))
    return x


def test_it_begins_with_mail() -> None:
    x = Exchange(submission(), "", SessionOptions("client.example"), chunked=False)
    assert next_step(x) is Step.MAIL


@pytest.mark.parametrize(
    ("replies", "asked", "step"),
    [
        ("", 0, Step.RCPT),
        ("MAIL 250", 1, Step.RCPT),
        ("", 2, Step.DATA),
        ("MAIL 250, RCPT 550", 1, Step.RCPT),
        ("MAIL 250, RCPT 550, RCPT 250", 2, Step.DATA),
        ("MAIL 550", 0, Step.LEAVE),
        ("MAIL 250, RCPT 550, RCPT 550", 2, Step.LEAVE),
        ("MAIL 250, RCPT 250, RCPT 250, DATA 451", 2, Step.LEAVE),
        ("MAIL 250, RCPT 250, RCPT 550, DATA 354", 2, Step.CONTENT),
        ("MAIL 250, RCPT 550, RCPT 550, DATA 354", 2, Step.LONE_DOT),
    ],
)
def test_over_data(replies: str, asked: int, step: Step) -> None:
    assert next_step(exchange(replies, asked)) is step


@pytest.mark.parametrize(
    ("replies", "asked", "step"),
    [
        ("", 2, Step.CHUNK),
        ("MAIL 250, RCPT 250, RCPT 250", 2, Step.CHUNK),
        ("MAIL 250, RCPT 250, RCPT 250, BDAT 452", 2, Step.LEAVE),
    ],
)
def test_over_bdat(replies: str, asked: int, step: Step) -> None:
    assert next_step(exchange(replies, asked, chunked=True)) is step


@pytest.mark.parametrize(
    ("replies", "asked", "step"),
    [
        ("", 2, Step.WAIT),
        ("MAIL 250, RCPT 250", 2, Step.WAIT),
        ("MAIL 250, RCPT 250, RCPT 250", 2, Step.DATA),
        ("MAIL 250, RCPT 550", 1, Step.LEAVE),
    ],
)
def test_where_all_recipients_are_required(replies: str, asked: int, step: Step) -> None:
    assert next_step(exchange(replies, asked, require_all=True)) is step


@pytest.mark.parametrize(
    ("replies", "step"),
    [
        ("MAIL 250, RCPT 550, RCPT 550", Step.DATA),
        ("MAIL 250, RCPT 550, RCPT 550, DATA 354", Step.CONTENT),
        ("MAIL 550", Step.LEAVE),
    ],
)
def test_where_the_content_is_attempted_anyway(replies: str, step: Step) -> None:
    assert next_step(exchange(replies, 2, send_anyway=True)) is step
