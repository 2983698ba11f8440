"""What a small message costs in system calls, by strace(1): counted, so that no clock decides.

Many messages less few leaves what each costs in the steady state.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment
from tests.servers.errors import Unavailable
from tests.servers.tools import need_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.farm import Server

FEW, MANY = 50, 250


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    try:
        need_program("strace", "strace")
    except Unavailable as error:
        pytest.skip(str(error))


def calls(home: Path, *args: str | Path) -> Counter[str]:
    """How often which system call was made."""
    log = home / "calls"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", log, SMTP, *args],
        env=clean_environment(str(home)),
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE))


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "m"
    path.write_text("Subject: x\n\n" + ("x" * 63 + "\n") * 16, encoding="ascii")
    return path


def test_a_message_from_memory_takes_three(
    smtp_sink: Server, message: Path, tmp_path: Path
) -> None:
    line = (
        "-H",
        "me.example",
        "-s",
        f"{smtp_sink.host}:{smtp_sink.port}",
        "-f",
        "a@x",
        "-r",
        "b@y",
    )
    few = calls(tmp_path, *line, "--repeat", str(FEW), message)
    many = calls(tmp_path, *line, "--repeat", str(MANY), message)
    many.subtract(few)
    messages = MANY - FEW
    assert many["sendmsg"] == messages
    # A server may answer a group in two pieces, now and then.
    assert sum(many.values()) <= 3.2 * messages, many
    assert {name for name, count in many.items() if count > messages // 2} <= {
        "poll",
        "recvfrom",
        "sendmsg",
    }
