"""What others wrote, on the screen: the words of servers, and values of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

LINE = ("a@x.example", "b@y.example")

SAID = "so\u0301 hidden\u200b\u2800\u3164\U000e0041 שלום 日本 naïve"
SHOWN = r"so\u0301 hidden\u200b\u2800\u3164\U000e0041 שלום 日本 naïve"


@pytest.mark.parametrize("option", ["-t", "-v"])
def test_letters_are_shown_and_what_hides_or_rearranges_is_not(start: Start, option: str) -> None:
    server = start(ModelServer(replies={"RCPT": f"550 5.1.1 {SAID}"}))
    done = run_smtp(option, server.address, *LINE, stdin=b"Subject: x\n\nhello\n")
    assert done.code == 67
    assert done.stderr == f"smtp: -: <b@y.example> refused: RCPT: 550 5.1.1 {SHOWN}\n"
    assert f"550 5.1.1 {SHOWN}\n" in done.stdout


LONG = "9" * 5000


@pytest.mark.parametrize(
    "line",
    [
        ("-p", LONG, "h", *LINE),
        ("--timeout", LONG, "h", *LINE),
        ("--chunk-size", LONG, "h", *LINE),
        ("-H", LONG, "h", *LINE),
        (f"h:{LONG}", *LINE),
        (f"x{LONG}://h", *LINE),
        (f"[{LONG}]", *LINE),
        (f"::{LONG}", *LINE),
        (f"({LONG}", *LINE),
        ("h", f"a@{LONG}", "b@y"),
        ("h", "a@x", LONG),
        ("-M", "-C", LONG, "h", *LINE),
        ("-M", "--tls-min", LONG, "h", *LINE),
        ("-V", "--ca-file", LONG, "h", *LINE),
        ("-U", f"\u200b{LONG}", "h", *LINE),
        ("-U", "me", "--auth", LONG, "h", *LINE),
        ("-U", "me", "--password-file", LONG, "h", *LINE),
        (f"--{LONG}", "h", *LINE),
        (f"--{LONG}=1", "h", *LINE),
    ],
    ids=lambda line: " ".join(line).replace(LONG, "9")[:30],
)
def test_a_long_value_is_shortened_where_an_error_repeats_it(line: tuple[str, ...]) -> None:
    done = run_smtp(*line)
    assert done.code == 64
    assert done.stderr.count("\n") == 1
    assert "99..." in done.stderr or "99'..." in done.stderr
    assert len(done.stderr) < 500


def test_the_name_of_an_output_is_shortened_too() -> None:
    done = run_smtp("--json", LONG, "h", *LINE)
    assert done.code == 73
    assert "File name too long" in done.stderr
    assert len(done.stderr) < 500


@pytest.mark.parametrize(
    "line",
    [
        (b"-p", b"2\xff", b"h", b"a@x", b"b@y"),
        (b"h\xff:x", b"a@x", b"b@y"),
        (b"h", b"a\xff@x", b"b@y"),
        (b"h", b"a@x", b"b@y\xff"),
        (b"-H", b"me\xff", b"h", b"a@x", b"b@y"),
        (b"-M", b"-C", b"HIGH\xff", b"h", b"a@x", b"b@y"),
        (b"-U", b"me\xff", b"h", b"a@x", b"b@y"),
        (b"-U", b"me", b"--password-file", b"/none/\xff", b"h", b"a@x", b"b@y"),
        (b"--none\xff", b"h", b"a@x", b"b@y"),
    ],
    ids=ascii,
)
def test_an_octet_that_is_not_utf8_is_shown_as_that(line: tuple[bytes, ...]) -> None:
    done = run_smtp(*line)
    assert done.code == 64
    assert r"\xff" in done.stderr
    assert "udcff" not in done.stderr


def test_the_name_of_a_message_that_is_not_utf8(tmp_path: Path) -> None:
    done = run_smtp(b"-s", b"127.0.0.1:1", b"-F", b"n\xffne", cwd=tmp_path)
    assert done.code == 66
    assert done.stderr.startswith(r"smtp: n\xffne: ")
