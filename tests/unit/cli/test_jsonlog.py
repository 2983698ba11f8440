"""The records of `--json`."""

from __future__ import annotations

import json
import os

from smtpwire.cli.jsonlog import JsonLog, connection_record, message_record
from smtpwire.core.transaction import Outcome
from smtpwire.errors import MessageUnusable
from tests.unit.cli.results import CONNECTION, IN_THE_CLEAR, SENT


def records_of(log_and_lines: tuple[JsonLog, list[str]]) -> list[dict[str, object]]:
    return [json.loads(line) for line in log_and_lines[1]]


def a_log() -> tuple[JsonLog, list[str]]:
    lines: list[str] = []
    return JsonLog(lambda *written: lines.extend(written), lambda: 1234.5678901), lines


def test_a_connection() -> None:
    made = a_log()
    made[0].connected(CONNECTION)
    assert records_of(made) == [
        {
            "version": 1,
            "time": 1234.56789,
            "record": "connection",
            "server": "mail.example",
            "port": 25,
            "address": "192.0.2.1",
            "protocol": "ESMTP",
            "tls": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "verified": True,
            "auth": "PLAIN",
            "greeting": {"code": 220, "enhanced": None, "lines": ["mail.example ESMTP"]},
            "hello": {"code": 250, "enhanced": None, "lines": ["mail.example", "SIZE"]},
            "seconds": 0.25,
        }
    ]


def test_a_connection_in_the_clear() -> None:
    record = connection_record(IN_THE_CLEAR)
    assert (record["tls"], record["cipher"], record["auth"]) == (None, None, None)


def test_a_message_and_its_recipients() -> None:
    made = a_log()
    made[0].message(SENT)
    message, *recipients = records_of(made)
    queued = {"code": 250, "enhanced": "2.0.0", "lines": ["2.0.0 Ok: queued as 4ABC"]}
    refused = {"code": 550, "enhanced": "5.1.1", "lines": ["5.1.1 no such user"]}
    head = {"version": 1, "time": 1234.56789}
    assert message == {
        **head,
        **queued,
        "record": "message",
        "name": "msg1.eml",
        "index": 0,
        "reverse_path": "a@x",
        "octets": 48213,
        "outcomes": {"accepted": 2, "refused": 1, "deferred": 0, "unsent": 0, "unknown": 0},
        "command": "end of data",
        "error": None,
        "seconds": 1.5,
    }
    of = {**head, "record": "recipient", "name": "msg1.eml", "index": 0}
    assert recipients == [
        {**of, **queued, "recipient": "b@y", "outcome": "accepted"},
        {**of, **refused, "recipient": "c@y", "outcome": "refused"},
        {**of, **queued, "recipient": "d@y", "outcome": "accepted"},
    ]


def test_a_message_that_could_not_be_used() -> None:
    record = message_record(
        SENT._replace(
            reverse_path=None,
            recipients=(),
            octets=None,
            outcome=Outcome.UNSENT,
            reply=None,
            command="",
            error=MessageUnusable("it is empty"),
        )
    )
    assert record["reverse_path"] is None
    assert record["octets"] is None
    assert record["command"] is None
    assert (record["code"], record["enhanced"], record["lines"]) == (None, None, [])
    assert record["error"] == "it is empty"


def test_every_line_is_ascii_and_valid_for_every_reader() -> None:
    made = a_log()
    made[0].message(SENT._replace(name=os.fsdecode(b"m\xff\x1b\n\xc3\xbc.eml"), reverse_path="ü@x"))
    for line in made[1]:
        assert line.isascii()
        assert line.isprintable()
        assert "\\ud" not in line  # a lone surrogate
    assert records_of(made)[0]["name"] == "m\\xff\x1b\nü.eml"
