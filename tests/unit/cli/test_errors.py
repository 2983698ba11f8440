"""The lines of standard error."""

from __future__ import annotations

import pytest

from smtpwire import errors
from smtpwire.cli.errors import CommandError, UsageError, error_text, line, problem_text
from smtpwire.cli.exitcode import ExitCode
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Problem

NO = Reply(550, (b"5.1.1 no such\x1buser",))


def test_a_line_says_where_and_what() -> None:
    assert line("m\n.eml", "what") == r"smtp: m\x0a.eml: what"
    assert line("", "what") == "smtp: what"


def test_a_usage_error_is_64() -> None:
    error = UsageError("-p", "x")
    assert (error.where, error.code) == ("-p", ExitCode.USAGE)
    assert isinstance(error, CommandError)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.ConnectError("nothing listens there"), "nothing listens there"),
        (errors.AuthFailed("refused", reply=NO), r"refused: 550 5.1.1 no such\x1buser"),
        (
            errors.HelloRefused("no", ehlo=Reply(500, (b"what",)), helo=Reply(504, (b"no",))),
            "no: EHLO: 500 what; HELO: 504 no",
        ),
        (errors.HelloRefused("no", ehlo=Reply(550, (b"a", b"b"))), "no: EHLO: 550 a / b"),
        (errors.RemoteProtocolError("not SMTP"), "not SMTP"),
        (errors.RemoteProtocolError("not SMTP", line=b"SSH\x1b-2.0"), r"not SMTP: 'SSH\x1b-2.0'"),
        (errors.RemoteProtocolError("too many", reply=NO, line=b"x"), None),
        (errors.MessageUnusable(r"'\x1b' and " + "\x1b"), r"'\x1b' and \x1b"),
    ],
)
def test_errors(error: errors.SMTPError, text: str | None) -> None:
    assert error_text(error) == (text or r"too many: 550 5.1.1 no such\x1buser")


def test_fault_201_a_long_text_is_shortened() -> None:
    text = error_text(errors.AuthFailed("refused", reply=Reply(535, (b"x" * 25_000,))))
    assert len(text) < 500
    assert text.endswith("(25004 characters)")


def problem(
    error: errors.SMTPError | None = None,
    reply: Reply | None = None,
    command: str = "",
    outcome: Outcome | None = None,
    recipient: str | None = None,
) -> Problem:
    return Problem("x", error, reply, command, outcome, recipient)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            problem(reply=NO, command="RCPT", outcome=Outcome.REFUSED, recipient="b@y"),
            r"<b@y> refused: RCPT: 550 5.1.1 no such\x1buser",
        ),
        (
            problem(reply=NO, command="end of data", outcome=Outcome.REFUSED),
            r"refused: end of data: 550 5.1.1 no such\x1buser",
        ),
        (problem(reply=NO, outcome=Outcome.REFUSED), r"refused: 550 5.1.1 no such\x1buser"),
        (problem(errors.ConnectError("nobody there")), "nobody there"),
        (
            problem(errors.ServerClosing("closing", reply=NO), NO, "MAIL", Outcome.DEFERRED),
            r"deferred: closing: 550 5.1.1 no such\x1buser",
        ),
        (
            problem(errors.ConnectionLost("it broke"), Reply(550, (b"no",)), "MAIL"),
            "MAIL: 550 no; it broke",
        ),
        (
            problem(errors.ConnectionLost("it broke"), outcome=Outcome.UNKNOWN),
            "unknown: it broke (it may have been delivered)",
        ),
        (problem(outcome=Outcome.UNSENT), "unsent"),
    ],
)
def test_problems(found: Problem, text: str) -> None:
    assert problem_text(found) == text
