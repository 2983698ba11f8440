"""The records of `--json` about what failed outside of any message, and about odd names."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import run_smtp
from tests.scripted import ExpectEnd, ModelServer, Script, Send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

LINE = ("a@x.example", "b@y.example")
MESSAGE = b"Subject: x\n\nhello\n"


def problem(*line: str, code: int) -> dict[str, Any]:
    """Return the record of the only problem of a run, without its time."""
    done = run_smtp("--json", "-", *line, *LINE, stdin=MESSAGE)
    assert done.code == code
    records = [json.loads(text) for text in done.stdout.splitlines()]
    (found,) = (record for record in records if record["record"] == "problem")
    assert found.pop("time") > 1_700_000_000
    return dict(found)


NOTHING = {"version": 1, "record": "problem", "code": None, "enhanced": None, "lines": []} | {
    "ehlo": None,
    "line": None,
}


@pytest.mark.parametrize(
    ("verb", "options", "code", "error"),
    [
        ("GREETING", (), 69, "does not accept mail"),
        ("STARTTLS", ("-M",), 69, "STARTTLS"),
        ("AUTH", ("-U", "me", "-P", "x"), 77, "the login was refused"),
    ],
)
def test_a_refusal_in_the_words_of_the_server(
    start: Start, verb: str, options: tuple[str, ...], code: int, error: str
) -> None:
    server = start(
        ModelServer(
            offers=("STARTTLS", "AUTH PLAIN"),
            users={"me": "secret"},
            replies={verb: "554-5.7.1 not you\u200b\n554 go away"},
        )
    )
    found = problem(*options, server.address, code=code)
    assert error in found.pop("error")
    assert found == {
        **NOTHING,
        "where": server.address,
        "code": 554,
        "enhanced": "5.7.1",
        "lines": ["5.7.1 not you\u200b", "go away"],
    }


def test_both_replies_where_neither_ehlo_nor_helo_is_taken(start: Start) -> None:
    server = start(ModelServer(replies={"EHLO": "502 5.5.1 not here", "HELO": "550 nor you"}))
    found = problem(server.address, code=69)
    assert found.pop("error")
    assert found == {
        **NOTHING,
        "where": server.address,
        "code": 550,
        "lines": ["nor you"],
        "ehlo": {"code": 502, "enhanced": "5.5.1", "lines": ["5.5.1 not here"]},
    }


def test_what_came_in_place_of_a_reply(scripted: MakeScripted) -> None:
    server = scripted(Script("is another protocol", Send(b"SSH-2.0 \xff\xc3\xbc\r\n"), ExpectEnd()))
    found = problem(server.address, code=76)
    assert found.pop("error")
    assert found == {**NOTHING, "where": server.address, "line": "SSH-2.0 \\xffü"}


def test_nobody_listens() -> None:
    with ModelServer() as server:
        address = server.address
    found = problem(address, code=75)
    assert "refused" in found.pop("error").lower()
    assert found == {**NOTHING, "where": address}


def test_a_name_that_is_not_utf8(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    (tmp_path / os.fsdecode(b"m\xff\xc3\xbc")).write_bytes(MESSAGE)
    envelope = ("-s", server.address, "-f", "a@x.example", "-r", "b@y.example")
    done = run_smtp("--json", "-", *envelope, b"m\xff\xc3\xbc", cwd=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert '"name": "m\\\\xff\\u00fc"' in done.stdout
    records = [json.loads(line) for line in done.stdout.splitlines()]
    names = [record["name"] for record in records if "name" in record]
    assert names == ["m\\xffü"] * 2
