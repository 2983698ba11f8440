"""One connection of the model server: reads commands, keeps the state, collects the answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from tests.scripted.message import Message
from tests.scripted.sasl import authenticate
from tests.scripted.steps import Close, Send, Step, octets, read_data
from tests.scripted.wire import Failure

if TYPE_CHECKING:
    from tests.scripted.model import ModelServer, Reply
    from tests.scripted.wire import Wire

_MAY_CONTINUE = frozenset({"RSET", "MAIL", "RCPT", "BDAT", "END"})
"""What may be followed by something before it is answered: RFC 2920 section 3.1 on RSET, MAIL and
RCPT and the end of data, RFC 3030 section 4.2 on BDAT."""

_NO_RECIPIENTS = "554 5.5.1 no valid recipients"


class Session:
    """One connection of the model server."""

    def __init__(self, server: ModelServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire
        self._tls = False
        self._user: str | None = None
        self._keywords: frozenset[str] = frozenset()
        """What the last reply to EHLO offered."""
        self._answers = b""
        """Replies that were not sent yet."""
        self._forget()

    def _forget(self) -> None:
        """Be without a transaction."""
        self._mail: str | None = None
        self._parameters: tuple[str, ...] = ()
        self._recipients: list[str] = []
        self._chunks = bytearray()
        self._chunk_refused = False

    def run(self) -> None:
        """Serve it to the end."""
        if self._server.tls_on_connect and not self._start_tls():
            return
        self._say("GREETING", "", "220 mail.example ESMTP")
        while not self._over and (line := self._next_line()) is not None:
            self._command(line)

    # -- input and output -------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._wire.closed or self._wire.ended

    def _next_line(self) -> bytes | None:
        """The next command; the answers go out before it has to be waited for."""
        while (line := self._wire.take_line()) is None:
            if self._answers and self._wire.quiet(self._server.patience):
                self._flush()
            elif not self._wire.fill():
                break
        if line is None and self._wire.buffered:
            raise Failure(f"the client ended the connection inside {self._wire.buffered!r}")
        return line

    def _say(self, verb: str, argument: str, usual: Reply) -> str:
        """Answer by the rules of the test or as usual.

        Returns:
            The first text that was answered, for it decides.
        """
        if not ("PIPELINING" in self._keywords and verb in _MAY_CONTINUE):
            self._see_that_nothing_follows(verb)
        reply = self._server.reply(verb, argument, usual)
        parts = reply if isinstance(reply, tuple) else (reply,)
        for part in parts:
            self._answer(part)
            if self._wire.closed:
                break
        if verb not in _MAY_CONTINUE and not self._wire.closed:
            self._flush()
        texts = (part.text if isinstance(part, Send) else part for part in parts)
        return next((octets(t).decode() for t in texts if isinstance(t, str | bytes)), "")

    def _see_that_nothing_follows(self, verb: str) -> None:
        """RFC 2920 section 3.1: the client waits for the answer to `verb`."""
        if not self._wire.quiet(self._server.patience):
            self._wire.fill()
        if self._wire.buffered:
            raise Failure(f"{self._wire.buffered!r} came behind an unanswered {verb}")

    def _answer(self, part: str | Step) -> None:
        if isinstance(part, str):
            self._answers += octets(part)
        elif isinstance(part, Close):  # with what was not sent yet in one segment with the FIN
            answers, self._answers = self._answers, b""
            Close(answers + octets(part.text), crossing=part.crossing).run(self._wire)
        else:
            self._flush()
            part.run(self._wire)

    def _flush(self) -> None:
        answers, self._answers = self._answers, b""
        if answers:
            self._wire.write(answers)

    def _ask(self, challenge: str) -> str:
        """Send a line of a SASL exchange and read the client's answer to it."""
        self._see_that_nothing_follows("AUTH")
        self._wire.write(octets(challenge))
        return self._wire.line().decode("ascii", "backslashreplace").rstrip("\r\n")

    # -- commands ---------------------------------------------------------------------------------

    def _command(self, line: bytes) -> None:
        text = line.removesuffix(b"\r\n").decode("utf-8", "backslashreplace")
        self._wire.record.commands.append(text)
        if not line.endswith(b"\r\n"):
            raise Failure(f"the command {line!r} does not end in CRLF")
        verb, _, argument = text.partition(" ")
        handler = self._HANDLERS.get(verb.upper())
        if handler is None:
            self._say(verb.upper(), argument, "500 5.5.1 no such command")
        else:
            handler(self, argument)

    def _ehlo(self, argument: str) -> None:
        self._forget()
        first, *offers = self._say("EHLO", argument, self._server.hello(tls=self._tls)).split("\n")
        offered = offers if first.startswith("250") else []
        self._keywords = frozenset(line[4:].split(" ")[0].strip().upper() for line in offered)

    def _helo(self, argument: str) -> None:
        self._forget()
        self._keywords = frozenset()
        self._say("HELO", argument, "250 mail.example")

    def _starttls(self, argument: str) -> None:
        usual = "220 2.0.0 go ahead" if "STARTTLS" in self._keywords else "503 5.5.1 not offered"
        if self._say("STARTTLS", argument, usual).startswith("220") and self._start_tls():
            # RFC 3207 section 4.2: both sides forget what was said before.
            self._keywords = frozenset()
            self._user = None

    def _start_tls(self) -> bool:
        self._server.starttls.run(self._wire)
        self._tls = not self._wire.closed
        return self._tls

    def _auth(self, argument: str) -> None:
        usual = "503 5.5.1 no AUTH now"
        user = None
        if "AUTH" in self._keywords and self._user is None and not self._server.replaces("AUTH"):
            bindings = self._wire.bindings if self._server.binds else {}
            user = authenticate(argument, self._ask, self._server.users, bindings)
            usual = "535 5.7.8 wrong" if user is None else "235 2.7.0 welcome"
        self._say("AUTH", argument, usual)
        self._user = self._user or user

    def _mail_from(self, argument: str) -> None:
        form = re.fullmatch(r"FROM:<(.*?)>(?: (.*))?", argument, re.IGNORECASE)
        if form is None:
            usual = "501 5.5.4 not a reverse-path"
        elif self._mail is not None:
            usual = "503 5.5.1 nested MAIL"
        else:
            usual = "250 2.1.0 sender ok"
        if self._say("MAIL", argument, usual).startswith("2") and form is not None:
            self._mail = form[1]
            self._parameters = tuple((form[2] or "").split())

    def _rcpt(self, argument: str) -> None:
        form = re.fullmatch(r"TO:<(.+?)>(?: .*)?", argument, re.IGNORECASE)
        if form is None:
            usual = "501 5.5.4 not a forward-path"
        elif self._mail is None:
            usual = "503 5.5.1 MAIL first"
        else:
            usual = "250 2.1.5 recipient ok"
        if self._say("RCPT", argument, usual).startswith("2") and form is not None:
            self._recipients.append(form[1])

    def _data(self, argument: str) -> None:
        usual = "354 go ahead" if self._recipients else _NO_RECIPIENTS
        if self._say("DATA", argument, usual).startswith("354") and not self._over:
            content = read_data(self._wire)
            self._wire.record.contents.append(content)
            self._end(content, "DATA")

    def _bdat(self, argument: str) -> None:
        form = re.fullmatch(r"([0-9]+)( LAST)?", argument, re.IGNORECASE)
        if form is None:
            raise Failure(f"BDAT with the argument {argument!r}")
        # RFC 3030 section 2: the octets of a chunk are read, whatever becomes of it.
        chunk = self._wire.octets(int(form[1]))
        self._chunks += chunk
        if self._chunk_refused:
            self._say("BDAT", argument, "503 5.5.1 RSET first")
        elif not self._recipients:
            self._chunk_refused = True
            self._say("BDAT", argument, _NO_RECIPIENTS)
        elif form[2]:
            content = bytes(self._chunks)
            self._wire.record.contents.append(content)
            self._end(content, "BDAT")
        else:
            answer = self._say("BDAT", argument, f"250 2.0.0 {len(chunk)} octets")
            self._chunk_refused = not answer.startswith("2")

    def _end(self, content: bytes, by: str) -> None:
        """Take the whole message, or do not."""
        usual = "250 2.0.0 queued" if self._recipients else _NO_RECIPIENTS
        verb = by if by == "BDAT" and self._server.replaces("BDAT") else "END"
        message = Message(
            self._mail or "",
            self._parameters,
            tuple(self._recipients),
            content,
            by,
            self._tls,
            self._user,
        )
        if self._say(verb, by, usual).startswith("2"):
            self._server.messages.append(message)
        self._forget()

    def _rset(self, argument: str) -> None:
        self._forget()
        self._say("RSET", argument, "250 2.0.0 forgotten")

    def _noop(self, argument: str) -> None:
        self._say("NOOP", argument, "250 2.0.0 ok")

    def _quit(self, argument: str) -> None:
        self._say("QUIT", argument, ("221 2.0.0 bye", Close()))

    _HANDLERS: ClassVar = {
        "EHLO": _ehlo,
        "HELO": _helo,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail_from,
        "RCPT": _rcpt,
        "DATA": _data,
        "BDAT": _bdat,
        "RSET": _rset,
        "NOOP": _noop,
        "QUIT": _quit,
    }
