"""Where a password stands in the list of arguments; that it goes from there is black-box tested."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli import argv as module
from smtpwire.cli.argv import hide

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import sys
from smtpwire.cli.argv import hide
from smtpwire.cli.arguments import scan
argv = sys.argv[1:]
hide(argv, scan(argv).places["password"])
sys.stdout.buffer.write(open("/proc/self/cmdline", "rb").read())
"""


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("-U me -P geheim srv", "-U me -P x srv"),
        ("-Pgeheim -v", "-Px -v"),
        ("-vPgeheim", "-vPx"),
        ("--password geheim", "--password x"),
        ("--password=geheim", "--password=x"),
        ("-P geheim -P nochmal -p 25", "-P x -P x -p 25"),
        ("-P é€ srvé", "-P x srvé"),
        ("-Hä -Pgeheim", "-Hä -Px"),
        ("-P g", "-P x"),
    ],
)
def test_a_password_leaves_the_list_of_arguments(given: str, shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *given.split()], capture_output=True, check=True
    )
    words = [word for word in done.stdout.decode().split("\0") if word]
    assert words[3:] == shown.split()


def test_an_empty_password_is_nothing_to_hide() -> None:
    command = [sys.executable, "-c", PROGRAM, "-P", "", "srv"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.endswith(b"\0-P\0\0srv\0")


def test_where_the_list_is_not_ours_nothing_is_done() -> None:
    before = module._arguments()
    hide(["-P", "geheim"], [(1, 0)])
    assert module._arguments() == before


def test_where_the_system_does_not_let_us_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> tuple[int, bytes]:
        raise PermissionError

    monkeypatch.setattr(module, "_arguments", refuse)
    hide(["-P", "geheim"], [(1, 0)])


def test_nor_where_the_memory_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_arguments", lambda: (0, b"-P\0geheim\0"))
    hide(["-P", "geheim"], [(1, 0)])  # nothing is ever mapped at 0
