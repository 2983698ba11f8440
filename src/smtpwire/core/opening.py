"""From the greeting to the first MAIL: EHLO or HELO, STARTTLS, EHLO again, AUTH.

Each step is an ordinary command that ends its group.  Two rules decide most of it:

- HELO is tried after a 500 or 502 to the first EHLO in the clear, and after nothing else: any other
  refusal is the server's answer, and hiding it behind the answer to HELO would mask the cause.
- Nothing learnt before TLS is believed after it (RFC 3207 section 4.2).
"""

from __future__ import annotations

from smtpwire.core.command import UNKNOWN_COMMAND, SecretLine, Verb
from smtpwire.core.event import Ready
from smtpwire.core.extensions import NO_EXTENSIONS, capabilities
from smtpwire.core.session import TLSMode
from smtpwire.errors import (
    AuthFailed,
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
    from smtpwire.core.reply import Reply
    from smtpwire.core.sasl import Mechanism
    from smtpwire.core.session import Login, SessionOptions

MAX_COMMAND = 512
"""Octets in a command line with its CRLF (RFC 5321 section 4.5.3.1.4)."""
MAX_AUTH_LINE = 12_288
"""Octets in a line of an AUTH exchange with its CRLF (RFC 4954 section 4)."""


class Opening:
    """The steps before the first MAIL.

    The engine sends what `next_command` gives and hands each reply to `answered`.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._next: Verb | None = Verb.EHLO
        self._line = b""
        self._ehlo_refused: Reply | None = None
        self._starttls_tried = False
        self.passed_over: Reply | None = None
        """The refusal of STARTTLS that it went on after, until something else is answered."""
        self._greeting: Reply
        self._hello: Reply
        self._sasl: Mechanism
        self._mechanism: str | None = None
        self._late_initial: bytes | None = None
        self._cancelled = ""
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
            return verb, self._line
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
        return error

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
        wanted = options.tls is not TLSMode.NONE and not self.secured
        if wanted and not self._starttls_tried and self.capabilities.offers("STARTTLS"):
            self._starttls_tried = True
            self._next = Verb.STARTTLS
            return None
        if wanted and options.tls is TLSMode.REQUIRED:
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
        if self._options.tls is TLSMode.REQUIRED:
            return StartTLSRefused("TLS is required and STARTTLS was refused", reply=reply)
        self.passed_over = reply
        return self._after_hello()

    # AUTH (RFC 4954): a refusal ends it; no other mechanism is tried after it.

    def _log_in(self, login: Login) -> SMTPError | None:
        from smtpwire.core import sasl

        if not self.capabilities.offers("AUTH"):
            return MissingExtension("a login is asked for and AUTH is not offered", name="AUTH")
        try:
            name = sasl.choose(
                self.capabilities.mechanisms,
                tls=self.secured,
                loopback=self._options.loopback,
                forced=login.mechanisms,
                allow_cleartext=login.allow_cleartext,
            )
            self._sasl = sasl.mechanism(name, login.user, login.password())
        except AuthFailed as error:
            return error
        self._line = self._auth_line(name, self._sasl.initial())
        self._next = Verb.AUTH
        return None

    def _auth_line(self, name: str, initial: bytes | None) -> bytes:
        from binascii import b2a_base64

        line = b"AUTH " + name.encode("ascii")
        if initial is None:
            return line + b"\r\n"
        # An empty initial response is written "=" (RFC 4954 section 4).
        encoded = b2a_base64(initial, newline=False) or b"="
        full = SecretLine(b"%b %b\r\n" % (line, encoded))
        if len(full) <= MAX_COMMAND:
            return full
        self._late_initial = initial
        return line + b"\r\n"

    def _on_auth(self, reply: Reply) -> SMTPError | None:
        mechanism = self._sasl
        if reply.refusal or self._cancelled:
            text = self._cancelled or "the login was refused (--auth chooses another mechanism)"
            return AuthFailed(text, mechanism=mechanism.name, reply=reply)
        if reply.code == 235:
            self._mechanism = mechanism.name
            self._set_up()
            return None
        if reply.code != 334:
            return RemoteProtocolError("AUTH was answered with neither 235 nor 334", reply=reply)
        response = self._respond(mechanism, reply)
        if response is None:
            self._line = b"*\r\n"
        else:
            self._line = SecretLine(response)
        self._next = Verb.AUTH
        return None

    def _respond(self, mechanism: Mechanism, reply: Reply) -> bytes | None:
        """The line that answers a challenge; None to cancel, and then `_cancelled` says why."""
        from binascii import Error, a2b_base64, b2a_base64

        encoded = reply.raw[0]
        if len(reply.raw) > 1 or len(encoded) + len("334 \r\n") > MAX_AUTH_LINE:
            self._cancelled = "the login was given up: the server's challenge is too long"
            return None
        try:
            challenge = a2b_base64(encoded.strip(), strict_mode=True)
        except Error:
            self._cancelled = "the login was given up: the server's challenge is not base64"
            return None
        if self._late_initial is not None:
            answer, self._late_initial = self._late_initial, None
        else:
            step = mechanism.step(challenge)
            if step is None:
                self._cancelled = "the login was given up: the server asked for more than there is"
                return None
            answer = step
        return b2a_base64(answer, newline=False) + b"\r\n"
