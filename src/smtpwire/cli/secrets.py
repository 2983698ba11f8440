"""The password: where it comes from.

It comes from the first of these that is given or has it: `-P`, `--password-file` or
`--password-command`, the variable SMTP_PASSWORD, the machine's netrc, the keyring, a prompt on the
terminal.  It is had before anything is connected, so that no server waits for a person to type and
no session begins that cannot end well.  An empty password is a password.

An access token is another matter: it expires, so it is asked for when it is needed.
"""

from __future__ import annotations

import os

from smtpwire.cli import values
from smtpwire.cli.errors import UsageError
from smtpwire.cli.escape import quoted
from smtpwire.cli.firstline import first_line, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from smtpwire.cli.parse import LoginOptions
    from smtpwire.run.stop import StopRequest

PASSWORD_VARIABLE = "SMTP_PASSWORD"  # noqa: S105 - a name, not a secret


def find_password(
    login: LoginOptions,
    hosts: Collection[str],
    environ: Mapping[str, str],
    warn: Callable[[str, str], object],
    stop: StopRequest,
) -> str:
    """Return the password for a login.

    Args:
        login: what the command line says.
        hosts: the servers that will be given it.
        environ: the environment.
        warn: called with a place and a text where the password is exposed to others, or where it
            could be and cannot be read.
        stop: the end of the wait for somebody to type, for a command, a pipe, or a keyring.

    Raises:
        Interrupted: a signal came first.
        CommandError: there is none to be had, it cannot be one, or others could have read it.
    """
    if login.password is not None:
        return login.password
    if login.password_file is not None:
        file = login.password_file
        found = stop.during(lambda: _from_file(file, warn))
        return values.password("--password-file", found)
    if login.password_command is not None:
        return values.password("--password-command", _from_command(login.password_command, stop))
    if PASSWORD_VARIABLE in environ:
        return values.password(PASSWORD_VARIABLE, environ[PASSWORD_VARIABLE])
    # A file may be a pipe, and a keyring waits for whoever is to unlock it.
    kept = stop.during(lambda: _kept(login.user, hosts, environ, warn))
    if (error := stop.error()) is not None:
        raise error  # a backend of the keyring may have taken it for an error of its own
    return _asked(login.user, stop) if kept is None else kept


def _kept(
    user: str,
    hosts: Collection[str],
    environ: Mapping[str, str],
    warn: Callable[[str, str], object],
) -> str | None:
    """Return what is kept for this user on these hosts."""
    from smtpwire.cli.netrc import netrc_password

    found = netrc_password(user, hosts, environ, warn)
    if found is not None:
        return values.password("netrc", found)
    from smtpwire.cli.keyring import keyring_password

    found = keyring_password(user, hosts, warn)
    return None if found is None else values.password("keyring", found)


def _asked(user: str, stop: StopRequest) -> str:
    from smtpwire.cli.prompt import TERMINAL, ask

    line = ask(f"Password for {user}: ", stop)
    if line is None:
        raise UsageError(
            "-U",
            f"no password: give --password-file, --password-command, {PASSWORD_VARIABLE} or -P,"
            " or start this on a terminal",
        )
    return values.password(TERMINAL, text(line))


def _from_file(path: str, warn: Callable[[str, str], object]) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if os.fstat(descriptor).st_mode & 0o044:
                warn(path, "others can read this password file; chmod 600 keeps them out")
            line = first_line(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError("--password-file", f"{quoted(path)}: {error.strerror}") from None
    return text(line)


def _from_command(command: str, stop: StopRequest) -> str:
    from smtpwire.cli.secretcommand import CommandFailed, printed_by

    try:
        return printed_by(command, stop)
    except CommandFailed as error:
        raise UsageError("--password-command", str(error)) from None
