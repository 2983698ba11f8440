"""From the greeting to the first MAIL: EHLO or HELO, STARTTLS, EHLO again, AUTH.

Each step is an ordinary command that ends its group.  Two rules decide most of it:

- HELO is tried after a 500 or 502 to the first EHLO in the clear, and after nothing else: any other
  refusal is the server's answer, and hiding it behind the answer to HELO would mask the cause.
- Nothing learnt before TLS is believed after it (RFC 3207 section 4.2).
"""

from __future__ import annotations

from smtpwire.core.command import UNKNOWN_COMMAND, Verb
from smtpwire.core.event import Ready
from smtpwire.core.extensions import NO_EXTENSIONS, capabilities
from smtpwire.core.session import TLSMode
from smtpwire.errors import (
    ConnectionLost,
    GreetingRefused,
    HelloRefused,
    MissingExtension,
    RemoteProtocolError,
    SMTPError,
    StartTLSRefused,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.core.login import LoginExchange
    from smtpwire.core.reply import Reply
    from smtpwire.core.sasl import ChannelBinding
    from smtpwire.core.session import Login, SessionOptions


class Opening:
    """The steps before the first MAIL.

    The engine sends what `next_command` gives and hands each reply to `answered`.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._next: Verb | None = Verb.EHLO
        self._ehlo_refused: Reply | None = None
        self._starttls_tried = False
        self.passed_over: Reply | None = None
        """The refusal of STARTTLS that it went on after, until something else is answered."""
        self._greeting: Reply
        self._hello: Reply
        self._login: LoginExchange
        self.logging_in = False
        """A login is under way: the server may have the password already."""
        self._mechanism: str | None = None
        self.channel_binding: Callable[[], ChannelBinding | None] = _no_binding
        """Says what a login can be bound to, once there is TLS."""
        self.capabilities = NO_EXTENSIONS
        self.secured = options.secured
        self.handshake_due = False
        """STARTTLS was answered with 220: nothing is said before the handshake is done."""
        self.ready: Ready | None = None
        """What was set up, once messages may follow."""

    def next_command(self) -> tuple[Verb, bytes] | None:
        """The next command, or None while a handshake or nothing is due."""
        verb, self._next = self._next, None
        if verb is None:
            return None
        if verb is Verb.AUTH:
            return verb, self._login.line
        if verb is Verb.STARTTLS:
            return verb, b"STARTTLS\r\n"
        return verb, b"%b %b\r\n" % (verb.name.encode(), self._options.helo.encode("ascii"))

    def tls_established(self) -> None:
        """The handshake is done: forget everything, and say EHLO again."""
        self.handshake_due = False
        self.secured = True
        self.capabilities = NO_EXTENSIONS
        self._next = Verb.EHLO

    def answered(self, verb: Verb, reply: Reply) -> SMTPError | None:
        """Take a reply; an error means that the session cannot be set up."""
        self.passed_over = None
        if verb is Verb.GREETING:
            return self._on_greeting(reply)
        if verb is Verb.STARTTLS:
            return self._on_starttls(reply)
        if verb is Verb.AUTH:
            return self._on_auth(reply)
        return self._on_hello(verb, reply)

    def cut_off(self, error: SMTPError) -> SMTPError:
        """The error to report when the connection ended here: a refusal known is not masked."""
        if self._ehlo_refused is not None:
            return HelloRefused(
                "EHLO was refused, and then the connection ended",
                ehlo=self._ehlo_refused,
                helo=error.reply,
            )
        if self.passed_over is not None and isinstance(error, ConnectionLost):
            text = "STARTTLS was refused, and then the connection ended"
            return ConnectionLost(text, reply=self.passed_over)
        return self._login.cut_off(error) if self.logging_in else error

    def _on_greeting(self, reply: Reply) -> SMTPError | None:
        if reply.code == 220:
            self._greeting = reply
            return None
        if reply.refusal:
            return GreetingRefused("the server does not accept mail from here now", reply=reply)
        return RemoteProtocolError("the greeting must be a 220 reply", reply=reply)

    def _on_hello(self, verb: Verb, reply: Reply) -> SMTPError | None:
        if reply.ok:
            self._hello = reply
            self._ehlo_refused = None
            if verb is Verb.EHLO:
                self.capabilities = capabilities(reply)
            return self._after_hello()
        if reply.intermediate:
            return RemoteProtocolError(f"{verb.name} was answered with 3yz", reply=reply)
        if verb is Verb.HELO and self._ehlo_refused is not None:
            return HelloRefused("EHLO and HELO were refused", ehlo=self._ehlo_refused, helo=reply)
        if reply.code in UNKNOWN_COMMAND and not self.secured:
            self._ehlo_refused = reply
            self._next = Verb.HELO
            return None
        inside = " inside TLS" if self.secured else ""
        return HelloRefused(f"EHLO was refused{inside}", ehlo=reply)

    def _after_hello(self) -> SMTPError | None:
        options = self._options
        required = options.tls_required
        wanted = (required or options.tls is not TLSMode.NONE) and not self.secured
        if wanted and not self._starttls_tried and self.capabilities.offers("STARTTLS"):
            self._starttls_tried = True
            self._next = Verb.STARTTLS
            return None
        if wanted and required:
            return MissingExtension(
                "TLS is required and the server does not offer STARTTLS", name="STARTTLS"
            )
        if options.login is not None:
            return self._log_in(options.login)
        self._set_up()
        return None

    def _set_up(self) -> None:
        self.ready = Ready(self._greeting, self._hello, self.capabilities, self._mechanism)

    def _on_starttls(self, reply: Reply) -> SMTPError | None:
        if reply.code == 220:
            self.handshake_due = True
            return None
        if not reply.refusal:
            return RemoteProtocolError("only 220 may answer STARTTLS", reply=reply)
        if self._options.tls_required:
            return StartTLSRefused("TLS is required and STARTTLS was refused", reply=reply)
        self.passed_over = reply
        return self._after_hello()

    def _log_in(self, login: Login) -> SMTPError | None:
        from smtpwire.core.login import LoginExchange

        if not self.capabilities.offers("AUTH"):
            return MissingExtension("a login is asked for and AUTH is not offered", name="AUTH")
        self._login = LoginExchange(
            self._options,
            login,
            self.capabilities.mechanisms,
            secured=self.secured,
            binding=self.channel_binding() if self.secured else None,
        )
        self._next = Verb.AUTH
        self.logging_in = True
        return self._login.begin()

    def _on_auth(self, reply: Reply) -> SMTPError | None:
        error = self._login.answered(reply)
        if error is not None:
            return error
        if self._login.done:
            self.logging_in = False
            self._mechanism = self._login.name
            self._set_up()
        else:
            self._next = Verb.AUTH
        return None


def _no_binding() -> ChannelBinding | None:
    return None
