"""Asking for a password on the terminal, whatever standard input is.

The terminal shows nothing of what is typed, and is itself again however the prompt ends: by an
answer, by the signals that end a run, or by those that end or suspend the process.
"""

from __future__ import annotations

import os
import signal

from smtpwire.cli.errors import UsageError
from smtpwire.cli.firstline import first_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.run.stop import StopRequest

TERMINAL = "/dev/tty"

_LEAVING = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
"""What ends or suspends the process without a word to `StopRequest`."""


def ask(prompt: str, stop: StopRequest) -> bytes | None:
    """Read a line from the terminal without echo.

    Args:
        prompt: the question.
        stop: the end of the wait for somebody to type.

    Returns:
        The line with its end, or None when there is no terminal.

    Raises:
        Interrupted: a signal came first.
        UsageError: the input ended before anything was typed.
    """
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    try:
        line = _Prompt(terminal, prompt).answer(stop)
    finally:
        os.close(terminal)
    if not line:
        raise UsageError(TERMINAL, "the input ended before a password was given")
    return line


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
            return stop.during(lambda: first_line(self._terminal))
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
