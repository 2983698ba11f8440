"""An observer that remembers, for the tests of those who stand before one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpwire.run.report import Observer

if TYPE_CHECKING:
    from smtpwire.core.reply import Reply
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem


class Recorder(Observer):
    """Keeps every call, as its name and what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def note(self, text: str) -> None:
        self.calls.append(("note", text))

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        self.calls.append(("sent", line, tls, secret))

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        self.calls.append(("sent_body", bytes(data), tls, last))

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        self.calls.append(("received", reply, tls, failure))

    def secret(self, text: str) -> None:
        self.calls.append(("secret", text))

    def connected(self, info: ConnectionInfo) -> None:
        self.calls.append(("connected", info))

    def message(self, result: MessageResult) -> None:
        self.calls.append(("message", result))

    def problem(self, problem: Problem) -> None:
        self.calls.append(("problem", problem))

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        self.calls.append(("warning", where, text, error))


def tell_everything(
    observer: Observer, reply: Reply, info: ConnectionInfo, result: MessageResult, problem: Problem
) -> list[tuple[object, ...]]:
    """Make each call once; return them as a `Recorder` keeps them."""
    observer.note("a note")
    observer.sent(b"EHLO me\r\n", tls=True, secret=False)
    observer.sent_body(memoryview(b"content"), tls=False, last=True)
    observer.received(reply, tls=False, failure=True)
    observer.connected(info)
    observer.message(result)
    observer.problem(problem)
    observer.warning("here", "odd", problem.error)
    return [
        ("note", "a note"),
        ("sent", b"EHLO me\r\n", True, False),
        ("sent_body", b"content", False, True),
        ("received", reply, False, True),
        ("connected", info),
        ("message", result),
        ("problem", problem),
        ("warning", "here", "odd", problem.error),
    ]
