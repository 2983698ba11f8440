"""Keeping secrets off every output, also when the server says them back.

What was sent as part of a login is hidden, and in what the server says the password is, in each
form that a server may echo: as it is, in base64, in hexadecimal, percent-encoded, escaped.  Our own
words and the user's arguments are never touched: a password may happen to be part of an address.

This stands between a run and whoever shows it; `--trace-auth` is the one way round it.
"""

from __future__ import annotations

import re

from smtpwire.core.reply import Reply
from smtpwire.errors import HelloRefused, RemoteProtocolError
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.transaction import RecipientOutcome
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem

HIDDEN = b"(hidden)"

SHORTEST_MASKED = 4
"""Octets; to blot out anything shorter wherever its letters occur would tell what it is."""

_AUTH = re.compile(rb"AUTH +\S+", re.IGNORECASE)
_NOT_UNRESERVED = re.compile(rb"[^A-Za-z0-9._~-]")  # RFC 3986 section 2.3


class Mask:
    """The forms of a secret, and text without them."""

    def __init__(self, user: str, password: str) -> None:
        """Learn a password.

        Args:
            user: whom it is for; PLAIN encodes both together.
            password: the secret.
        """
        from binascii import b2a_base64

        self._forms: set[bytes] = set()
        self._pattern: re.Pattern[bytes] | None = None
        plain = password.encode()
        if len(plain) < SHORTEST_MASKED:
            return
        message = b"\0".join((b"", user.encode(), plain))  # RFC 4616 section 2
        for text in (message, plain):
            self.add(b2a_base64(text, newline=False).rstrip(b"="))
        self.add(plain)
        self.add(plain.hex().encode())
        self.add(_NOT_UNRESERVED.sub(lambda match: b"%%%02X" % match[0][0], plain))
        self.add(repr(password)[1:-1].encode())

    def add(self, form: bytes) -> None:
        """Hide this from now on, too."""
        if len(form) < SHORTEST_MASKED or form in self._forms:
            return
        self._forms.add(form)
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def octets(self, text: bytes) -> bytes:
        """Return `text` with every known form hidden, in any case of letters."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def text(self, text: str) -> str:
        """Return `text` with every known form hidden."""
        return self.octets(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def reply(self, reply: Reply) -> Reply:
        """Return a reply that holds no known form."""
        return Reply(reply.code, tuple(map(self.octets, reply.raw)))

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
            self._mask.add(line[len(shown) :].strip().rstrip(b"="))
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
        recipients = tuple(map(self._recipient, result.recipients))
        reply = self._mask.optional(result.reply)
        self._inner.message(result._replace(reply=reply, recipients=recipients))

    def problem(self, problem: Problem) -> None:
        """Pass on without the secret."""
        self._mask.error(problem.error)
        self._inner.problem(problem._replace(reply=self._mask.optional(problem.reply)))

    def warning(self, where: str, text: str) -> None:
        """Pass on without the secret: a server's words may be in it."""
        self._inner.warning(where, self._mask.text(text))

    def _recipient(self, outcome: RecipientOutcome) -> RecipientOutcome:
        return outcome._replace(reply=self._mask.optional(outcome.reply))
