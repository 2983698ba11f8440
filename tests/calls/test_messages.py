"""What a small message costs in system calls, from the file to the reply: counted, so no clock.

Many messages less few leaves what each costs in the steady state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.calls.strace import traced

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from tests.servers.farm import Server

pytestmark = pytest.mark.usefixtures("strace")

FEW, MANY = 50, 250
MESSAGES = MANY - FEW

TURN = {"poll", "recvfrom", "sendmsg"}
FILE = {"openat", "pread64", "close"}

SPARE = 0.2
"""Calls a message beyond that: a server may answer a group in two pieces, now and then."""

CONTENT = "Subject: x\n\n" + ("x" * 63 + "\n") * 16


def each_further(directory: Path, server: Server, few: list[str], many: list[str]) -> Counter[str]:
    """How often which call was made for the messages that `many` has more than `few`."""
    line = ("-H", "me.example", "-s", f"{server.host}:{server.port}", "-f", "a@x", "-r", "b@y")
    counted = traced(directory, *line, "--no-chunking", *many).calls
    counted.subtract(traced(directory, *line, "--no-chunking", *few).calls)
    return counted


def regular(calls: Counter[str]) -> set[str]:
    """The calls that most messages make."""
    return {name for name, count in calls.items() if count > MESSAGES // 2}


def test_a_message_from_memory_takes_three(smtp_sink: Server, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text(CONTENT, encoding="ascii")
    few, many = (["--repeat", str(count), str(path)] for count in (FEW, MANY))
    calls = each_further(tmp_path, smtp_sink, few, many)
    assert regular(calls) == TURN
    assert calls["sendmsg"] == MESSAGES
    assert calls.total() <= (3 + SPARE) * MESSAGES, calls


@pytest.mark.parametrize("listed", [False, True], ids=["arguments", "--files-from"])
def test_a_message_from_a_file_takes_six(smtp_sink: Server, tmp_path: Path, listed: bool) -> None:
    names = [str(tmp_path / f"{number}.eml") for number in range(MANY)]
    for name in names:
        with open(name, "w", encoding="ascii") as file:
            file.write(CONTENT)
    few, many = names[:FEW], names
    if listed:
        for of in (few, many):
            (tmp_path / f"{len(of)}.list").write_text("\n".join(of) + "\n", encoding="utf-8")
        few, many = (["--files-from", str(tmp_path / f"{count}.list")] for count in (FEW, MANY))
    calls = each_further(tmp_path, smtp_sink, few, many)
    assert regular(calls) == TURN | FILE
    assert calls["sendmsg"] == MESSAGES
    assert calls.total() <= (6 + SPARE) * MESSAGES, calls
