"""Every row of every suite runs, with next to nothing to do; what it measures then means nothing.

A peer that this machine cannot have skips its suite, as a server that it cannot have skips its
tests; with SMTPWIRE_REQUIRE_SERVERS=1 that is a failure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.suites import SUITES
from benchmarks.targets import TARGETS
from smtpwire.cli.options import OPTIONS

ROOT = Path(__file__).parents[2]

AWAITED = {"-j", "--repeat", "--processes"} - {
    name for option in OPTIONS for name in (f"-{option.short}", f"--{option.long}")
}
"""Options that the rows are written for, and that the command does not know yet."""


def is_awaited(error: str) -> bool:
    """Whether a row failed for want of such an option."""
    match = re.match(r"exit status 64: smtp: (\S+): there is no such option", error)
    return match is not None and match[1] in AWAITED


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.parametrize("name", SUITES)
def test_every_row_runs(name: str, tmp_path: Path) -> None:
    done = benchmarks("--smoke", "--suite", name, "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (text,) = tmp_path.glob("*.txt")
    kept = json.loads(text.with_suffix(".json").read_text())
    (suite,) = kept["suites"]
    unavailable = [suite["reason"]] if suite["reason"] else []
    unavailable += [row["error"] for row in suite["rows"] if row["unavailable"]]
    if unavailable and os.environ.get("SMTPWIRE_REQUIRE_SERVERS") != "1":
        pytest.skip(unavailable[0])
    assert unavailable == []
    errors = {row["client"]: row["error"] for row in suite["rows"] if row["error"]}
    assert {client: error for client, error in errors.items() if not is_awaited(error)} == {}
    assert all(len(row["runs"]) == 1 for row in suite["rows"] if not row["error"])

    names = {": ".join(filter(None, (row["case"], row["client"]))) for row in suite["rows"]}
    needed = {row for target in TARGETS if target.suite == name for row in target.figure.rows}
    assert needed <= names
    shown = text.read_text()
    assert f"### {name}: " in shown
    assert "### What was promised" in shown
    verdicts = {target["verdict"] for target in kept["targets"] if target["suite"] == name}
    assert verdicts <= {"void", "not measured"}  # what a smoke test measures proves nothing


def test_every_target_has_its_suite_but_for_what_is_not_there_yet() -> None:
    assert {target.suite for target in TARGETS if target.suite not in SUITES} <= {"async"}


def test_the_command_line_explains_itself() -> None:
    told = benchmarks("--help").stdout
    assert "--rounds" in told
    assert "README.md" in told
    assert [line.split()[0] for line in benchmarks("--list").stdout.splitlines()] == list(SUITES)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--suite", "nothing"), "invalid choice: 'nothing'"),
        (("--rounds", "0"), "argument --rounds: invalid positive int value: '0'"),
        (("--client", "/nowhere/smtp"), "--client must name a command by its path"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: tuple[str, ...], reason: str) -> None:
    done = benchmarks(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr.splitlines()[-1]
