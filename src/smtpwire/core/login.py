"""One login on one connection: AUTH and its lines (RFC 4954).

A refusal ends it: no other mechanism is tried after it, and no other password.  The one thing that
is tried again is an access token, once, with another: tokens expire by design, and whoever makes
them can only tell from the refusal.

A challenge is bounded and must be base64, but for one that only asks for the initial response.  One
that cannot be answered is cancelled with "*", and the login has failed then whatever the server
says to that.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from smtpwire.core import sasl
from smtpwire.core.command import SecretLine
from smtpwire.errors import AuthFailed, Interrupted, RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from smtpwire.core.reply import Reply
    from smtpwire.core.sasl import ChannelBinding, Mechanism
    from smtpwire.core.session import Login, SessionOptions
    from smtpwire.errors import SMTPError

MAX_COMMAND = 512
"""Octets in a command line with its CRLF (RFC 5321 section 4.5.3.1.4)."""
MAX_AUTH_LINE = 12_288
"""Octets in a line of an AUTH exchange with its CRLF (RFC 4954 section 4)."""


class LoginExchange:
    """What is said to log in, and what the answers mean.

    `begin`, then send `line` and hand its reply to `answered`, until that returns an error or
    `done` is true.

    Args:
        options: with the login, which must be there.
        login: whom to log in as, from `options`.
        offered: the mechanisms of the server's EHLO reply.
        secured: whether the connection is under TLS.
        binding: of the TLS connection, if there is one.

    Attributes:
        line: what to send next.
        name: the mechanism that was chosen.
        done: whether the server has accepted the login.
    """

    def __init__(
        self,
        options: SessionOptions,
        login: Login,
        offered: Collection[str],
        *,
        secured: bool,
        binding: ChannelBinding | None,
    ) -> None:
        self._options = options
        self._login = login
        self._offered = offered
        self._secured = secured
        self._facts = sasl.Facts(
            authzid=login.authzid,
            nonce=options.nonce,
            host=options.host,
            port=options.port,
            binding=binding,
            plus_offered=sasl.offers_binding(offered),
            salted=options.salted,
        )
        self._mechanism: Mechanism
        self._secret = ""
        self._refusal: Reply | None = None
        """Of the token that was there before this one."""
        self._late_initial: bytes | None = None
        self._cancelled: AuthFailed | None = None
        self.line = b""
        self.name = ""
        self.done = False

    def begin(self) -> SMTPError | None:
        """Choose a mechanism and make its first line.

        Returns:
            None, or why nothing can be said: no mechanism, no password, or a signal while a
            password was waited for.
        """
        try:
            self.name = sasl.choose(
                self._offered,
                tls=self._secured,
                bound=self._facts.binding is not None,
                loopback=self._options.loopback,
                forced=self._login.mechanisms,
                allow_cleartext=self._login.allow_cleartext,
            )
            brought = self._login.brought.get(self.name)
            if brought is not None:
                self._start(brought(self._options.host))
            else:
                secret = "" if self.name in sasl.WITHOUT_SECRET else self._login.password()
                self._start_with(secret)
        except (AuthFailed, Interrupted) as error:
            return error
        return None

    def answered(self, reply: Reply) -> SMTPError | None:
        """Take the reply to `line`."""
        if self._cancelled is not None:
            self._cancelled.reply = reply
            return self._cancelled
        if reply.refusal:
            return self._refused(reply)
        if reply.code == 235:
            return self._accepted(reply)
        if reply.code != 334:
            return RemoteProtocolError("AUTH was answered with neither 235 nor 334", reply=reply)
        try:
            self.line = SecretLine(self._response(reply))
        except AuthFailed as error:
            self._cancelled = error
            self.line = b"*\r\n"
        return None

    def cut_off(self, error: SMTPError) -> SMTPError:
        """The error to report when the connection ended here: why the login failed is not masked.

        Args:
            error: how it ended.
        """
        if self._cancelled is not None:
            self._cancelled.reply = error.reply
            return self._cancelled
        if self._refusal is not None:
            text = f"the login was refused, and with another token {error}"
            return AuthFailed(text, mechanism=self.name, reply=self._refusal)
        return error

    def _start_with(self, secret: str) -> None:
        self._secret = secret
        self._start(sasl.mechanism(self.name, self._login.user, secret, self._facts))

    def _start(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._late_initial = None
        self.line = b"AUTH %b\r\n" % self.name.encode("ascii")
        initial = mechanism.initial()
        if initial is None:
            return
        # An empty initial response is written "=" (RFC 4954 section 4).
        encoded = b2a_base64(initial, newline=False) or b"="
        whole = SecretLine(b"AUTH %b %b\r\n" % (self.name.encode("ascii"), encoded))
        if len(whole) <= MAX_COMMAND:
            self.line = whole
        else:
            self._late_initial = initial

    def _accepted(self, reply: Reply) -> SMTPError | None:
        try:
            self._mechanism.accepted()
        except AuthFailed as error:
            error.reply = reply
            return error
        self.done = True
        return None

    def _refused(self, reply: Reply) -> SMTPError | None:
        text = "the login was refused (--auth chooses another mechanism)"
        renew = self._login.renew
        if renew is not None and reply.code == 535 and self._refusal is None:
            self._refusal = reply
            try:
                if self._renew(renew):
                    return None
            except (AuthFailed, Interrupted) as error:
                if error.reply is None:
                    error.reply = reply
                return error
            text = "the login was refused, and there is no other token than the one refused"
        return AuthFailed(text, mechanism=self.name, reply=reply)

    def _renew(self, renew: Callable[[], str]) -> bool:
        """Start again with another token; False when there is no other."""
        token = renew()
        if token == self._secret:
            return False
        self._start_with(token)
        return True

    def _response(self, reply: Reply) -> bytes:
        """The line that answers a challenge.

        Raises:
            AuthFailed: there is none, and the exchange is to be cancelled.
        """
        encoded = reply.raw[0]
        if len(reply.raw) > 1 or len(encoded) + len("334 \r\n") > MAX_AUTH_LINE:
            raise self._given_up("the server's challenge is too long")
        if self._late_initial is not None:
            # It asks for the initial response, whatever it says: some say it in words.
            answer, self._late_initial = self._late_initial, None
        else:
            answer = self._step(encoded)
        return b2a_base64(answer, newline=False) + b"\r\n"

    def _step(self, encoded: bytes) -> bytes:
        try:
            challenge = a2b_base64(encoded.strip(), strict_mode=True)
        except Error:
            raise self._given_up("the server's challenge is not base64") from None
        answer = self._mechanism.step(challenge)
        if answer is None:
            raise self._given_up("the server asked for more than there is")
        return answer

    def _given_up(self, why: str) -> AuthFailed:
        return AuthFailed(f"the login was given up: {why}", mechanism=self.name)
