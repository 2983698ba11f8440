"""The tables of commands, as data, and the lines."""

from __future__ import annotations

import pytest

from smtpwire.core.address import Address
from smtpwire.core.command import (
    CHUNK,
    CONTENT,
    MAY_CONTINUE_GROUP,
    UNKNOWN_COMMAND,
    WAIT_FOR,
    SecretLine,
    Verb,
    Wait,
    bdat_line,
    mail_start,
    rcpt_line,
)


def test_the_group_rule() -> None:
    ends = {Verb.GREETING, Verb.EHLO, Verb.HELO, Verb.STARTTLS, Verb.AUTH, Verb.DATA, Verb.QUIT}
    assert set(Verb) - ends == MAY_CONTINUE_GROUP


def test_there_is_a_limit_of_time_for_every_reply() -> None:
    assert set(WAIT_FOR) == set(Verb)
    ends_of_data = {verb for verb, wait in WAIT_FOR.items() if wait is Wait.END_OF_DATA}
    assert ends_of_data == CONTENT | {Verb.LONE_DOT}


def test_what_waits_for_content() -> None:
    assert CHUNK < CONTENT
    assert {Verb.DOT} == CONTENT - CHUNK


def test_every_wait_says_what_for() -> None:
    assert len({wait.value for wait in Wait}) == len(Wait)


def test_unknown_commands() -> None:
    assert sorted(UNKNOWN_COMMAND) == [500, 502]


@pytest.mark.parametrize(
    ("verb", "label"),
    [
        (Verb.MAIL, "MAIL"),
        (Verb.DOT, "end of data"),
        (Verb.LONE_DOT, "end of data"),
        (Verb.LAST, "end of data"),
        (Verb.GREETING, "greeting"),
    ],
)
def test_labels(verb: Verb, label: str) -> None:
    assert verb.label == label


def test_lines() -> None:
    assert mail_start(None) == b"MAIL FROM:<>"
    assert mail_start(Address("a", "b")) == b"MAIL FROM:<a@b>"
    assert rcpt_line(Address("\u00e9", "b")) == b"RCPT TO:<\xc3\xa9@b>\r\n"
    assert bdat_line(5, last=False) == b"BDAT 5\r\n"
    assert bdat_line(0, last=True) == b"BDAT 0 LAST\r\n"


def test_a_secret_line_is_octets_like_any_other() -> None:
    assert SecretLine(b"x") == b"x"
