"""Running the command on a terminal of its own, which is not its standard input."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import tempfile
import termios
from typing import TYPE_CHECKING, NamedTuple

from tests.command import SMTP, clean_environment
from tests.leaks import assert_nothing_leaked

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping


class OnTerminal(NamedTuple):
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str
    screen: str
    """What the terminal showed, its echo included."""
    echo: bool
    """The terminal shows again what is typed."""


def run_on_terminal(
    *args: str,
    stdin: bytes,
    prompt: bytes = b"",
    typed: bytes = b"",
    number: signal.Signals | None = None,
    again: bytes = b"",
    stdout_too: bool = False,
    stderr_too: bool = False,
    env: Mapping[str, str] | None = None,
) -> OnTerminal:
    """Run `smtp` with a controlling terminal, typing `typed` once `prompt` has been shown.

    Args:
        args: the command line after the command.
        stdin: what it can read from standard input, which is a pipe.
        prompt: what to wait for on the terminal.
        typed: what to type then.
        number: the signal to send then, before anything is typed.
        again: what to wait for on the terminal after it.
        stdout_too: whether standard output is the terminal.
        stderr_too: whether standard error is.
        env: variables on top of a clean environment.
    """
    ours, theirs = pty.openpty()
    try:
        with tempfile.TemporaryDirectory(prefix="home-") as home:
            environment = clean_environment(home, env)
            smtp = subprocess.Popen(
                [SMTP, *args],
                stdin=subprocess.PIPE,
                stdout=theirs if stdout_too else subprocess.PIPE,
                stderr=theirs if stderr_too else subprocess.PIPE,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
                pass_fds=(theirs,),
            )
            try:
                os.close(theirs)
                screen = _until(ours, prompt) if prompt else b""
                if number is not None:
                    smtp.send_signal(number)
                screen += _until(ours, again) if again else b""
                os.write(ours, typed)
                stdout, stderr = smtp.communicate(stdin, timeout=30)
            finally:
                smtp.kill()
                smtp.wait()
        echo = bool(termios.tcgetattr(ours)[3] & termios.ECHO)
        screen += _until(ours, None)
    finally:
        os.close(ours)
    stdout, stderr = stdout or b"", stderr or b""
    outputs = {"standard output": stdout, "standard error": stderr, "the screen": screen}
    answer = typed.decode(errors="ignore").split("\n")[0]
    assert_nothing_leaked(args, environment, outputs, secrets=[answer])
    return OnTerminal(smtp.returncode, stdout.decode(), stderr.decode(), screen.decode(), echo)


def _until(terminal: int, wanted: bytes | None) -> bytes:
    """Read what the terminal shows up to `wanted`, or all that there is."""
    shown = b""
    while wanted is None or wanted not in shown:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # EIO: nobody has it open any more
            break
        if not block:
            break
        shown += block
    assert wanted is None or wanted in shown, shown
    return shown
