"""What goes to standard error: one line for each thing that went wrong, `smtp: WHERE: what`.

Nothing here prints.  A server's reply is shown with its own code and text, escaped and shortened.
"""

from __future__ import annotations

from smtpwire.cli.escape import octets, printable, reply_line, sentence, shorten
from smtpwire.cli.exitcode import ExitCode
from smtpwire.core.transaction import Outcome
from smtpwire.errors import HelloRefused, RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import Problem

PROGRAM = "smtp"
"""What the program calls itself, however it was started."""

NO_NAME = "''"
"""How an empty name is shown."""
TEXT_LIMIT = 400
"""Characters of a server's text in one line of error; `-t` shows all of it."""


class CommandError(Exception):
    """The command ends here, with this line and this code.

    Attributes:
        where: the option, argument or file it is about, as the user would type it; "" for none.
        code: the exit code.
    """

    def __init__(self, where: str, text: str, code: ExitCode) -> None:
        super().__init__(text)
        self.where = where
        self.code = code


class UsageError(CommandError):
    """The command line cannot be used as it stands."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__(where, text, ExitCode.USAGE)


def line(where: str, text: str) -> str:
    """Return a line of standard error.

    Args:
        where: an option, a message's name or HOST:PORT, unescaped; "" for none.
        text: what there is to say, already escaped.
    """
    return f"{PROGRAM}: {printable(where)}: {text}" if where else f"{PROGRAM}: {text}"


def problem_text(problem: Problem) -> str:
    """Return what went wrong, escaped: who is affected, how it ended, and why."""
    who = "" if problem.recipient is None else f"<{printable(problem.recipient)}>"
    how = "" if problem.outcome is None else problem.outcome.value
    whole = ": ".join(filter(None, (f"{who} {how}".strip(), _cause(problem))))
    if problem.outcome is Outcome.UNKNOWN:
        whole += " (it may have been delivered)"
    return whole


def _cause(problem: Problem) -> str:
    """Return the answer behind a problem, or what broke, or both where they are two things."""
    error = None if problem.error is None else error_text(problem.error)
    if problem.reply is None or (problem.error is not None and problem.error.reply is not None):
        return error or ""
    answer = shorten(reply_line(problem.reply), TEXT_LIMIT)
    if problem.command:
        answer = f"{problem.command}: {answer}"
    return f"{answer}; {error}" if error else answer


def warning_text(text: str, error: SMTPError | None) -> str:
    """Return a warning in one line, escaped, behind the error that it follows from."""
    return sentence(text) if error is None else f"{error_text(error)}; {sentence(text)}"


def error_text(error: SMTPError) -> str:
    """Return an error in one line, escaped, with the server's words where it has some."""
    parts = [sentence(str(error))]
    if isinstance(error, HelloRefused):
        said = f"EHLO: {shorten(reply_line(error.ehlo), TEXT_LIMIT)}"
        if error.helo is not None:
            said += f"; HELO: {shorten(reply_line(error.helo), TEXT_LIMIT)}"
        parts.append(said)
    elif error.reply is not None:
        parts.append(shorten(reply_line(error.reply), TEXT_LIMIT))
    elif isinstance(error, RemoteProtocolError) and error.line is not None:
        parts.append(f"'{shorten(octets(error.line), TEXT_LIMIT)}'")
    return ": ".join(parts)
