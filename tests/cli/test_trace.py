"""The conversation as `-t` shows it: a line of it is one line, whatever else there is to say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.talk import LOCKSTEP
from tests.faults.transactions import envelope
from tests.scripted import Close, Expect, ModelServer, ReadOctets, Script, Send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

LARGE = b"Subject: large\r\n\r\n" + b"one of many lines\r\n" * 150_000
"""More than goes out in one write."""


@pytest.mark.parametrize("offers", [("PIPELINING",), ("PIPELINING", "CHUNKING")])
@pytest.mark.parametrize("options", [(), ("--no-wait",)], ids=["", "--no-wait"])
def test_the_content_is_one_line_whatever_happens_meanwhile(
    start: Start, tmp_path: Path, offers: tuple[str, ...], options: tuple[str, ...]
) -> None:
    """A later message that cannot be used, and replies to earlier ones."""
    server = start(ModelServer(offers=offers))
    large = tmp_path / "large.eml"
    large.write_bytes(LARGE)
    files = (large, large, tmp_path / "none.eml", large)
    done = run_smtp("-t", *options, "-s", server.address, "-f", "s@x", "-r", "r@x", *files)
    assert done.code == 66, done
    assert len(server.messages) == 3
    lines = done.stdout.splitlines()
    counted = [line for line in lines if "octets of message" in line]
    assert counted == [f" -> ({len(LARGE)} octets of message)"] * 3
    unusable = f"{files[2]}: unsent: cannot be opened: no such file or directory"
    assert [line for line in lines if line.startswith("*** ")] == [f"*** {unusable}"]
    assert done.stderr == f"smtp: {unusable}\n"


@pytest.mark.parametrize("offers", [("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_so_is_each_line_of_a_content_that_is_shown(
    start: Start, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers))
    large = tmp_path / "large.eml"
    large.write_bytes(LARGE)
    files = (large, large, tmp_path / "none.eml")
    options = ("--trace-body", "--no-wait", "-f", "s@x", "-r", "r@x")
    done = run_smtp("-t", "-s", server.address, *options, *files)
    assert done.code == 66, done
    shown = [line for line in done.stdout.splitlines() if "one of" in line or "many" in line]
    assert shown == [" -> one of many lines"] * 300_000


def test_content_that_is_broken_off_is_accounted_for(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    server = scripted(
        Script(
            "sends the client away in the middle of a content",
            *(*envelope(*LOCKSTEP), Expect("DATA"), Send("354 go"), ReadOctets(100_000)),
            Close("421 4.3.2 busy", crossing=True),
        )
    )
    large = tmp_path / "large.eml"
    large.write_bytes(LARGE)
    done = run_smtp("-t", "-s", server.address, "-f", "s@x", "-r", "r@x", large)
    assert done.code == 75, done
    *_, answer, problem, counted, end = done.stdout.splitlines()
    assert answer == "<** 421 4.3.2 busy"
    assert problem.startswith("*** ")
    assert re.fullmatch(r" -> \([0-9]+ octets of message so far\)", counted)
    assert end == f"=== Connection to {server.address} closed."
