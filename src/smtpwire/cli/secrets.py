"""The password: where it comes from.

It comes from the first of these that is given: `-P`, `--password-file`, the variable SMTP_PASSWORD,
a prompt on the terminal.  It is had before anything is connected, so that no server waits for a
person to type and no session begins that cannot end well.  An empty password is a password.
"""

from __future__ import annotations

import os

from smtpwire.cli import values
from smtpwire.cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smtpwire.cli.parse import LoginOptions

PASSWORD_VARIABLE = "SMTP_PASSWORD"  # noqa: S105 - a name, not a secret
TERMINAL = "/dev/tty"

_LONGEST_LINE = 65_536
"""Octets of a password's line; more than any mechanism can carry."""


def find_password(
    login: LoginOptions, environ: Mapping[str, str], warn: Callable[[str, str], object]
) -> str:
    """Return the password for a login.

    Args:
        login: what the command line says.
        environ: the environment.
        warn: called with a place and a text where the password is exposed to others.

    Raises:
        UsageError: there is none to be had, or it cannot be one.
    """
    if login.password is not None:
        return login.password
    if login.password_file is not None:
        text = _from_file(login.password_file, warn)
        return values.password("--password-file", text)
    if PASSWORD_VARIABLE in environ:
        return values.password(PASSWORD_VARIABLE, environ[PASSWORD_VARIABLE])
    return values.password(TERMINAL, _ask(f"Password for {login.user}: "))


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
        raise UsageError("--password-file", f"{path!r}: {error.strerror}") from None
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


def _ask(prompt: str) -> str:
    """Read a line from the terminal without echo, whatever standard input is."""
    import termios

    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise UsageError(
            "-U",
            f"no password: give --password-file, {PASSWORD_VARIABLE} or -P,"
            " or start this on a terminal",
        ) from None
    try:
        before = termios.tcgetattr(terminal)
        silent = before.copy()
        silent[3] &= ~termios.ECHO  # the local modes, as termios(3) calls them
        try:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
            os.write(terminal, prompt.encode("utf-8", "backslashreplace"))
            line = _line(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            os.write(terminal, b"\n")
    finally:
        os.close(terminal)
    if not line:
        raise UsageError(TERMINAL, "the input ended before a password was given")
    return _text(line)
