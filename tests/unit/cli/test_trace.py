"""The conversation as `-t` shows it."""

from __future__ import annotations

import pytest

from smtpwire.cli.trace import Trace
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectError
from smtpwire.run.report import Problem
from tests.unit.cli.results import CERTIFICATE, CONNECTION, IN_THE_CLEAR


class Lines:
    """Collects what a trace writes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, *lines: str) -> None:
        self.lines.extend(lines)


def test_marks() -> None:
    lines = Lines()
    trace = Trace(lines)
    hello = Reply(250, (b"one", b"two"))
    no = Reply(550, (b"no", b"no"))
    trace.note("Trying")
    trace.received(hello, tls=False, failure=False)
    trace.sent(b"EHLO me\r\n", tls=False, secret=False)
    trace.received(no, tls=False, failure=True)
    trace.sent(b"EHLO me\r\n", tls=True, secret=False)
    trace.received(hello, tls=True, failure=False)
    trace.received(no, tls=True, failure=True)
    trace.problem(Problem("h:25", ConnectError("nobody there"), None, "", None, None))
    trace.problem(Problem("m", None, no, "MAIL", Outcome.REFUSED, None))
    trace.warning("h:25", "odd")
    assert lines.lines == [
        "=== Trying",
        "<-  250-one",
        "<-  250 two",
        " -> EHLO me",
        "<** 550-no",
        "<** 550 no",
        " ~> EHLO me",
        "<~  250-one",
        "<~  250 two",
        "<~* 550-no",
        "<~* 550 no",
        "*** h:25: nobody there",
        "*** m: refused: MAIL: 550 no / no",
        "=== h:25: odd",
    ]


def test_what_tls_came_to_is_information() -> None:
    lines = Lines()
    trace = Trace(lines)
    for info in (CONNECTION, CONNECTION._replace(verified_by=""), IN_THE_CLEAR):
        trace.connected(info)
    assert lines.lines == [
        f"=== TLSv1.3 TLS_AES_256_GCM_SHA384, verified (CA){CERTIFICATE}",
        f"=== TLSv1.3 TLS_AES_256_GCM_SHA384, not verified{CERTIFICATE}",
    ]


def test_a_line_on_the_wire_is_a_line() -> None:
    lines = Lines()
    Trace(lines).sent(b"MAIL FROM:<>\r\nRCPT TO:<b@y>\r\n", tls=False, secret=False)
    assert lines.lines == [" -> MAIL FROM:<>", " -> RCPT TO:<b@y>"]


def test_fault_202_content_is_counted() -> None:
    lines = Lines()
    trace = Trace(lines)
    trace.sent(b"DATA\r\n", tls=True, secret=False)
    trace.sent_body(b"Subject: x\r\n", tls=True, last=False)
    trace.sent_body(memoryview(b"\r\nsecret\r\n.\r\n"), tls=True, last=True)
    trace.sent(b"BDAT 5\r\n", tls=True, secret=False)
    trace.sent_body(b"hello", tls=True, last=True)
    trace.sent(b"BDAT 0 LAST\r\n", tls=True, secret=False)
    assert lines.lines == [
        " ~> DATA",
        " ~> (22 octets of message)",
        " ~> .",
        " ~> BDAT 5",
        " ~> (5 octets of message)",
        " ~> BDAT 0 LAST",
    ]


@pytest.mark.parametrize("body", [False, True])
def test_content_that_was_broken_off(body: bool) -> None:
    lines = Lines()
    trace = Trace(lines, body=body)
    trace.sent(b"DATA\r\n", tls=False, secret=False)
    trace.sent_body(b"one\r\n", tls=False, last=False)
    trace.sent_body(b"tw", tls=False, last=False)
    trace.received(Reply(421, (b"bye",)), tls=False, failure=True)
    trace.note("Connection to h:25 closed.")
    whole = [" -> one"] if body else []
    rest = " -> tw" if body else " -> (7 octets of message so far)"
    assert lines.lines == [
        " -> DATA",
        *whole,
        "<** 421 bye",
        rest,
        "=== Connection to h:25 closed.",
    ]


def test_what_happens_meanwhile_does_not_make_two_lines_of_one() -> None:
    no = Reply(550, (b"no",))
    for body, shown in ((False, " -> (5 octets of message)"), (True, " -> three")):
        lines = Lines()
        trace = Trace(lines, body=body)
        trace.sent_body(b"thr", tls=False, last=False)
        trace.problem(Problem("m", None, no, "MAIL", Outcome.REFUSED, None))
        trace.warning("h:25", "odd")
        trace.received(no, tls=False, failure=True)
        trace.sent_body(b"ee", tls=False, last=True)
        assert lines.lines == ["*** m: refused: MAIL: 550 no", "=== h:25: odd", "<** 550 no", shown]


def test_content_can_be_shown_line_by_line_across_its_pieces() -> None:
    lines = Lines()
    trace = Trace(lines, body=True)
    trace.sent(b"DATA\r\n", tls=False, secret=False)
    for piece in (b"one\r", b"\ntwo\x1b\r\n", b"\r\n..th", b"ree\r\n.\r\n"):
        trace.sent_body(piece, tls=False, last=piece.endswith(b".\r\n"))
    assert lines.lines == [" -> DATA", " -> one", r" -> two\x1b", " -> ", " -> ..three", " -> ."]


def test_the_last_line_of_a_chunk_may_have_no_end() -> None:
    lines = Lines()
    Trace(lines, body=True).sent_body(b"one\r\ntwo", tls=False, last=True)
    assert lines.lines == [" -> one", " -> two"]


def test_a_line_without_end_does_not_take_memory_without_end() -> None:
    lines = Lines()
    trace = Trace(lines, body=True)
    for _ in range(3):
        trace.sent_body(b"x" * 50_000, tls=False, last=False)
    assert lines.lines == [" -> " + "x" * 100_000]


def test_time() -> None:
    lines = Lines()
    clock = iter([100.0, 100.5, 112.25])
    trace = Trace(lines, clock=lambda: next(clock))
    trace.note("a")
    trace.note("b")
    assert lines.lines == ["    0.500 === a", "   12.250 === b"]


def test_several_connections_are_told_apart() -> None:
    lines = Lines()
    whole = Trace(lines)
    first, second = whole.connection(1), whole.connection(2)
    first.sent(b"MAIL FROM:<a@x>\r\n", tls=False, secret=False)
    first.sent_body(b"x", tls=False, last=False)
    second.note("Trying")
    second.received(Reply(550, (b"no",)), tls=False, failure=True)
    first.sent_body(b"y", tls=False, last=True)
    whole.warning("m", "odd")
    assert lines.lines == [
        "#1  -> MAIL FROM:<a@x>",
        "#2 === Trying",
        "#2 <** 550 no",
        "#1  -> (2 octets of message)",
        "=== m: odd",
    ]


def test_several_connections_have_one_clock() -> None:
    times = iter([100.0, 101.0, 102.0])
    lines = Lines()
    whole = Trace(lines, clock=lambda: next(times))
    connection = whole.connection(1)
    connection._clock = whole._clock = lambda: 105.0
    connection.note("Trying")
    assert lines.lines == ["    5.000 #1 === Trying"]
