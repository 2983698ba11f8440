"""What is said, and returned, when the command ends by an exception."""

from __future__ import annotations

from smtpwire.cli.errors import CommandError, error_text, line
from smtpwire.cli.escape import sentence
from smtpwire.cli.exitcode import ExitCode, error_code
from smtpwire.cli.streams import standard_error
from smtpwire.errors import MessageError, SMTPError


def failed(error: Exception, *, debug: bool) -> int:
    """Write one line to standard error and return the exit code.

    Args:
        error: what ended the command.
        debug: show the traceback of a defect, too.
    """
    if isinstance(error, CommandError):
        code, text = error.code, line(error.where, sentence(str(error)))
    elif isinstance(error, SMTPError):
        where = error.where if isinstance(error, MessageError) else ""
        code, text = error_code(error), line(where, error_text(error))
    else:
        code, text = ExitCode.SOFTWARE, line("", _defect(error))
        if debug:
            import traceback

            traceback.print_exception(error)
    standard_error().write(text)
    return code


def _defect(error: Exception) -> str:
    """Return the line for what should not have happened."""
    what = sentence(f"{type(error).__name__}: {error}")
    return f"a defect of this program: {what} (SMTPWIRE_DEBUG=1 shows where)"
