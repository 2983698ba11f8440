"""The conversation, line for line, as `-t` shows it.

Each line has a mark of four characters, and one line on the wire is one line here:

    ===     information             ***     an error
     ->     sent                     ~>     sent under TLS
    <-      received                <~      received under TLS
    <**     received, a failure     <~*     the same under TLS

Content is one line that counts its octets as they go out: normalised, and for DATA with its dots
doubled; the final dot of DATA is shown as the line that it is.  That line comes when the content
has gone out, or when the connection ends and no more of it will go.  What is heard or goes wrong
meanwhile (another message that cannot be used, the reply to an earlier one) stands before it, and
never makes two lines of one.

With several connections at a time, each line that is about one begins with its number, `#3 `.
"""

from __future__ import annotations

from smtpwire.cli.errors import NO_NAME, problem_text, warning_text
from smtpwire.cli.escape import octets, printable, reply_lines, sentence
from smtpwire.cli.report import certificate_words
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.core.reply import Reply
    from smtpwire.errors import SMTPError
    from smtpwire.run.report import ConnectionInfo, Problem

_INFORMATION, _ERROR = "=== ", "*** "
_SENT = {False: " -> ", True: " ~> "}
_RECEIVED = {False: "<-  ", True: "<~  "}
_FAILURE = {False: "<** ", True: "<~* "}

_FINAL_DOT = b".\r\n"
_LONGEST_SHOWN = 65_536
"""Octets of content held back for the end of their line; a longer line is shown in pieces."""


class Trace(Observer):
    """Writes the conversation."""

    def __init__(
        self,
        write: Callable[..., None],
        *,
        body: bool = False,
        clock: Callable[[], float] | None = None,
        number: int | None = None,
    ) -> None:
        """Make a trace.

        Args:
            write: takes lines.
            body: show the content too.
            clock: seconds; given, each line says how many have passed since now.
            number: of the one connection of several that it is about.
        """
        self._write = write
        self._show_body = body
        self._clock = clock
        self._start = clock() if clock else 0.0
        self._number = "" if number is None else f"#{number} "
        self._tls = False
        self._dotted = False
        """The content that comes goes by DATA, so that it ends in a dot."""
        self._octets = 0
        self._partial = b""

    def connection(self, number: int) -> Trace:
        """Return the trace of one connection, which counts the same seconds."""
        trace = Trace(self._write, body=self._show_body, clock=self._clock, number=number)
        trace._start = self._start
        return trace

    def note(self, text: str) -> None:
        """Show information: of a connection, that it is tried, is secured or has ended."""
        self._body_stopped()
        self._lines(_INFORMATION, [sentence(text)])

    def connected(self, info: ConnectionInfo) -> None:
        """Show what TLS came to, where there is TLS."""
        if info.tls_version is not None:
            proof = f"verified ({info.verified_by})" if info.verified_by else "not verified"
            self.note(f"{info.tls_version} {info.tls_cipher}, {proof}{certificate_words(info)}")

    def problem(self, problem: Problem) -> None:
        """Show an error."""
        self._lines(_ERROR, [f"{printable(problem.where) or NO_NAME}: {problem_text(problem)}"])

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        """Show a warning."""
        self._lines(_INFORMATION, [f"{printable(where)}: {warning_text(text, error)}"])

    def sent(self, line: bytes, *, tls: bool, secret: bool) -> None:  # noqa: ARG002 - masked before
        """Show a command, or several that went in one write."""
        commands = line.removesuffix(b"\r\n").split(b"\r\n")
        self._dotted = commands[-1].upper() == b"DATA"
        self._lines(_SENT[tls], [octets(command) for command in commands])

    def sent_body(self, data: bytes | memoryview, *, tls: bool, last: bool) -> None:
        """Count content, or show it."""
        self._tls = tls
        self._octets += len(data)
        if self._show_body:
            self._show(bytes(data), last=last)
        elif last and self._dotted:
            self._count(self._octets - len(_FINAL_DOT))
            self._lines(_SENT[tls], ["."])
        elif last:
            self._count(self._octets)
        if last:
            self._octets = 0

    def received(self, reply: Reply, *, tls: bool, failure: bool) -> None:
        """Show a reply."""
        marks = _FAILURE if failure else _RECEIVED
        self._lines(marks[tls], reply_lines(reply))

    def _body_stopped(self) -> None:
        """Account for content that was begun and of which no end came."""
        if not self._octets:
            return
        if self._show_body:
            self._show(b"", last=True)
        else:
            self._count(self._octets, " so far")
        self._octets = 0

    def _count(self, octets_sent: int, how: str = "") -> None:
        self._lines(_SENT[self._tls], [f"({octets_sent} octets of message{how})"])

    def _show(self, data: bytes, *, last: bool) -> None:
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        if last or len(self._partial) > _LONGEST_SHOWN:
            if self._partial:
                lines.append(self._partial)
            self._partial = b""
        shown = [octets(line.removesuffix(b"\r")) for line in lines]
        self._lines(_SENT[self._tls], shown)

    def _lines(self, mark: str, lines: list[str]) -> None:
        mark = self._number + mark
        if self._clock is not None:
            mark = f"{self._clock() - self._start:9.3f} {mark}"
        self._write(*[mark + line for line in lines])
