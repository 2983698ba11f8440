"""The exit code of a run, as a table.

The codes are those of sysexits.h, with three more: 79 for a run of which neither success nor
failure can be promised, and 130 and 143, which a shell shows for SIGINT and SIGTERM.

Each problem has a code of its own.  Of several, what is worth trying again comes before what may
have been delivered, and that before the first permanent one met; a signal wins over all.
"""

from __future__ import annotations

from enum import IntEnum

from smtpwire import errors
from smtpwire.core.transaction import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from smtpwire.core.reply import Reply
    from smtpwire.run.report import Problem, RunReport


class ExitCode(IntEnum):
    """What the command can end with."""

    OK = 0
    """Every recipient of every message was accepted."""
    USAGE = 64
    """The command line."""
    DATAERR = 65
    """A message refused for its content or sender, or unusable."""
    NOINPUT = 66
    """A message that cannot be opened."""
    NOUSER = 67
    """A recipient refused for good."""
    NOHOST = 68
    """The server's name does not exist."""
    UNAVAILABLE = 69
    """The server will not serve."""
    SOFTWARE = 70
    """A defect of this program."""
    CANTCREAT = 73
    """A file of output that cannot be written."""
    IOERR = 74
    """Standard output that cannot be written, or a message that could not be read to its end."""
    TEMPFAIL = 75
    """Worth trying again."""
    PROTOCOL = 76
    """What came was not SMTP."""
    NOPERM = 77
    """No login, or a certificate that was not accepted."""
    CONFIG = 78
    """A file of the user's own that must not be used as it is."""
    UNKNOWN = 79
    """Some message may or may not have been delivered, and nothing is worth trying again."""
    SIGINT = 130
    SIGTERM = 143


BY_ERROR: dict[type[errors.SMTPError], ExitCode] = {
    errors.SMTPError: ExitCode.TEMPFAIL,
    errors.HostNotFound: ExitCode.NOHOST,
    errors.NoMailService: ExitCode.UNAVAILABLE,
    errors.GreetingRefused: ExitCode.UNAVAILABLE,
    errors.HelloRefused: ExitCode.UNAVAILABLE,
    errors.StartTLSRefused: ExitCode.UNAVAILABLE,
    errors.CertificateError: ExitCode.NOPERM,
    errors.MissingExtension: ExitCode.UNAVAILABLE,
    errors.AuthFailed: ExitCode.NOPERM,
    errors.LocalProtocolError: ExitCode.SOFTWARE,
    errors.RemoteProtocolError: ExitCode.PROTOCOL,
    errors.MessageError: ExitCode.DATAERR,
    errors.MessageNotFound: ExitCode.NOINPUT,
    errors.MessageUnreadable: ExitCode.IOERR,
    errors.InvalidAddress: ExitCode.DATAERR,
    errors.JournalError: ExitCode.CANTCREAT,
    errors.JournalBusy: ExitCode.TEMPFAIL,
}
"""By the nearest class; what is not here breaks for now, not for good: a connection refused, lost
or timed out, a 421, a handshake that broke."""

BY_COMMAND: dict[str, ExitCode] = {"RCPT": ExitCode.NOUSER}
"""For a 5yz reply, by the command that it answers; every other one is about content or sender."""

AUTHENTICATION_REQUIRED = 530
"""RFC 4954 section 6: the server wants a login before this command."""


def exit_code(report: RunReport, *, output: ExitCode = ExitCode.OK) -> int:
    """Return the code for a whole run.

    Args:
        report: what the run came to.
        output: the code for output that could not be written; it counts when all else was well.
    """
    if report.signal is not None:
        return 128 + report.signal
    codes = [code_of(problem) for problem in report.problems]
    return _first(codes) or _left_over(report.outcomes) or output


def code_of(problem: Problem) -> ExitCode:
    """Return the code that one problem stands for; OK when it has no cause of its own.

    A refusal of a message is what counts, also where the connection broke right behind it.
    """
    if problem.outcome is Outcome.UNKNOWN:
        return ExitCode.UNKNOWN
    refused = problem.reply is not None and problem.reply.refusal and bool(problem.command)
    if problem.reply is not None and (refused or problem.error is None):
        if problem.outcome is Outcome.DEFERRED:
            return ExitCode.TEMPFAIL  # also by a 552 that means 452 (RFC 5321 section 4.5.3.1.10)
        return _reply_code(problem.reply, problem.command)
    return ExitCode.OK if problem.error is None else error_code(problem.error)


def error_code(error: errors.SMTPError) -> ExitCode:
    """Return the code for an error, whatever it ended.

    A 4yz reply behind it means "not now" whatever the class, but for replies that no longer match.
    """
    code = next(BY_ERROR[kind] for kind in type(error).__mro__ if kind in BY_ERROR)
    refused_for_now = error.reply is not None and error.reply.transient
    if refused_for_now and not isinstance(error, errors.ProtocolError):
        return ExitCode.TEMPFAIL
    return code


def _reply_code(reply: Reply, command: str) -> ExitCode:
    if not reply.permanent:
        return ExitCode.TEMPFAIL
    if reply.code == AUTHENTICATION_REQUIRED and command == "MAIL":
        return ExitCode.NOPERM
    return BY_COMMAND.get(command, ExitCode.DATAERR)


def _first(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one of several codes that the run ends with."""
    permanent = ExitCode.OK
    unknown = False
    for code in codes:
        if code is ExitCode.TEMPFAIL:
            return code
        unknown = unknown or code is ExitCode.UNKNOWN
        permanent = permanent or code
    return ExitCode.UNKNOWN if unknown else permanent


def _left_over(outcomes: dict[Outcome, int]) -> ExitCode:
    """Return the code for recipients that were not accepted when no problem says why."""
    if all(outcome is Outcome.ACCEPTED for outcome, count in outcomes.items() if count):
        return ExitCode.OK
    return ExitCode.UNKNOWN if outcomes.get(Outcome.UNKNOWN) else ExitCode.TEMPFAIL
