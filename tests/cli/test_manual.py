"""The manual page: well formed, fresh as text, and about exactly the options that there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.jsonlog import (
    connection_record,
    journal_record,
    message_record,
    problem_record,
    recipient_record,
)
from smtpwire.cli.options import OPTIONS
from smtpwire.run.report import Problem
from tests.command import run_smtp
from tests.unit.cli.results import CONNECTION, SENT

PROJECT = Path(__file__).parent.parent.parent
PAGE = PROJECT / "src/smtpwire/cli/smtp.1"
SOURCE = PAGE.read_text(encoding="utf-8")

needs_mandoc = pytest.mark.skipif(
    shutil.which("mandoc") is None and "CI" not in os.environ, reason="mandoc is not installed"
)


def section(name: str) -> str:
    """Return the source of one section."""
    return SOURCE.split(f".Sh {name}\n")[1].split("\n.Sh ")[0]


@needs_mandoc
def test_it_is_well_formed() -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


@needs_mandoc
def test_its_text_is_fresh() -> None:
    tool = PROJECT / "tools/render_manual.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_documents_exactly_the_options_that_there_are() -> None:
    documented = [
        tuple(re.findall(r"\bFl (-?[^\s,]+)", line))
        for line in section("OPTIONS").splitlines()
        if line.startswith(".It Fl ")
    ]
    there_are = [
        (option.short, f"-{option.long}") if option.short else (f"-{option.long}",)
        for option in OPTIONS
    ]
    assert sorted(documented) == sorted(there_are)


def test_it_documents_every_exit_code() -> None:
    items = re.findall(r"^\.It (\d+)(?: , (\d+))?$", section("EXIT STATUS"), re.MULTILINE)
    documented = {int(code) for item in items for code in item if code}
    assert documented == set(map(int, ExitCode))


def test_it_documents_every_field_of_every_record() -> None:
    there_are = {"version", "time"}.union(
        connection_record(CONNECTION),
        message_record(SENT),
        recipient_record(SENT, SENT.recipients[0]),
        problem_record(Problem("h:25", None, None, "", None, None)),
        journal_record(0, {}),
    )
    items = re.findall(r"^\.It Va (.+)$", section("RECORDS"), re.MULTILINE)
    assert {field for item in items for field in item.split(" , ")} == there_are


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_it_is_printed_through_no_pager(option: str) -> None:
    done = run_smtp(option, env={"PAGER": "false", "PATH": ""})
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == PAGE.with_suffix(".1.txt").read_text(encoding="utf-8")
