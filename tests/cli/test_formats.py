"""The formats that people and programs read: `-t`, `-v`, `--json`, and the lines of errors."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.command import run_smtp
from tests.scripted import Close, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.scripted.model import Rule

MESSAGE = b"Subject: x\n\n.dot\nhello\n"
SENT = b"Subject: x\r\n\r\n..dot\r\nhello\r\n"
LINE = ("a@x.example", "b@y.example")
REPLIES: dict[str, Rule] = {
    "GREETING": "220 mail.example ESMTP",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": {"b@y.example": "250 2.1.5 Ok", "bad@y.example": "550 5.1.1 no such\x1b[31m user"},
    "DATA": "354 go ahead",
    "END": "250-2.0.0 Ok:\n250 2.0.0 queued as 4ABC",
    "QUIT": Close("221 2.0.0 Bye"),
}


def tls(lines: str) -> str:
    """Return the same conversation with the marks that it has under TLS."""
    marks = {" -> ": " ~> ", "<-  ": "<~  ", "<** ": "<~* "}
    return "".join(marks[line[:4]] + line[4:] for line in lines.splitlines(keepends=True))


HELLO = " -> EHLO me.example\n<-  250-mail.example\n"
ENVELOPE = r""" -> MAIL FROM:<a@x.example>
<-  250 2.1.0 Ok
 -> RCPT TO:<b@y.example>
<-  250 2.1.5 Ok
 -> RCPT TO:<bad@y.example>
<** 550 5.1.1 no such\x1b[31m user
 -> DATA
<-  354 go ahead
"""
ANSWER = "<-  250-2.0.0 Ok:\n<-  250 2.0.0 queued as 4ABC\n"
COUNTED = f" -> ({len(SENT)} octets of message)\n -> .\n"
SHOWN = " -> Subject: x\n -> \n -> ..dot\n -> hello\n -> .\n"


def conversation(server: ModelServer, *options: str) -> list[str]:
    line = (*options, "-H", "me.example", server.address, *LINE, "bad@y.example")
    done = run_smtp(*line, stdin=MESSAGE)
    assert done.code == 67
    return done.stdout.splitlines(keepends=True)


def said(lines: list[str]) -> str:
    """Return what was said and heard up to the answer to the message."""
    heard = [line for line in lines if not line.startswith(("===", "***"))]
    return "".join(heard).split("-> QUIT")[0].split("~> QUIT")[0].rstrip(" ")


def test_the_trace_in_the_clear(start: Start) -> None:
    server = start(ModelServer(offers=("8BITMIME",), replies=REPLIES))
    lines = conversation(server, "-t")
    greeting = "<-  220 mail.example ESMTP\n"
    hello = HELLO + "<-  250 8BITMIME\n"
    assert said(lines) == greeting + hello + ENVELOPE + COUNTED + ANSWER
    assert lines[0].startswith(f"=== Trying {server.address}")
    assert "*** -: <bad@y.example> refused: RCPT: 550 5.1.1 no such\\x1b[31m user\n" in lines
    assert lines[-1].startswith("=== ")


def test_the_trace_under_tls(start: Start) -> None:
    server = start(ModelServer(offers=("8BITMIME", "STARTTLS"), replies=REPLIES))
    lines = conversation(server, "-t", "-M", "--trace-body")
    clear, encrypted = said(lines).split("<-  220 2.0.0", 1)
    assert clear.endswith(" -> STARTTLS\n")
    body = tls(SHOWN)
    assert encrypted.split("\n", 1)[1] == (
        tls(HELLO + "<-  250 8BITMIME\n" + ENVELOPE) + body + tls(ANSWER)
    )


def test_the_time_stands_in_front_of_every_line(start: Start) -> None:
    lines = conversation(start(ModelServer(replies=REPLIES)), "-t", "--trace-time")
    stamps = [re.fullmatch(r" *(\d+\.\d{3}) (...) .*\n", line) for line in lines]
    times = [float(stamp[1]) for stamp in stamps if stamp]
    assert len(times) == len(lines)
    assert times == sorted(times)


def test_content_by_bdat_is_counted_without_doubled_dots(start: Start) -> None:
    lines = conversation(start(ModelServer(replies=REPLIES)), "-t", "--chunk-size", "20")
    assert [line for line in lines if "BDAT" in line or "octets of message" in line] == [
        " -> BDAT 20\n",
        " -> (20 octets of message)\n",
        " -> BDAT 7 LAST\n",
        " -> (7 octets of message)\n",
    ]


def test_the_lines_of_v(start: Start) -> None:
    server = start(ModelServer(offers=("STARTTLS",), replies=REPLIES))
    connected, sent = conversation(server, "-v", "-T")
    assert re.fullmatch(
        rf"connected: {server.address} \[127\.0\.0\.1\] ESMTP TLSv1\.3 TLS_\w+,"
        r" certificate for localhost( \S+)+ until \d{4}-\d\d-\d\d\n",
        connected,
    )
    assert sent == (
        f"sent: - from <a@x.example> to 1 of 2, {len(SENT) - 1} octets,"
        " 250 2.0.0 Ok: / 2.0.0 queued as 4ABC\n"
    )


def test_fault_050_tls_that_could_not_be_had_is_said(start: Start) -> None:
    connected, _ = conversation(start(ModelServer(replies=REPLIES)), "-v", "-T")
    assert connected.endswith(" ESMTP cleartext\n")


def test_the_other_outcomes_of_v(start: Start, tmp_path: Path) -> None:
    server = start(
        ModelServer(offers=(), replies={"MAIL": ["550 no", "451 later"], "END": Close()})
    )
    message = tmp_path / "msg"
    message.write_bytes(MESSAGE)
    line = ("-v", "-s", server.address, "-f", "", "-r", "b@y.example")
    done = run_smtp(*line, message, message, message, tmp_path / "none")
    lines = [text for text in done.stdout.splitlines() if not text.startswith("connected: ")]
    lines.sort(key=lambda line: line.startswith("unsent"))  # it may be looked at ahead of its turn
    about = f"{message} from <> to 0 of 1, {len(SENT) - 1} octets,"
    assert lines[0] == f"refused: {about} 550 no"
    assert lines[1] == f"deferred: {about} 451 later"
    assert lines[2].startswith(f"unknown: {about} ")
    assert lines[3].startswith(f"unsent: {tmp_path}/none from <> to 0 of 1, - octets, ")


def test_the_records(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("8BITMIME",), replies=REPLIES))
    log = tmp_path / "log.jsonl"
    for _ in range(2):
        conversation(server, "--json", str(log))
    records = [json.loads(line) for line in log.read_text().splitlines()]
    kinds = ["connection", "message", "recipient", "recipient"]
    assert [record["record"] for record in records] == kinds * 2
    assert all(record["version"] == 1 for record in records)
    connection, message, good, bad = records[:4]
    assert (connection["server"], connection["port"]) == (server.host, server.port)
    assert connection["hello"]["lines"] == ["mail.example", "8BITMIME"]
    assert (message["name"], message["index"], message["reverse_path"]) == ("-", 0, "a@x.example")
    assert message["octets"] == len(SENT) - 1
    assert message["outcomes"] == {
        "accepted": 1,
        "refused": 1,
        "deferred": 0,
        "unsent": 0,
        "unknown": 0,
    }
    assert message["lines"] == ["2.0.0 Ok:", "2.0.0 queued as 4ABC"]
    assert (good["recipient"], good["outcome"], good["code"]) == ("b@y.example", "accepted", 250)
    assert (bad["recipient"], bad["outcome"], bad["code"]) == ("bad@y.example", "refused", 550)
    assert (bad["enhanced"], bad["lines"]) == ("5.1.1", ["5.1.1 no such\x1b[31m user"])


def test_records_on_standard_output(start: Start) -> None:
    lines = conversation(start(ModelServer(replies=REPLIES)), "--json", "-")
    kinds = [json.loads(line)["record"] for line in lines]
    assert kinds == ["connection", "message", "recipient", "recipient"]
