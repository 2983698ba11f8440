"""What a run tells whoever watches it, while it goes on and at its end."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import Outcome, RecipientOutcome
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


class ConnectionInfo(NamedTuple):
    """One connection that is ready for messages."""

    server: str
    """As it was asked for: a name or an address."""
    port: int
    address: str
    """The address that answered, without brackets."""
    protocol: str
    """ESMTP, or SMTP after HELO."""
    tls_version: str | None
    """TLSv1.3 and the like; None in the clear."""
    tls_cipher: str | None
    verified_by: str
    """What the server proved to be who it is by: CA, pin, DANE-EE, DANE-TA; "" for nothing."""
    certificate_names: tuple[str, ...]
    """The DNS names and IP addresses in its certificate."""
    certificate_expires: int | None
    """When that does, in seconds since 1970; None when it is not known, and in the clear."""
    mechanism: str | None
    """The SASL mechanism of the login, or None."""
    greeting: Reply
    hello: Reply
    """The last reply to EHLO or HELO."""
    seconds: float
    """From the start of connecting until ready."""


class MessageResult(NamedTuple):
    """What became of one message, recipient by recipient."""

    number: int
    """Its place in the run, from 0."""
    name: str
    """The name the user gave it; "-" for standard input."""
    reverse_path: str | None
    """As sent, without angle brackets: "" is the null reverse-path; None when it is not known."""
    recipients: tuple[RecipientOutcome, ...]
    """Empty when the message could not be used, so that its recipients never were known."""
    octets: int | None
    """Its size on the wire, None when it was not counted."""
    outcome: Outcome
    """Accepted when any recipient was; else unknown, deferred, refused or unsent: the first of
    these that any recipient was."""
    reply: Reply | None
    command: str
    error: SMTPError | None
    seconds: float
    """From the time its turn came until it was settled."""


class Problem(NamedTuple):
    """One thing that went wrong: what stderr shows, and what the exit code is made of."""

    where: str
    """A message's name, or HOST:PORT."""
    error: SMTPError | None
    reply: Reply | None
    command: str
    outcome: Outcome | None
    """Of the recipient or message it is about; None when it is about the connection."""
    recipient: str | None
    """The one recipient it is about; None for a whole message or connection."""


class RunReport(NamedTuple):
    """The whole run."""

    messages: int
    outcomes: dict[Outcome, int]
    """Recipients by outcome."""
    problems: tuple[Problem, ...]
    """The first of each kind is enough for the exit code, so repeats may be left out."""
    signal: int | None
    """The number of the signal that ended it, or None."""


class Observer:
    """Whoever watches a run; each method does nothing until it is overridden.

    No call may raise, and each is to return soon.
    """

    def connection(self, number: int) -> Observer:  # noqa: ARG002 - most do not tell them apart
        """Return who watches one of several connections, counted from 1: told all but results."""
        return self

    def note(self, text: str) -> None:
        """Something worth a line in a trace: a connection attempt, TLS, a close."""

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:
        """A command line was handed to the transport, CRLF included."""

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """A piece of content was handed over; `last` with the last one of a chunk or message."""

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """A whole reply came."""

    def secret(self, text: str) -> None:
        """A secret is to be sent that was not known before the run: an access token.

        It comes before anything that may repeat it, and is to be shown to nobody.
        """

    def connected(self, info: ConnectionInfo) -> None:
        """A connection is ready for messages."""

    def message(self, result: MessageResult) -> None:
        """A message is settled."""

    def problem(self, problem: Problem) -> None:
        """An error; one line on stderr."""

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Not an error of the run; one line on stderr.

        Args:
            where: a message's name, or HOST:PORT.
            text: what there is to say, unescaped.
            error: what it follows from, to be told before it.
        """
