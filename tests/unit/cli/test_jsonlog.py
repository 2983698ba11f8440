"""The records of `--json`."""

from __future__ import annotations

import json
import os

from smtpwire.cli.jsonlog import LONG_REPLY, JsonLog, connection_record, message_record
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    AuthFailed,
    HelloRefused,
    MessageUnusable,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
)
from smtpwire.run.report import Problem
from tests.unit.cli.results import CONNECTION, IN_THE_CLEAR, NO_USER, SENT, recipient


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
            "verified_by": "CA",
            "certificate_names": ["mail.example", "192.0.2.1"],
            "certificate_expires": 1_800_000_000,
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


REFUSAL = Reply(535, (b"5.7.8 no", b"ask \xff"))


def problem_of(error: SMTPError) -> dict[str, object]:
    made = a_log()
    made[0].problem(Problem("h:25", error, error.reply, "", None, None))
    (record,) = records_of(made)
    return record


def test_a_failed_session_has_a_record_with_every_word_of_the_server() -> None:
    assert problem_of(AuthFailed("the login was refused", reply=REFUSAL)) == {
        "version": 1,
        "time": 1234.56789,
        "record": "problem",
        "where": "h:25",
        "error": "the login was refused",
        "code": 535,
        "enhanced": "5.7.8",
        "lines": ["5.7.8 no", "ask \\xff"],
        "ehlo": None,
        "line": None,
    }


def test_both_answers_of_a_server_that_refuses_to_say_hello() -> None:
    record = problem_of(HelloRefused("refused", ehlo=REFUSAL, helo=NO_USER))
    assert record["lines"] == ["5.1.1 no such user"]
    assert record["ehlo"] == {"code": 535, "enhanced": "5.7.8", "lines": ["5.7.8 no", "ask \\xff"]}


def test_what_came_in_place_of_a_reply() -> None:
    assert problem_of(RemoteProtocolError("odd", line=b"\xffhi"))["line"] == "\\xffhi"
    assert problem_of(RemoteProtocolError("odd"))["line"] is None


def test_the_problem_of_a_message_is_in_its_own_record() -> None:
    made = a_log()
    made[0].problem(Problem("m", None, NO_USER, "RCPT", Outcome.REFUSED, "c@y"))
    assert made[1] == []
    closing = ServerClosing("the server closes", reply=REFUSAL)
    record = message_record(SENT._replace(reply=None, error=closing))
    assert (record["code"], record["lines"]) == (535, ["5.7.8 no", "ask \\xff"])


def test_a_long_reply_behind_many_records_is_written_once() -> None:
    long = Reply(250, (b"x" * LONG_REPLY, b"y"))
    short = Reply(250, (b"x" * LONG_REPLY,))
    for reply, shared in ((long, True), (short, False)):
        to = tuple(recipient("b@y", Outcome.ACCEPTED, Reply(*reply)) for _ in range(3))
        made = a_log()
        made[0].message(SENT._replace(recipients=to, reply=reply))
        message, *recipients = records_of(made)
        assert message["lines"] == list(reply.lines)
        assert [r["lines"] for r in recipients] == [None if shared else message["lines"]] * 3
        assert {r["code"] for r in recipients} == {250}
