"""Every target, by inputs that are random and by inputs that the code leads to.

How long is a budget, and nothing is asserted of it: a minute each, an hour each with --soak, or
SMTPWIRE_FUZZ_SECONDS.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.random_inputs import HANG, fuzz
from tests.fuzz.targets import TARGETS
from tests.house.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MINUTE, HOUR = 60, 3600
NO_LIMIT = "-rss_limit_mb=0"
"""The peak that libFuzzer looks at is that of whoever forked the process, if that had more: a
worker of pytest among all other tests.  What memory inputs may take is held in tests/memory."""

EVERY_TARGET = pytest.mark.parametrize("name", TARGETS)

HAS_WHEEL = (
    platform.machine() == "x86_64"
    and sys.implementation.name == "cpython"
    and sys.version_info < (3, 15)
)
"""As the requirements have it."""

GUIDED = pytest.mark.skipif(not HAS_WHEEL, reason="there is no wheel of atheris for this Python")


@pytest.fixture
def seconds(soak: bool) -> int:
    return int(os.environ.get("SMTPWIRE_FUZZ_SECONDS", HOUR if soak else MINUTE))


def guided(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@EVERY_TARGET
def test_what_was_found_once(name: str) -> None:
    target = TARGETS[name]
    corpus = target.corpus
    assert corpus
    for octets in corpus:
        target.check(octets)


@EVERY_TARGET
def test_random_inputs(name: str, seconds: int) -> None:
    fuzz(TARGETS[name], seconds)


@GUIDED
@EVERY_TARGET
def test_inputs_that_the_code_leads_to(name: str, seconds: int, tmp_path: Path) -> None:
    found = tmp_path / "found"
    found.mkdir()
    limits = (f"-max_total_time={seconds}", f"-timeout={HANG}", NO_LIMIT)
    done = guided(name, *limits, "-max_len=2000", f"-artifact_prefix={tmp_path}/", found)
    failing = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert (done.returncode, failing) == (0, []), done.stdout[-5_000:] + done.stderr[-5_000:]
    assert "DONE" in done.stderr
