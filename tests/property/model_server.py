"""A server at the level of octets, as the other side of the engine in the property tests.

It is written from the RFCs and knows nothing of the engine.  It is nasty where a server may be:
after a MAIL that comes while a transaction is open it keeps the old recipients, and whatever
content comes is delivered under the envelope it has.  So an engine that lets two messages touch is
seen by what arrives, not by how it went about it.

What it answers is fixed by a `Plan`, by message and command and never by time, so that the same
plan gives the same outcome whatever the fragmentation.  Addresses name their message:
`s3@client` is the reverse-path of message 3, `r0.m3@server` its first recipient.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, int, int]
"""Command, message, recipient or round; 0 where there is none."""


class Act(NamedTuple):
    """What the server does at one command, other than the usual."""

    code: int = 0
    """The reply; 0 for the usual one."""
    close: str = ""
    """"before" the reply, or "after" it."""
    early: bool = False
    """The content is refused before it has come to its end; the rest of it is swallowed."""
    lie: bytes = b""
    """Said before the answer to a content, or after any other reply: more than one reply."""


class Plan(NamedTuple):
    """How one server behaves."""

    offers: tuple[str, ...] = ()
    offers_under_tls: tuple[str, ...] = ()
    acts: Mapping[Key, Act] = MappingProxyType({})
    after_421: str = "close"
    """"close", "open" (and deaf) or "serve"."""
    multiline: bool = False
    bdat_known: bool = True
    """Else it offers CHUNKING and reads the content of BDAT as commands."""
    nested: str = "refuse"
    """To MAIL while a transaction is open: "refuse", or "merge" the envelopes."""


class Delivery(NamedTuple):
    """One message as it arrived."""

    reverse_path: str
    recipients: tuple[str, ...]
    content: bytes


_PATH = re.compile(rb"(?:MAIL FROM|RCPT TO):<([^>]*)>")
_NUMBERS = re.compile(r"\d+")


class ModelServer:
    """Octets in, octets out; `out` is a list of (octets, whether they are a lie)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.out: list[tuple[bytes, bool]] = []
        self.closed = False
        self.deliveries: list[Delivery] = []
        self.faults: list[str] = []
        """What the client did that it must not do."""
        self.tls = False
        self.starting_tls = False
        self._deaf = False
        self._buffer = b""
        self._mode = self._command
        self._greeted = False
        self._hellos = 0
        self._extended = False
        self._auth_steps = 0
        self._open = False
        self._failed_chunk = False
        self._reverse_path = ""
        self._message = 0
        self._recipients: list[str] = []
        self._asked = 0
        self._content = b""
        self._swallow = False
        self._remaining = 0
        self._last = False
        self._say(("GREETING", 0, 0), 220)

    # -- input -----------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""
        if not self._gone:
            self._buffer += data
        while self._listening and self._mode():
            pass

    @property
    def _listening(self) -> bool:
        return not (self._gone or self.starting_tls)

    @property
    def _gone(self) -> bool:
        return self.closed or self._deaf

    def tls_established(self) -> None:
        """Forget everything that was said in the clear (RFC 3207 section 4.2)."""
        assert self.starting_tls
        assert not self._buffer, "octets in the clear behind STARTTLS"
        self.starting_tls = False
        self.tls = True
        self._extended = False

    def _line(self) -> bytes | None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        self._buffer = rest
        return line

    # -- output ----------------------------------------------------------------------------------

    def _act(self, key: Key) -> Act:
        return self.plan.acts.get(key, Act())

    def _say(self, key: Key, usual: int, *lines: str) -> bool:
        """Reply; whether it was 2yz or 3yz and the connection is still there."""
        act = self._act(key)
        code = act.code or usual
        if act.close == "before":
            self.closed = True
            return False
        texts = lines if lines and code == usual else ("first", "last") * self.plan.multiline
        texts = texts or (f"{key[0]} {key[1]}",)
        for text in texts[:-1]:
            self.out.append((b"%d-%s\r\n" % (code, text.encode()), False))
        self.out.append((b"%d %s\r\n" % (code, texts[-1].encode()), False))
        if act.lie and not act.early and key[0] not in {"DOT", "BDAT"}:
            self.out.append((act.lie, True))
        self._after(code, act)
        return code < 400 and not self.closed

    def _say_early(self, act: Act) -> None:
        self.out.append((b"%d refused in mid-content\r\n" % act.code, False))
        self._after(act.code, act)

    def _after(self, code: int, act: Act) -> None:
        if code == 421:
            self.closed = self.plan.after_421 == "close"
            self._deaf = self.plan.after_421 == "open"
        if act.close == "after":
            self.closed = True

    # -- commands --------------------------------------------------------------------------------

    def _command(self) -> bool:
        line = self._line()
        if line is None:
            return False
        verb = line.split(b" ")[0].upper().decode("latin-1")
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if handler is None:
            self._say(("UNKNOWN", 0, 0), 500)
        else:
            handler(line)
        return True

    def _on_ehlo(self, line: bytes) -> None:
        self._hellos += 1
        offers = self.plan.offers_under_tls if self.tls else self.plan.offers
        if self._say(("EHLO", 0, self._hellos), 250, "model greets you", *offers):
            self._extended = True
            self._clear()

    def _on_helo(self, line: bytes) -> None:
        self._say(("HELO", 0, 0), 250)

    def _on_starttls(self, line: bytes) -> None:
        if self._buffer:
            self.faults.append("octets were sent behind STARTTLS")
        self.starting_tls = self._say(("STARTTLS", 0, 0), 220)

    def _on_auth(self, line: bytes) -> None:
        words = line.split()
        if words[1] == b"LOGIN":
            self._auth_steps = 2
        else:
            self._auth_steps = 0 if len(words) > 2 else 1
        self._auth_round()

    def _auth_round(self) -> bool:
        if self._auth_steps:
            if self._say(("CHALLENGE", 0, self._auth_steps), 334, "VXNlcm5hbWU6"):
                self._mode = self._auth_answer
            return True
        self._mode = self._command
        self._say(("AUTH", 0, 0), 235)
        return True

    def _auth_answer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line == b"*":
            self._mode = self._command
            self._say(("CANCEL", 0, 0), 501)
            return True
        self._auth_steps -= 1
        return self._auth_round()

    def _on_mail(self, line: bytes) -> None:
        path = _PATH.match(line)
        if path is None:
            self._say(("SYNTAX", 0, 0), 501)
            return
        if self._open or self._failed_chunk:
            if self.plan.bdat_known:  # else RSET may have been read as the end of a line of content
                self.faults.append("MAIL while a transaction was open")
            if self.plan.nested == "refuse":
                self._say(("NESTED", 0, 0), 503)
                return
        reverse_path = path[1].decode()
        message = int(_NUMBERS.findall(reverse_path)[0])
        if self._say(("MAIL", message, 0), 250):
            self._open = True
            self._reverse_path = reverse_path
            self._message = message
            self._asked = 0

    def _on_rcpt(self, line: bytes) -> None:
        path = _PATH.match(line)
        if not (path and self._open):
            self._say(("NO MAIL", 0, 0), 503)
            return
        recipient = path[1].decode()
        index, message = map(int, _NUMBERS.findall(recipient))
        if self._say(("RCPT", message, index), 250):
            self._recipients.append(recipient)

    def _on_data(self, line: bytes) -> None:
        if not self._open:
            if self._say(("DATA WITHOUT MAIL", 0, 0), 503):
                self._mode = self._data
            return
        key = ("DATA" if self._recipients else "DATA TO NOBODY", self._message, 0)
        if self._say(key, 354 if self._recipients else 554):
            self._content = b""
            self._swallow = False
            self._mode = self._data

    def _data(self) -> bool:
        act = self._act(("DOT", self._message, 0))
        if act.early and not self._swallow and (self._buffer or self._content):
            self._swallow = True
            self._say_early(act)
            return True
        if act.lie and not self._content and self._buffer:
            self.out.append((act.lie, True))
        line = self._line()
        if line is None:
            return False
        if line != b".":
            self._content += line.removeprefix(b".") + b"\r\n"
            return True
        self._mode = self._command
        key = ("DOT", self._message, 0)
        if not self._swallow:
            self._end_of_data(key)
        self._clear()
        return True

    def _end_of_data(self, key: Key) -> None:
        """Deliver, and then answer: whoever closes before the reply may have delivered."""
        act = self._act(key)
        if not self._recipients:
            self._say(("NOBODY", 0, 0), act.code or 554)
            return
        if (act.code or 250) < 400:
            self.deliveries.append(
                Delivery(self._reverse_path, tuple(self._recipients), self._content)
            )
        self._say(key, 250)

    def _on_bdat(self, line: bytes) -> None:
        if not self.plan.bdat_known:
            self._say(("NO BDAT", 0, 0), 502)
            return
        words = line.split()
        self._remaining = int(words[1])
        self._last = len(words) > 2
        act = self._act(("BDAT", self._message, 0))
        self._swallow = False
        if act.early and self._open and self._recipients and not self._failed_chunk:
            self._swallow = True
            self._failed_chunk = True
            self._say_early(act)
        elif act.lie and self._remaining:
            self.out.append((act.lie, True))
        self._mode = self._bdat

    def _bdat(self) -> bool:
        taken = self._buffer[: self._remaining]
        self._buffer = self._buffer[len(taken) :]
        self._remaining -= len(taken)
        self._content += taken
        if self._remaining:
            return False
        self._mode = self._command
        if not self._swallow:
            self._end_of_chunk()
        return True

    def _end_of_chunk(self) -> None:
        if not (self._open and self._recipients) or self._failed_chunk:
            self._failed_chunk = self._failed_chunk or self._open
            self._content = b""
            self._say(("BAD SEQUENCE", 0, 0), 503)
            return
        key = ("BDAT", self._message, 0)
        if self._act(key).code >= 400:
            # RFC 3030 section 2: indeterminate until RSET.
            self._failed_chunk = True
            self._say(key, 250)
        elif self._last:
            self._end_of_data(key)
            self._clear()
        else:
            self._say(("CHUNK", 0, 0), 250)

    def _on_rset(self, line: bytes) -> None:
        self._clear()
        self._say(("RSET", 0, 0), 250)

    def _on_quit(self, line: bytes) -> None:
        self._say(("QUIT", 0, 0), 221)
        self.closed = True

    def _clear(self) -> None:
        self._open = False
        self._failed_chunk = False
        self._recipients = []
        self._content = b""
