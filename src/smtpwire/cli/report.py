"""One line for each connection and each message, as `-v` shows them.

    connected: mail.example:25 [192.0.2.1] ESMTP TLSv1.3 TLS_AES_256_GCM_SHA384 verified AUTH PLAIN,
      certificate for mail.example until 2027-01-31 (all of it in one line)
    sent: msg1.eml from <a@x> to 2 of 3, 48213 octets, 250 2.0.0 Ok: queued as 4ABC

The word before the colon is `sent` when any recipient was accepted, else the message's outcome.  A
field of a message that is not known is `-`.
"""

from __future__ import annotations

from smtpwire.cli.errors import NO_NAME, TEXT_LIMIT, error_text
from smtpwire.cli.escape import printable, reply_line, shorten
from smtpwire.client import endpoint
from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.run.report import ConnectionInfo, MessageResult

_NAMES_SHOWN = 5
"""Names of a certificate; some have a hundred, and `--json` has them all."""
_NAME_SHOWN = 80
"""Characters of each."""


class Report(Observer):
    """Writes these lines."""

    def __init__(self, write: Callable[..., None], *, tls_wanted: bool = False) -> None:
        """Make a report.

        Args:
            write: takes lines.
            tls_wanted: TLS was asked for, so that a connection without it is worth a word.
        """
        self._write = write
        self._tls_wanted = tls_wanted

    def connected(self, info: ConnectionInfo) -> None:
        """Tell of a connection."""
        self._write(connection_line(info, tls_wanted=self._tls_wanted))

    def message(self, result: MessageResult) -> None:
        """Tell of a message."""
        self._write(message_line(result))


def connection_line(info: ConnectionInfo, *, tls_wanted: bool) -> str:
    """Return the line for a connection."""
    words = [f"connected: {endpoint(info.server, info.port)} [{info.address}] {info.protocol}"]
    if info.tls_version:
        words += [info.tls_version, info.tls_cipher or "-"]
        if info.verified_by:
            words.append("verified")
    elif tls_wanted:
        words.append("cleartext")
    if info.mechanism:
        words.append(f"AUTH {info.mechanism}")
    return printable(" ".join(words) + certificate_words(info))


def certificate_words(info: ConnectionInfo) -> str:
    """Return what is told of a server's certificate, unescaped; "" when it is not known."""
    if info.certificate_expires is None:
        return ""
    from time import gmtime, strftime

    names = " ".join(name[:_NAME_SHOWN] for name in info.certificate_names[:_NAMES_SHOWN])
    if len(info.certificate_names) > _NAMES_SHOWN:
        names += " ..."
    day = strftime("%Y-%m-%d", gmtime(info.certificate_expires))
    return f", certificate for {names or '-'} until {day}"


def message_line(result: MessageResult) -> str:
    """Return the line for a message."""
    word = "sent" if result.outcome is Outcome.ACCEPTED else result.outcome.value
    sender = "-" if result.reverse_path is None else f"<{printable(result.reverse_path)}>"
    accepted = sum(r.outcome is Outcome.ACCEPTED for r in result.recipients)
    size = "-" if result.octets is None else result.octets
    return (
        f"{word}: {printable(result.name) or NO_NAME} from {sender}"
        f" to {accepted} of {len(result.recipients)}, {size} octets, {_answer(result)}"
    )


def _answer(result: MessageResult) -> str:
    if result.error is not None:
        return error_text(result.error)
    return "-" if result.reply is None else shorten(reply_line(result.reply), TEXT_LIMIT)
