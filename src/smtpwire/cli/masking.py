"""Keeping secrets off every output, also when the server says them back.

What was sent as part of a login is hidden, and in what the server says each form of it that a
server may echo (`smtpwire.cli.secretforms`), also when it goes over several lines of a reply.  Our
own words and the user's arguments are never touched: a password may happen to be part of an
address.

This stands between a run and whoever shows it; `--trace-auth` is the one way round it.
"""

from __future__ import annotations

import re

from smtpwire.cli.secretforms import SecretForms
from smtpwire.core.reply import Reply
from smtpwire.errors import HelloRefused, RemoteProtocolError
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem

HIDDEN = b"(hidden)"

_AUTH = re.compile(rb"AUTH +\S+", re.IGNORECASE)


class Mask:
    """The forms of a secret, and text without them."""

    def __init__(self, user: str, password: str) -> None:
        """Learn a password.

        Args:
            user: whom it is for; the mechanisms encode both together.
            password: the secret.
        """
        self._forms = SecretForms(user, password)

    def octets(self, text: bytes) -> bytes:
        """Return `text` with every known form hidden, and as many lines as it had."""
        pattern = self._forms.pattern(text)
        return text if pattern is None else pattern.sub(_hidden, text)

    def text(self, text: str) -> str:
        """Return `text` with every known form hidden."""
        return self.octets(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def reply(self, reply: Reply) -> Reply:
        """Return a reply that holds no known form."""
        return Reply(reply.code, tuple(self.octets(b"\n".join(reply.raw)).split(b"\n")))

    def optional(self, reply: Reply | None) -> Reply | None:
        """Return the reply, if there is one, without any known form."""
        return None if reply is None else self.reply(reply)

    def error(self, error: SMTPError | None) -> None:
        """Take every known form out of what the server said in this error, once and for all."""
        if error is None:
            return
        error.reply = self.optional(error.reply)
        if isinstance(error, HelloRefused):
            error.ehlo = self.reply(error.ehlo)
            error.helo = self.optional(error.helo)
        elif isinstance(error, RemoteProtocolError) and error.line is not None:
            error.line = self.octets(error.line)


class MaskingObserver(Observer):
    """Passes on what it is told, without the secrets."""

    def __init__(self, inner: Observer, mask: Mask) -> None:
        """Stand before `inner`."""
        self._inner = inner
        self._mask = mask

    def note(self, text: str) -> None:
        """Pass on; it is our own words."""
        self._inner.note(text)

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        """Pass on; of a line of a login, only the command and the mechanism."""
        if secret:
            command = _AUTH.match(line)
            shown = command[0] if command else b""
            line = b" ".join(filter(None, (shown, HIDDEN))) + b"\r\n"
        self._inner.sent(line, tls=tls, secret=secret)

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """Pass on; it is the user's own message."""
        self._inner.sent_body(data, tls=tls, last=last)

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """Pass on without the secret."""
        self._inner.received(self._mask.reply(reply), tls=tls, failure=failure)

    def connected(self, info: ConnectionInfo) -> None:
        """Pass on without the secret."""
        greeting = self._mask.reply(info.greeting)
        hello = self._mask.reply(info.hello)
        self._inner.connected(info._replace(greeting=greeting, hello=hello))

    def message(self, result: MessageResult) -> None:
        """Pass on without the secret."""
        self._mask.error(result.error)
        masked: dict[int, Reply | None] = {}
        """By identity: one reply may stand behind every recipient, and is to stay one."""

        def of(reply: Reply | None) -> Reply | None:
            if id(reply) not in masked:
                masked[id(reply)] = self._mask.optional(reply)
            return masked[id(reply)]

        recipients = tuple(r._replace(reply=of(r.reply)) for r in result.recipients)
        self._inner.message(result._replace(reply=of(result.reply), recipients=recipients))

    def problem(self, problem: Problem) -> None:
        """Pass on without the secret."""
        self._mask.error(problem.error)
        self._inner.problem(problem._replace(reply=self._mask.optional(problem.reply)))

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Pass on without the secret: a server's words may be in it."""
        self._mask.error(error)
        self._inner.warning(where, self._mask.text(text), error)


def _hidden(found: re.Match[bytes]) -> bytes:
    return b"\n".join([HIDDEN] * (found[0].count(b"\n") + 1))
