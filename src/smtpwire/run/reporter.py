"""Whoever watches the run of a worker: passes everything on to the process that started it."""

from __future__ import annotations

import os

from smtpwire.core.transaction import Outcome
from smtpwire.errors import Interrupted
from smtpwire.run.frames import frame
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple

    from smtpwire.core.reply import Reply
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem
else:
    from smtpwire.record import NamedTuple


class Told(NamedTuple):
    """A call of an observer."""

    method: str
    arguments: tuple[Any, ...]
    options: dict[str, bool]
    connection: int | None
    """Which of the worker's connections it is about, where they are told apart."""


class Reporter(Observer):
    """Passes on what it is told, in portions: what one round of the loop brings.

    Args:
        channel: a socket, written to until it takes it: the other end always reads.
        settled: told the index of each message that is.

    Attributes:
        soon: has something called before the next wait.
    """

    def __init__(self, channel: int, settled: Callable[[int], object]) -> None:
        self.soon: Callable[[Callable[[], object]], object] = lambda action: action()
        self._channel = channel
        self._settled = settled
        self._told: list[object] = []

    def connection(self, number: int) -> Observer:
        """Return who passes on what is told of one connection."""
        return _OfConnection(self, number)

    def message(self, result: MessageResult) -> None:
        """Pass on, but for what the end of this process alone kept from being sent."""
        if isinstance(result.error, Interrupted) and result.outcome is Outcome.UNSENT:
            return
        self._settled(result.number)
        self.tell(Told("message", (result,), {}, None))

    def problem(self, problem: Problem) -> None:
        """Pass on."""
        self.tell(Told("problem", (problem,), {}, None))

    def note(self, text: str) -> None:
        """Pass on."""
        self.tell(Told("note", (text,), {}, None))

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        """Pass on."""
        self.tell(Told("sent", (line,), {"tls": tls, "secret": secret}, None))

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """Pass on."""
        self.tell(Told("sent_body", (bytes(data),), {"tls": tls, "last": last}, None))

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """Pass on."""
        self.tell(Told("received", (reply,), {"tls": tls, "failure": failure}, None))

    def secret(self, text: str) -> None:
        """Pass on, before anything that repeats it."""
        self.tell(Told("secret", (text,), {}, None))

    def connected(self, info: ConnectionInfo) -> None:
        """Pass on."""
        self.tell(Told("connected", (info,), {}, None))

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Pass on."""
        self.tell(Told("warning", (where, text, error), {}, None))

    def tell(self, value: object) -> None:
        """Pass a value on before the next wait."""
        if not self._told:
            self.soon(self.flush)
        self._told.append(value)

    def flush(self) -> None:
        """Write what there is."""
        if self._told:
            rest = memoryview(frame(self._told))
            self._told = []
            while rest:
                rest = rest[os.write(self._channel, rest) :]


class _OfConnection(Reporter):
    """The same for one connection."""

    def __init__(self, whole: Reporter, number: int) -> None:
        self._whole = whole
        self._number = number

    def tell(self, value: object) -> None:
        """Pass it on with the number."""
        if isinstance(value, Told):
            value = value._replace(connection=self._number)
        self._whole.tell(value)
