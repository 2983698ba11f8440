"""The table of exit codes."""

from __future__ import annotations

import signal

import pytest

from smtpwire import errors
from smtpwire.cli.exitcode import ExitCode, code_of, error_code, exit_code
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Problem, RunReport

NO = Reply(550, (b"5.7.1 no",))
NOT_NOW = Reply(451, (b"4.7.1 later",))
CLOSING = Reply(421, (b"bye",))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConnectError("x"), 75),
        (errors.HostNotFound("x"), 68),
        (errors.NoMailService("x"), 69),
        (errors.ConnectionLost("x"), 75),
        (errors.TimedOut("x", wait="GREETING"), 75),
        (errors.Interrupted("x"), 75),
        (errors.ServerClosing("x", reply=CLOSING), 75),
        (errors.ServerClosing("x", reply=NO), 75),
        (errors.GreetingRefused("x", reply=NO), 69),
        (errors.GreetingRefused("x", reply=NOT_NOW), 75),
        (errors.HelloRefused("x", ehlo=NO), 69),
        (errors.HelloRefused("x", ehlo=NO, helo=NOT_NOW), 75),
        (errors.StartTLSRefused("x", reply=NO), 69),
        (errors.StartTLSRefused("x", reply=NOT_NOW), 75),
        (errors.TLSError("x"), 75),
        (errors.CertificateError("x"), 77),
        (errors.MissingExtension("x", name="STARTTLS"), 69),
        (errors.AuthFailed("x"), 77),
        (errors.AuthFailed("x", reply=NO), 77),
        (errors.AuthFailed("x", reply=NOT_NOW), 75),
        (errors.LocalProtocolError("x"), 70),
        (errors.RemoteProtocolError("x"), 76),
        (errors.RemoteProtocolError("x", reply=NOT_NOW), 76),
        (errors.MessageNotFound("x"), 66),
        (errors.MessageUnreadable("x"), 74),
        (errors.MessageUnusable("x"), 65),
        (errors.MessageTooLarge("x"), 65),
        (errors.InvalidAddress("x"), 65),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors(error: errors.SMTPError, code: int) -> None:
    assert error_code(error) == code


def test_every_error_of_the_package_has_a_code() -> None:
    def tree(kind: type[errors.SMTPError]) -> list[type[errors.SMTPError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]

    for kind in tree(errors.SMTPError):
        error = kind.__new__(kind)
        error.reply = None
        assert error_code(error) in set(ExitCode) - {ExitCode.OK}


def problem(
    reply: Reply | None = None,
    command: str = "",
    outcome: Outcome | None = None,
    error: errors.SMTPError | None = None,
) -> Problem:
    return Problem("x", error, reply, command, outcome, None)


@pytest.mark.parametrize(
    ("reply", "command", "code"),
    [
        (550, "MAIL", 65),
        (530, "MAIL", 77),
        (421, "MAIL", 75),
        (450, "MAIL", 75),
        (550, "RCPT", 67),
        (530, "RCPT", 67),
        (452, "RCPT", 75),
        (554, "DATA", 65),
        (451, "DATA", 75),
        (554, "BDAT", 65),
        (554, "end of data", 65),
        (451, "end of data", 75),
    ],
)
def test_replies(reply: int, command: str, code: int) -> None:
    outcome = Outcome.REFUSED if reply >= 500 else Outcome.DEFERRED
    assert code_of(problem(Reply(reply, (b"x",)), command, outcome)) == code


def test_fault_105_a_refusal_counts_though_the_connection_broke_behind_it() -> None:
    lost = errors.ConnectionLost("x")
    assert code_of(problem(NO, "MAIL", Outcome.REFUSED, lost)) == 65


def test_fault_112_what_is_deferred_is_worth_trying_again_whatever_the_reply() -> None:
    too_many = Reply(552, (b"too many recipients",))
    assert code_of(problem(too_many, "RCPT", Outcome.DEFERRED)) == 75


def test_an_answer_that_is_no_refusal_leaves_the_error_to_decide() -> None:
    desync = errors.RemoteProtocolError("x")
    assert code_of(problem(Reply(250, (b"ok",)), "RCPT", Outcome.DEFERRED, desync)) == 76


def test_unknown_is_unknown_whatever_broke() -> None:
    lost = errors.ConnectionLost("x")
    assert code_of(problem(outcome=Outcome.UNKNOWN, error=lost)) == 79


def test_what_has_no_cause_of_its_own_has_no_code() -> None:
    assert code_of(problem(outcome=Outcome.UNSENT)) == 0


def report(
    *problems: Problem, outcomes: dict[Outcome, int] | None = None, signal: int | None = None
) -> RunReport:
    return RunReport(1, outcomes or {}, problems, signal)


AGAIN = problem(NOT_NOW, "MAIL", Outcome.DEFERRED)
DOUBT = problem(outcome=Outcome.UNKNOWN)
REFUSED = problem(NO, "MAIL", Outcome.REFUSED)
NO_USER = problem(NO, "RCPT", Outcome.REFUSED)


@pytest.mark.parametrize(
    ("problems", "code"),
    [
        ((), 0),
        ((REFUSED, NO_USER), 65),
        ((NO_USER, REFUSED), 67),
        ((REFUSED, DOUBT), 79),
        ((DOUBT, REFUSED), 79),
        ((REFUSED, DOUBT, AGAIN), 75),
        ((AGAIN, DOUBT, REFUSED), 75),
    ],
)
def test_several_kinds_in_one_run(problems: tuple[Problem, ...], code: int) -> None:
    assert exit_code(report(*problems)) == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_wins_over_all(number: int) -> None:
    assert exit_code(report(AGAIN, DOUBT, signal=number)) == 128 + number


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({Outcome.ACCEPTED: 3, Outcome.REFUSED: 0}, 0),
        ({Outcome.ACCEPTED: 1, Outcome.UNSENT: 1}, 75),
        ({Outcome.UNKNOWN: 1, Outcome.UNSENT: 1}, 79),
    ],
)
def test_no_recipient_is_forgotten_when_no_problem_tells_of_it(
    outcomes: dict[Outcome, int], code: int
) -> None:
    assert exit_code(report(outcomes=outcomes)) == code


def test_output_that_could_not_be_written_counts_when_all_else_was_well() -> None:
    assert exit_code(report(), output=ExitCode.IOERR) == 74
    assert exit_code(report(NO_USER), output=ExitCode.IOERR) == 67
