"""What is said together, and the replies that are hoped for."""

from __future__ import annotations

import pytest

from smtpwire.core.command import Verb
from smtpwire.core.group import Group, group_of
from smtpwire.core.reply import Reply


def group(*verbs: Verb) -> Group:
    return group_of([(verb, verb.name.encode()) for verb in verbs])


def replies(*codes: int) -> list[Reply]:
    return [Reply(code, (b"text",)) for code in codes]


RSET, MAIL, RCPT, DATA = Verb.RSET, Verb.MAIL, Verb.RCPT, Verb.DATA


@pytest.mark.parametrize(
    ("verbs", "own", "first", "recipients"),
    [
        ((RSET, MAIL, RCPT, RCPT, DATA), 4, 2, 2),
        ((MAIL, RCPT), 2, 1, 1),
        ((RSET,), 0, 1, 0),
        ((RCPT, RCPT, DATA), 3, 0, 2),
        ((DATA,), 1, 0, 0),
    ],
)
def test_what_is_in_it(verbs: tuple[Verb, ...], own: int, first: int, recipients: int) -> None:
    made = group(*verbs)
    assert (made.own, made.first, made.recipients) == (own, first, recipients)
    assert made.lines == tuple(verb.name.encode() for verb in verbs)
    assert made.octets == 4 * len(verbs)


@pytest.mark.parametrize(
    ("verbs", "codes", "hoped"),
    [
        ((RSET, MAIL, RCPT, DATA), (250, 250, 251, 354), True),
        ((MAIL, RCPT), (250, 252), True),
        ((RSET, MAIL, RCPT, DATA), (250, 250, 250, 250), False),
        ((RSET, MAIL, RCPT, DATA), (250, 250, 250, 421), False),
        ((RSET, MAIL, RCPT, DATA), (250, 250, 550, 354), False),
        ((RSET, MAIL, RCPT, DATA), (250, 354, 250, 354), False),
        ((RSET, MAIL, RCPT, DATA), (500, 250, 250, 354), False),
        ((MAIL, RCPT), (250, 354), False),
        ((MAIL, RCPT), (450, 250), False),
    ],
)
def test_what_is_hoped_for(verbs: tuple[Verb, ...], codes: tuple[int, ...], hoped: bool) -> None:
    assert group(*verbs).hopes_for(replies(*codes)) is hoped
