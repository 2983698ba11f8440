"""`make demo`, without its set-up: what it shows, what it leaves, and when it fails."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools import demo

PATIENCE = 120
"""Seconds after which the demonstration is stuck."""

ROOT = Path(demo.__file__).parents[1]


@pytest.fixture
def arrived() -> tuple[list[str], list[bytes]]:
    """What the catcher says and stores when all goes well."""
    lines, contents = [], []
    for submission in demo.SUBMISSIONS:
        for name in submission.examples:
            content = demo.on_the_wire((ROOT / "examples" / name).read_bytes())
            to = ", ".join(f"<{recipient}>" for recipient in submission.recipients)
            lines.append(f"caught: from <{demo.ALICE}> to {to} {len(content)} octets Subject")
            contents.append(content)
    return lines, contents


def test_it_submits_in_all_three_forms_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    commands = re.findall(r"^\$ (smtp -p \d+ .*)$", ended.stdout, re.MULTILINE)
    assert len(commands) == 3
    assert re.search(r" 127\.0\.0\.1 \S+@\S+ .*< examples/", commands[0])
    assert " -v -t -s 127.0.0.1 -f " in commands[1]
    assert " -F " in commands[2]
    assert re.search(r"^ -> MAIL FROM:<", ended.stdout, re.MULTILINE)
    assert ended.stdout.count("\ncaught: from ") == 5
    assert ended.stdout.endswith("octet for octet as they should.\n")
    assert list(tmp_path.iterdir()) == []
    port = int(re.findall(r"listening on 127\.0\.0\.1:(\d+)", ended.stdout)[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def test_every_example_is_used() -> None:
    used = {name for submission in demo.SUBMISSIONS for name in submission.examples}
    assert used == {path.name for path in (ROOT / "examples").iterdir()}


def test_the_examples_are_what_they_are_called() -> None:
    content = {path.stem: path.read_bytes() for path in (ROOT / "examples").iterdir()}
    assert b"\r" not in content["lf"]
    assert content["lf"].endswith(b"\n")
    assert content["crlf"].count(b"\r\n") == content["crlf"].count(b"\n") > 0
    assert re.search(rb"^\.$", content["dots"], re.MULTILINE)
    assert not content["dots"].endswith(b"\n")
    assert not content["eight-bit"].isascii()
    assert re.search(rb"^Bcc: .*\n ", content["bcc"], re.MULTILINE)


def test_what_arrived_as_it_should_is_shown(
    arrived: tuple[list[str], list[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    demo.show_and_compare(*arrived)
    shown = capsys.readouterr().out
    assert shown.count("\ncaught: ") == 5
    assert "  | ..two\n" in shown


def test_what_must_arrive_names_no_hidden_recipient() -> None:
    submitted = (ROOT / "examples" / "bcc.eml").read_bytes()
    for hidden in (b"Bcc:", b"eve@", b"frank@"):
        assert hidden in submitted
        assert hidden not in demo.on_the_wire(submitted)


def test_a_message_that_did_not_arrive_is_a_failure(
    arrived: tuple[list[str], list[bytes]],
) -> None:
    with pytest.raises(demo.Failure, match="5 messages were submitted, and 4 arrived"):
        demo.show_and_compare(arrived[0][:-1], arrived[1][:-1])


def test_another_envelope_is_a_failure(arrived: tuple[list[str], list[bytes]]) -> None:
    arrived[0][0] = arrived[0][0].replace(f", <{demo.CAROL}>", "")
    with pytest.raises(demo.Failure, match=r"lf\.eml: the envelope"):
        demo.show_and_compare(*arrived)


@pytest.mark.parametrize("change", [b"\r\n", b"Bcc: x\r\n"])
def test_other_octets_are_a_failure(arrived: tuple[list[str], list[bytes]], change: bytes) -> None:
    arrived[1][-1] = change + arrived[1][-1]
    with pytest.raises(demo.Failure, match=r"bcc\.eml: other octets"):
        demo.show_and_compare(*arrived)


def test_a_command_that_fails_is_a_failure() -> None:
    nobody = demo.Submission("form", ("--no-such-option",), ("lf.eml",), ())
    with pytest.raises(demo.Failure, match="smtp ended with 64"):
        demo.submit(nobody, 1)


def test_a_catcher_that_does_not_start_is_a_failure() -> None:
    with pytest.raises(demo.Failure, match="did not start"):
        demo.listening_port(None)
