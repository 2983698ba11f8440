"""What can end a connection, a message or a run.

A server's "no" about a message is a value (`smtpwire.core.transaction.RecipientOutcome`), never
an exception.  These are for what breaks: the connection, the conversation, the input.

    SMTPError                    .reply: the server's reply behind it, where there is one
     |- ConnectError             no connection: refused, unreachable, no address
     |   `- HostNotFound         the name does not exist
     |- NoMailService            the domain says that it takes no mail
     |- ConnectionLost           FIN, reset, or a failed write
     |- TimedOut                 .wait: what was being waited for
     |- Interrupted              the caller asked to stop (a signal)
     |- ServerClosing            a 421, or a RSET refused
     |- GreetingRefused          a 4yz or 5yz greeting
     |- HelloRefused             .ehlo and .helo: both replies, so that the cause is never masked
     |- StartTLSRefused          STARTTLS was answered, but not with 220
     |- TLSError                 the handshake broke
     |   `- CertificateError     the server's certificate was not accepted
     |- MissingExtension         .name: what EHLO did not offer and somebody needs
     |- AuthFailed               .mechanism: the one refused, or None when none could be used
     |- ProtocolError
     |   |- LocalProtocolError   the caller broke the contract of a call
     |   `- RemoteProtocolError  the server did: nothing more is said on this connection; .line
     |- MessageError             .where: a message that cannot be sent
     |   |- MessageNotFound      it cannot be opened
     |   |- MessageUnreadable    reading it failed half-way
     |   |- MessageUnusable      its content: empty, no recipients in its header
     |   `- MessageTooLarge      larger than the server's SIZE
     |- JournalError             the journal cannot be used, or written any more
     |   `- JournalBusy          another run has it
     |- SettledEarlier           not an error: what an earlier run found out holds
     `- InvalidAddress           also a ValueError

Texts are whole sentences without a final period, without line ends, and without secrets.  Text
that came from a server is in them only as a `Reply` or as the octets `line`, never formatted in:
whoever shows an error escapes it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.reply import Reply


class SMTPError(Exception):
    """Base of everything this package raises on purpose.

    Attributes:
        reply: the server's reply that caused it, or None.
        at_login: whether a login was under way, so that the server may have the password.
    """

    at_login = False

    def __init__(self, text: str, *, reply: Reply | None = None) -> None:
        super().__init__(text)
        self.reply = reply

    def __reduce__(self) -> tuple[object, ...]:
        """Let pickle copy it as it is, whatever its constructor wants."""
        return _copy_of, (type(self), self.args), self.__dict__


def _copy_of(kind: type[SMTPError], args: tuple[object, ...]) -> SMTPError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class ConnectError(SMTPError):
    """No connection could be had."""


class HostNotFound(ConnectError):
    """The server's name does not exist (a resolver's passing failure is a ConnectError)."""


class NoMailService(SMTPError):
    """The domain has a null MX (RFC 7505 section 3): no server takes its mail."""


class ConnectionLost(SMTPError):
    """The connection ended when it was not due to end."""


class TimedOut(SMTPError):
    """A limit of time ran out; `wait` names what was being waited for."""

    def __init__(self, text: str, *, wait: str, reply: Reply | None = None) -> None:
        super().__init__(text, reply=reply)
        self.wait = wait


class Interrupted(SMTPError):
    """The caller asked for the end."""


class ServerClosing(SMTPError):
    """The server said 421 (RFC 5321 section 3.8), or refused a RSET."""


class GreetingRefused(SMTPError):
    """The server greeted with a 4yz or 5yz reply (RFC 5321 section 3.1)."""


class HelloRefused(SMTPError):
    """EHLO was refused, and HELO too where it was tried.

    Attributes:
        ehlo: the reply to EHLO.
        helo: the reply to HELO, or None when HELO was not tried or not answered.
    """

    def __init__(self, text: str, *, ehlo: Reply, helo: Reply | None = None) -> None:
        super().__init__(text, reply=helo or ehlo)
        self.ehlo = ehlo
        self.helo = helo


class StartTLSRefused(SMTPError):
    """STARTTLS was offered and then refused."""


class TLSError(SMTPError):
    """The TLS handshake failed."""


class CertificateError(TLSError):
    """The server could not prove to be the one it was to be."""


class MissingExtension(SMTPError):
    """The server does not offer what the message or the caller needs."""

    def __init__(self, text: str, *, name: str) -> None:
        super().__init__(text)
        self.name = name


class AuthFailed(SMTPError):
    """No login: refused by the server, or not possible under the rules in force.

    Attributes:
        mechanism: the SASL mechanism that was tried, or None.
    """

    def __init__(
        self, text: str, *, mechanism: str | None = None, reply: Reply | None = None
    ) -> None:
        super().__init__(text, reply=reply)
        self.mechanism = mechanism


class ProtocolError(SMTPError):
    """Somebody broke the rules of the conversation."""


class LocalProtocolError(ProtocolError):
    """The caller did: a defect in the program that uses this package."""


class RemoteProtocolError(ProtocolError):
    """The server did: replies and commands no longer match.

    Attributes:
        line: the octets that could not be read as a reply, or None.
    """

    def __init__(self, text: str, *, reply: Reply | None = None, line: bytes | None = None) -> None:
        super().__init__(text, reply=reply)
        self.line = line


class MessageError(SMTPError):
    """A message that cannot be sent.

    Attributes:
        where: the name of the message, as the user gave it.
    """

    def __init__(self, text: str, *, where: str = "") -> None:
        super().__init__(text)
        self.where = where


class MessageNotFound(MessageError):
    """The message cannot be opened."""


class MessageUnreadable(MessageError):
    """Reading the message failed after it was opened, or it changed meanwhile."""


class MessageUnusable(MessageError):
    """The message's content does not allow it to be sent."""


class MessageTooLarge(MessageError):
    """The message is larger than the server's limit (RFC 1870)."""


class JournalError(SMTPError):
    """The journal of a run cannot be used, or cannot be written any more."""


class JournalBusy(JournalError):
    """Another run has the journal."""


class SettledEarlier(SMTPError):
    """An earlier run came to this outcome, by its journal; nothing was sent now."""


class InvalidAddress(SMTPError, ValueError):
    """Text that is not an address by the grammar of RFC 5321 section 4.1.2."""
