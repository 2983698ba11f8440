"""One observer that is several."""

from __future__ import annotations

from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from smtpwire.core.reply import Reply
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem


class Audience(Observer):
    """Tells several observers everything, one after the other."""

    def __init__(self, members: Sequence[Observer]) -> None:
        """Tell `members`."""
        self._members = members

    def connection(self, number: int) -> Observer:
        """Return who watches one connection: as many."""
        return Audience([member.connection(number) for member in self._members])

    def note(self, text: str) -> None:
        """Tell all."""
        for member in self._members:
            member.note(text)

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        """Tell all."""
        for member in self._members:
            member.sent(line, tls=tls, secret=secret)

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """Tell all."""
        for member in self._members:
            member.sent_body(data, tls=tls, last=last)

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """Tell all."""
        for member in self._members:
            member.received(reply, tls=tls, failure=failure)

    def secret(self, text: str) -> None:
        """Tell all."""
        for member in self._members:
            member.secret(text)

    def connected(self, info: ConnectionInfo) -> None:
        """Tell all."""
        for member in self._members:
            member.connected(info)

    def message(self, result: MessageResult) -> None:
        """Tell all."""
        for member in self._members:
            member.message(result)

    def problem(self, problem: Problem) -> None:
        """Tell all."""
        for member in self._members:
            member.problem(problem)

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Tell all."""
        for member in self._members:
            member.warning(where, text, error)
