"""Ctrl-C while the command starts or ends: it is gone at once, without a word.

The instants are not a matter of luck: at every import and every piece of module code of the
command's whole life, it is forked, and the copy gets the signal there and goes on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

FORKING = """
import atexit, json, os, signal, sys

copies = []
original = os.getpid()

def instant(event, arguments):
    # Before this module is there, the interpreter and the installer's script have the word.
    begun = "smtpwire.cli.main" in sys.modules and "entry" in vars(sys.modules["smtpwire.cli.main"])
    if event not in {"import", "exec"} or not begun or os.getpid() != original:
        return
    output, said = os.pipe()
    copy = os.fork()
    if copy == 0:
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.close(output)
        os.close(said)
        os.kill(os.getpid(), signal.SIGINT)
        return
    os.close(said)
    with open(output, "rb") as stream:
        text = stream.read()
    _, status = os.waitpid(copy, 0)
    copies.append((str(arguments[0]), os.waitstatus_to_exitcode(status), ascii(text)))

def tell():
    if os.getpid() == original:
        with open(os.environ["COPIES"], "w") as file:
            json.dump(copies, file)

atexit.register(tell)
sys.addaudithook(instant)
"""

QUIET = ascii(b"")


def interrupted_everywhere(tmp_path: Path, *line: str) -> list[tuple[str, int, str]]:
    """Run a line that succeeds; each copy: where it got the signal, its code, what it said."""
    (tmp_path / "sitecustomize.py").write_text(FORKING, encoding="utf-8")
    told = tmp_path / "copies"
    done = run_smtp(
        *line,
        stdin=b"Subject: x\n\nhello\n",
        env={"PYTHONPATH": str(tmp_path), "COPIES": str(told)},
    )
    assert (done.code, done.stderr) == (0, "")
    return [(where, code, said) for where, code, said in json.loads(told.read_bytes())]


@pytest.mark.parametrize("page", ["--version", "--usage", "-h"])
def test_before_a_page(tmp_path: Path, page: str) -> None:
    copies = interrupted_everywhere(tmp_path, page)
    assert len(copies) > 10
    assert [copy for copy in copies if copy[1:] != (130, QUIET)] == []


def test_before_a_submission(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    copies = interrupted_everywhere(tmp_path, server.address, "a@x.example", "b@y.example")
    assert len(copies) > 50
    stopped = ascii(b"smtp: stopped by signal 2; recipients: 1 unsent\n")
    during = [copy for copy in copies if copy[2] == stopped]
    assert [copy for copy in copies if copy[1] != 130] == []
    assert [copy for copy in copies if copy[2] != QUIET and copy not in during] == []
