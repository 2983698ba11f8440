"""The password: where it comes from.

It comes from the first of these that is given: `-P`, `--password-file`, the variable SMTP_PASSWORD,
a prompt on the terminal.  It is had before anything is connected, so that no server waits for a
person to type and no session begins that cannot end well.  An empty password is a password.

The terminal shows nothing of what is typed, and is itself again however the prompt ends: by an
answer, by the signals that end a run, or by those that end or suspend the process.
"""

from __future__ import annotations

import os
import signal

from smtpwire.cli import values
from smtpwire.cli.errors import UsageError
from smtpwire.cli.escape import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smtpwire.cli.parse import LoginOptions
    from smtpwire.run.stop import StopRequest

PASSWORD_VARIABLE = "SMTP_PASSWORD"  # noqa: S105 - a name, not a secret
TERMINAL = "/dev/tty"

_LEAVING = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
"""What ends or suspends the process without a word to `StopRequest`."""

_LONGEST_LINE = 65_536
"""Octets of a password's line; more than any mechanism can carry."""


def find_password(
    login: LoginOptions,
    environ: Mapping[str, str],
    warn: Callable[[str, str], object],
    stop: StopRequest,
) -> str:
    """Return the password for a login.

    Args:
        login: what the command line says.
        environ: the environment.
        warn: called with a place and a text where the password is exposed to others.
        stop: the end of the wait for somebody to type, or to write to a pipe.

    Raises:
        Interrupted: a signal came first.
        UsageError: there is none to be had, or it cannot be one.
    """
    if login.password is not None:
        return login.password
    if login.password_file is not None:
        file = login.password_file
        text = stop.during(lambda: _from_file(file, warn))
        return values.password("--password-file", text)
    if PASSWORD_VARIABLE in environ:
        return values.password(PASSWORD_VARIABLE, environ[PASSWORD_VARIABLE])
    return values.password(TERMINAL, _ask(f"Password for {login.user}: ", stop))


def _from_file(path: str, warn: Callable[[str, str], object]) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if os.fstat(descriptor).st_mode & 0o044:
                warn(path, "others can read this password file; chmod 600 keeps them out")
            line = _line(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError("--password-file", f"{quoted(path)}: {error.strerror}") from None
    return _text(line)


def _line(descriptor: int) -> bytes:
    """Read the first line, its end included if it has one; what follows it is lost."""
    data = b""
    while b"\n" not in data and len(data) < _LONGEST_LINE:
        block = os.read(descriptor, _LONGEST_LINE)
        if not block:
            break
        data += block
    line, end, _ = data.partition(b"\n")
    return line + end


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _ask(prompt: str, stop: StopRequest) -> str:
    """Read a line from the terminal without echo, whatever standard input is."""
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise UsageError(
            "-U",
            f"no password: give --password-file, {PASSWORD_VARIABLE} or -P,"
            " or start this on a terminal",
        ) from None
    try:
        line = _Prompt(terminal, prompt).answer(stop)
    finally:
        os.close(terminal)
    if not line:
        raise UsageError(TERMINAL, "the input ended before a password was given")
    return _text(line)


class _Prompt:
    """A question on a terminal, whose answer is not shown."""

    def __init__(self, terminal: int, text: str) -> None:
        import termios

        self._terminal = terminal
        self._text = text.encode("utf-8", "backslashreplace")
        self._before = termios.tcgetattr(terminal)

    def answer(self, stop: StopRequest) -> bytes:
        """Return the line typed, or nothing at the end of the input.

        Raises:
            Interrupted: a signal came first.
        """
        # One that is ignored, as SIGHUP is under nohup(1), stays so.
        taken = [number for number in _LEAVING if signal.getsignal(number) is signal.SIG_DFL]
        try:
            for number in taken:
                signal.signal(number, self._leave)
            self._show()
            return stop.during(lambda: _line(self._terminal))
        finally:
            self._restore()
            for number in taken:
                signal.signal(number, signal.SIG_DFL)

    def _show(self) -> None:
        import termios

        silent = self._before.copy()
        silent[3] &= ~termios.ECHO  # the local modes, as termios(3) calls them
        termios.tcsetattr(self._terminal, termios.TCSAFLUSH, silent)
        os.write(self._terminal, self._text)

    def _restore(self) -> None:
        import termios

        try:
            termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._before)
            os.write(self._terminal, b"\n")
        except (termios.error, OSError):
            return  # it hung up: there is nothing left to restore

    def _leave(self, number: int, _frame: object) -> None:
        """Do what the signal does by itself, with the terminal as it was."""
        self._restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # Only a process that was suspended comes here, once it goes on.
        signal.signal(number, self._leave)
        self._show()
