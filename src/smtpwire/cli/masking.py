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
_CODE = rb"[2-5]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?"


class Mask:
    """The forms of secrets, and text without them."""

    def __init__(self, user: str, *secrets: str, authzid: str = "") -> None:
        """Learn secrets.

        Args:
            user: whom they are for; the mechanisms encode both together.
            secrets: passwords and tokens.
            authzid: whom to act as, which PLAIN encodes with them; "" for the user.
        """
        self._user = user
        self._authzid = authzid
        self._known: dict[str, SecretForms] = {}
        """By the secret."""
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Learn one more: a token that came while the run was going on."""
        if secret not in self._known:
            self._known[secret] = SecretForms(self._user, secret, self._authzid)

    def octets(self, text: bytes) -> bytes:
        """Return `text` with every known form hidden, and as many lines as it had.

        A text may have been cut, so its end is hidden, too, where a form could begin there.
        """
        return _without(text, self._spans(text))

    def line(self, line: bytes) -> bytes:
        """Return a line of a reply, code included, with every known form hidden.

        The lines around it are not known, so it may also begin with the end of a form.
        """
        code = re.match(_CODE, line)
        start = code.end() if code else 0
        rest = self._spans(line[start:], fragment=True)
        moved = [(first + start, last + start) for first, last in rest]
        return _without(line, self._spans(line) + moved)

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
            error.line = self.line(error.line)

    def _spans(self, text: bytes, *, fragment: bool = False) -> list[tuple[int, int]]:
        return [
            span for forms in self._known.values() for span in forms.spans(text, fragment=fragment)
        ]


class MaskingObserver(Observer):
    """Passes on what it is told, without the secrets."""

    def __init__(self, inner: Observer, mask: Mask) -> None:
        """Stand before `inner`."""
        self._inner = inner
        self._mask = mask

    def connection(self, number: int) -> Observer:
        """Return who watches one connection, and is shown no secret either."""
        return MaskingObserver(self._inner.connection(number), self._mask)

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

    def secret(self, text: str) -> None:
        """Keep it off from now on; whoever is behind this need not know it."""
        self._mask.learn(text)

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


def _without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return a text with one mark for each line of what spans cover."""
    shown: list[bytes] = []
    place = 0
    for start, end in _joined(spans):
        lines = text.count(b"\n", start, end) + 1
        shown += (text[place:start], b"\n".join([HIDDEN] * lines))
        place = end
    return b"".join((*shown, text[place:]))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what spans cover, in order: those that overlap or touch are one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            first, last = joined.pop()
            joined.append((first, max(last, end)))
        else:
            joined.append((start, end))
    return joined
