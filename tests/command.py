"""Running the installed command `smtp` as a process, with nothing of the caller's environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.leaks import assert_nothing_leaked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMTP = Path(sys.executable).with_name("smtp")
"""The console script that was installed with the interpreter that runs the tests."""

_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
"""Of the caller's environment; and whatever coverage needs to measure a child process."""


class Completed(NamedTuple):
    """A command that has ended."""

    code: int
    """Its exit status, or minus the number of the signal that killed it."""
    stdout: str
    stderr: str


def clean_environment(home: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which only `extra` can have set anything for the command."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith("COVERAGE_")
    }
    ours = {
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",  # there is none
    }
    return {**kept, **ours, **(extra or {})}


def run_smtp(
    *args: str | bytes | Path,
    stdin: bytes = b"",
    timeout: float = 30,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    wrapper: tuple[str, ...] = (),
    secrets: Sequence[str] = (),
) -> Completed:
    """Run `smtp` with `args` to its end, and see that it shows no secret.

    Args:
        args: the command line after the command.
        stdin: what it can read.
        timeout: seconds after which it is killed and the test fails.
        env: variables on top of a clean environment.
        cwd: the directory to run it in.
        wrapper: the command that runs it, if another does.
        secrets: what must not be shown, beside the password that it is given openly.

    Returns:
        The exit status and both streams, which must be UTF-8.
    """
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        environment = clean_environment(home, env)
        done = subprocess.run(
            [*wrapper, SMTP, *args],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            env=environment,
            cwd=cwd,
            check=False,
        )
    outputs = {"standard output": done.stdout, "standard error": done.stderr}
    assert_nothing_leaked(args, environment, outputs, cwd=cwd, secrets=secrets)
    stderr = done.stderr.decode()
    assert "Traceback (most recent call last)" not in stderr, stderr
    return Completed(done.returncode, done.stdout.decode(), stderr)
