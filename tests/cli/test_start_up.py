"""Start-up is lean: what a plain submission, and a page, must not have imported."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command import clean_environment
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

HEAVY = {
    "argparse",
    "asyncio",
    "contextlib",
    "dataclasses",
    "email",
    "idna",
    "importlib.metadata",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "rich",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "typing",
}
"""Each costs more than a submission over loopback should wait for."""

NOT_FOR_A_PAGE = {"smtpwire.cli.app", "smtpwire.client", "smtpwire.core.address", "smtpwire.run"}

PROGRAM = """
import sys
before = set(sys.modules)
from smtpwire.cli.command import run
code = run(sys.argv[1:], {})
sys.stderr.write(" ".join(set(sys.modules) - before))
sys.exit(code)
"""


def imported(home: Path, *line: str) -> set[str]:
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-E",
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}{PROGRAM}",
            *line,
        ],
        input=b"Subject: x\n\nhello\n",
        capture_output=True,
        env=clean_environment(str(home)),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.decode().split())


@pytest.mark.parametrize("options", [(), ("-v",), ("-t",)])
def test_a_plain_submission(start: Start, tmp_path: Path, options: tuple[str, ...]) -> None:
    server = start(ModelServer())
    modules = imported(tmp_path, *options, server.address, "a@x.example", "b@y.example")
    assert "smtpwire.run.runner" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("option", ["-h", "--usage", "--version"])
def test_a_page(tmp_path: Path, option: str) -> None:
    assert not imported(tmp_path, option) & (HEAVY | NOT_FOR_A_PAGE)
