"""What the catcher does with a session: everything is accepted, told in one line, and stored.

The line holds no time, no port and no name that was made up here, so that the same messages give
the same lines:

    caught: from <a@x> to <b@y>, <c@y> 1234 octets Subject as it stands in the header

All of it but the number comes from whoever submits, and is escaped as the `smtp` command escapes
what a server says.
"""

from __future__ import annotations

import re

from smtpwire.cli.escape import octets, printable, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from smtpwire.catch.maildir import Maildir

SUBJECT_LIMIT = 200
"""Characters of a subject in a line of output."""

_SUBJECT = re.compile(rb"\r\nsubject[ \t]*:((?:[^\r]|\r(?!\n)|\r\n(?=[ \t]))*)", re.IGNORECASE)


class Catcher:
    """The hooks that aiosmtpd calls, with arguments in its own order."""

    def __init__(
        self,
        maildir: Maildir | None,
        report: Callable[[str], object],
        complain: Callable[[str], object],
    ) -> None:
        """Make a catcher for any number of connections.

        Args:
            maildir: where messages are stored; None to tell of them only.
            report: called with one line for each message.
            complain: called with one line for each thing that went wrong.
        """
        self._maildir = maildir
        self._report = report
        self._complain = complain

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING (RFC 2920) besides what aiosmtpd offers.

        It reads one command after the other from one buffer, which is all that a server must do.
        """
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
    ) -> str:
        """Store a message, tell of it, and return the reply to it."""
        content = envelope.original_content or b""
        if self._maildir is not None:
            try:
                self._maildir.deliver(content)
            except OSError as error:
                self._complain(f"{printable(self._maildir.path)}: {error.strerror or error}")
                return "452 4.3.1 the message could not be stored"
        # aiosmtpd says the null reverse-path with its brackets, and nothing else with any.
        reverse_path = (envelope.mail_from or "").removeprefix("<>")
        self._report(caught_line(reverse_path, envelope.rcpt_tos, content))
        return "250 2.0.0 caught"

    async def handle_exception(self, error: Exception) -> str:
        """Tell of a defect in one line, and return the reply to the command that met it."""
        self._complain(f"{type(error).__name__}: {printable(str(error))}")
        return "451 4.3.0 the catcher failed"


def caught_line(reverse_path: str, recipients: list[str], content: bytes) -> str:
    """Return the line that tells of a message.

    Args:
        reverse_path: without angle brackets; "" is the null reverse-path.
        recipients: in the order of their commands, without angle brackets.
        content: the message as it was received, dots undoubled.
    """
    to = ", ".join(f"<{printable(recipient)}>" for recipient in recipients)
    line = f"caught: from <{printable(reverse_path)}> to {to} {len(content)} octets"
    return f"{line} {shorten(octets(subject(content)), SUBJECT_LIMIT)}".rstrip()


def subject(content: bytes) -> bytes:
    """Return the first Subject field's text, unfolded (RFC 5322 section 2.2.3); b"" without one."""
    header = (b"\r\n" + content).partition(b"\r\n\r\n")[0]
    field = _SUBJECT.search(header)
    return field[1].replace(b"\r\n", b"").strip(b" \t") if field else b""
