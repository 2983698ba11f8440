"""What a worker is told is told to whoever started it, call by call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.run.frames import Frames
from smtpwire.run.report import MessageResult, Observer, Problem
from smtpwire.run.reporter import Reporter, Told
from tests.unit.cli.results import CONNECTION

if TYPE_CHECKING:
    from collections.abc import Callable

REPLY = Reply(250, (b"ok",))
RESULT = MessageResult(7, "m", "", (), 1, Outcome.UNSENT, None, "", None, 0.5)

CALLS: list[tuple[Callable[[Observer], None], Told]] = [
    (lambda o: o.message(RESULT), Told("message", (RESULT,), {}, None)),
    (lambda o: o.secret("x"), Told("secret", ("x",), {}, None)),
    (lambda o: o.note("x"), Told("note", ("x",), {}, None)),
    (lambda o: o.warning("m", "odd"), Told("warning", ("m", "odd", None), {}, None)),
    (lambda o: o.connected(CONNECTION), Told("connected", (CONNECTION,), {}, None)),
    (
        lambda o: o.sent(b"X\r\n", tls=True, secret=False),
        Told("sent", (b"X\r\n",), {"tls": True, "secret": False}, None),
    ),
    (
        lambda o: o.sent_body(memoryview(b"x"), tls=False, last=True),
        Told("sent_body", (b"x",), {"tls": False, "last": True}, None),
    ),
    (
        lambda o: o.received(REPLY, tls=False, failure=False),
        Told("received", (REPLY,), {"tls": False, "failure": False}, None),
    ),
    (
        lambda o: o.problem(Problem("m", None, REPLY, "MAIL", None, None)),
        Told("problem", (Problem("m", None, REPLY, "MAIL", None, None),), {}, None),
    ),
]


@pytest.mark.parametrize(("call", "told"), CALLS, ids=[told.method for _, told in CALLS])
@pytest.mark.parametrize("number", [None, 3])
def test_every_call_is_passed_on(
    call: Callable[[Observer], None], told: Told, number: int | None
) -> None:
    read, write = os.pipe()
    settled: list[int] = []
    reporter = Reporter(write, settled.append)
    soon: list[Callable[[], object]] = []
    reporter.soon = soon.append
    if told.method in {"message", "problem"}:
        number = None  # what nobody tells on one connection
    observer = reporter if number is None else reporter.connection(number)
    call(observer)
    call(observer)
    assert len(soon) == 1, "both go together"
    soon[0]()
    soon[0]()  # there is nothing more to be written, and that is no error
    assert Frames().feed(os.read(read, 100_000)) == [[told._replace(connection=number)] * 2]
    assert settled == [7, 7] * (told.method == "message")
    os.close(read)
    os.close(write)
