"""Everything that one run shows: which of the writers exist, and what they could not write.

Standard error always gets problems and warnings; the trace, the lines of `-v`, the JSON records
and the progress bar are there when they are asked for.
"""

from __future__ import annotations

import os
import time

from smtpwire.cli.audience import Audience
from smtpwire.cli.errors import NO_NAME, CommandError, line, problem_text, warning_text
from smtpwire.cli.escape import quoted
from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.parse import STDIN
from smtpwire.cli.streams import STDERR, STDOUT, LineWriter, standard_error, standard_output
from smtpwire.client import TLSMode
from smtpwire.run.nosession import starttls_not_had
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.cli.masking import Mask
    from smtpwire.cli.parse import CliOptions
    from smtpwire.cli.progress import ProgressBar
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import Problem
    from smtpwire.run.stop import StopRequest


class ErrorLines(Observer):
    """Problems and warnings, a line each."""

    def __init__(self, outputs: Outputs, *, tls_implied: bool) -> None:
        """Write to the standard error of `outputs`.

        Args:
            outputs: where to write.
            tls_implied: TLS is required because of `-V` alone, which is worth a word.
        """
        self._outputs = outputs
        self._tls_implied = tls_implied

    def problem(self, problem: Problem) -> None:
        """Tell of a problem."""
        text = problem_text(problem)
        if self._tls_implied and starttls_not_had(problem.error):
            text += " (-V implies -M)"
        self._outputs.say(line(problem.where or NO_NAME, text))

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Tell of a warning."""
        self._outputs.warn(where, text, error)


class Outputs:
    """The writers of one run.

    Attributes:
        code: what the outputs alone would end the run with.
    """

    def __init__(self, options: CliOptions, stop: StopRequest) -> None:
        """Open what the options ask for.

        Args:
            options: the command line.
            stop: the end of all patience with readers that do not read.

        Raises:
            CommandError: the file of `--json` cannot be opened; nothing has been sent then.
        """
        self.code = ExitCode.OK
        self._options = options
        self._during = stop.during
        self._stdout = standard_output(self._stdout_failed, self._during)
        self._stderr = standard_error(self._during)
        self._json_descriptor = open_records(options.json) if options.json else None
        self._bar: ProgressBar | None = None

    def observer(self, mask: Mask | None) -> Observer:
        """Return who is to watch the run.

        Args:
            mask: what must not be shown, when there is a login.
        """
        options = self._options
        members: list[Observer] = [ErrorLines(self, tls_implied=_tls_is_implied(options))]
        if "verbose" in options.flags:
            from smtpwire.cli.report import Report

            wanted = options.tls.mode is not TLSMode.NONE
            members.append(Report(self._print, tls_wanted=wanted))
        if self._json_descriptor is not None:
            members.append(self._json_log(self._json_descriptor))
        if self._bar_is_of_use():
            members += self._progress_bar()
        trace = self._trace()
        if mask is None:
            return _together([*trace, *members])
        from smtpwire.cli.masking import MaskingObserver

        if options.trace and options.trace.auth:
            return Audience([*trace, MaskingObserver(_together(members), mask)])
        return MaskingObserver(_together([*trace, *members]), mask)

    def say(self, *lines: str) -> None:
        """Write lines to standard error, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(*lines)
        else:
            self._stderr.write(*lines)

    def _print(self, *lines: str) -> None:
        """Write lines to standard output, above the bar where that is a terminal too."""
        if self._bar is not None and os.isatty(STDOUT):
            self._bar.aside(self._stdout.write, *lines)
        else:
            self._stdout.write(*lines)

    def warn(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Write a warning to standard error."""
        self.say(line(where, f"warning: {warning_text(text, error)}"))

    def close(self) -> None:
        """Take the bar away and close what was opened."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._json_descriptor is not None and self._json_descriptor != STDOUT:
            os.close(self._json_descriptor)
        self._json_descriptor = None

    def _stdout_failed(self, error: OSError) -> None:
        self._lost("standard output", error, ExitCode.IOERR)

    def _lost(self, where: str, error: OSError, code: ExitCode) -> None:
        self.code = self.code or code
        self.say(line(where, f"{error.strerror}; nothing more is written there"))

    def _trace(self) -> list[Observer]:
        if self._options.trace is None:
            return []
        from smtpwire.cli.trace import Trace

        shown = self._options.trace
        clock = time.monotonic if shown.time else None
        return [Trace(self._print, body=shown.body, clock=clock)]

    def _json_log(self, descriptor: int) -> Observer:
        from smtpwire.cli.jsonlog import JsonLog

        if descriptor == STDOUT:
            return JsonLog(self._print, time.time)
        name = self._options.json or ""
        writer = LineWriter(
            descriptor,
            failed=lambda error: self._lost(name, error, ExitCode.CANTCREAT),
            during=self._during,
        )
        return JsonLog(writer.write, time.time)

    def _bar_is_of_use(self) -> bool:
        options = self._options
        if options.progress is False or not os.isatty(STDERR):
            return False
        several = (
            max(1, len(options.messages)) * options.repeat > 1 or options.files_from is not None
        )
        quiet = options.trace is None and "verbose" not in options.flags
        return bool(options.progress) or (several and quiet)

    def _progress_bar(self) -> list[Observer]:
        from smtpwire.cli.progress import ProgressBar

        messages = max(1, len(self._options.messages)) * self._options.repeat
        total = None if self._options.files_from else messages
        try:
            self._bar = ProgressBar(total, time.monotonic)
        except ImportError:
            if self._options.progress:
                self.warn("--progress", "needs the package rich, which is not installed")
            return []
        return [self._bar]


def _tls_is_implied(options: CliOptions) -> bool:
    said = {"require-tls", "require-tls-onward", "tls"}
    return "verify" in options.flags and options.flags.isdisjoint(said)


def _together(members: list[Observer]) -> Observer:
    return members[0] if len(members) == 1 else Audience(members)


def open_records(path: str) -> int:
    """Open the file of `--json`, or standard output for "-".

    Raises:
        CommandError: it cannot be opened.
    """
    if path == STDIN:
        return STDOUT
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        text = f"{quoted(path)} cannot be written: {error.strerror}"
        raise CommandError("--json", text, ExitCode.CANTCREAT) from None
