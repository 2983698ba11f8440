"""Commands that print a secret: `--password-command` and `--oauth-token-command`.

The command line goes to the shell, as those of msmtp and mutt do, and the secret is the first line
that it prints; password managers write more below it.  Its standard input is empty, for ours may be
the message; its standard error is ours, and so is the terminal, for whoever it has to ask.
"""

from __future__ import annotations

import os

from smtpwire.cli.firstline import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

    from smtpwire.run.stop import StopRequest

_MOST = 65_536
"""Octets that a command may print."""
_MOMENT = 0.5
"""Seconds that a command has to end when it is asked to."""


class CommandFailed(Exception):
    """A command did not print a secret; the text says how it failed, and nothing it printed."""


def printed_by(command: str, stop: StopRequest) -> str:
    """Run a command to its end and return the first line that it prints.

    Args:
        command: for `sh -c`.
        stop: the end of the wait; the command is ended with it.

    Raises:
        CommandFailed: it printed nothing or too much, or ended with another status than 0.
        Interrupted: a signal came first.
    """
    import subprocess

    try:
        process = subprocess.Popen(  # noqa: S602 - the user's own command line
            command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be a command"
        raise CommandFailed(f"the command cannot be run: {reason}") from None
    try:
        output = stop.during(lambda: _all_of(process))
        if len(output) > _MOST:
            raise CommandFailed(f"the command printed more than {_MOST} octets")
        status = stop.during(process.wait)
    finally:
        _end(process)
    if status:
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise CommandFailed(f"the command {how}")
    if not output:
        raise CommandFailed("the command printed nothing")
    line, end, _ = output.partition(b"\n")
    return text(line + end)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that goes on, and wait no longer than a moment for it to follow."""
    import subprocess

    if process.stdout is not None:
        process.stdout.close()
    for ask in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        try:
            ask()
            process.wait(_MOMENT)
        except PermissionError:
            return  # it has become somebody else's, by sudo(8) for one, who will not be told
        except subprocess.TimeoutExpired:
            continue


def _all_of(process: subprocess.Popen[bytes]) -> bytes:
    """Read up to the end, or one octet more than is allowed."""
    pipe = process.stdout
    output = b""
    while pipe and len(output) <= _MOST and (block := os.read(pipe.fileno(), _MOST)):
        output += block
    return output
