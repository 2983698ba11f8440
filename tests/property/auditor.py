"""The rules of the conversation, written a second time and from the outside.

The auditor sees what the engine brings out and what it is given, keeps its own account of what is
unanswered, and knows nothing of the engine's.  A rule that is broken is an `AssertionError` on the
spot.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtpwire.core.event import Content

if TYPE_CHECKING:
    from smtpwire.core.engine import Engine
    from smtpwire.core.session import SessionOptions

GROUP = frozenset({"MAIL", "RCPT", "RSET", "BDAT", "DOT", "LONE DOT"})
"""RFC 2920 section 3.1 and RFC 3030 section 2: behind all else nothing is sent unanswered."""

VERBS = GROUP | {"EHLO", "HELO", "STARTTLS", "AUTH", "DATA", "QUIT"}

CLOSING = frozenset({"a 421", "a refused RSET"})
"""Behind these, replies count if 221 to QUIT is the last of them."""
BDAT_UNKNOWN = "a BDAT that is not known"

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?")


def _useless(verb: str, code: int) -> bool:
    """Whether this cannot be the answer to a command of a transaction."""
    if verb == "DATA":
        return code < 400 and code != 354
    return verb in GROUP and 300 <= code < 400


@dataclass
class Account:
    """What the replies have said about one transaction."""

    mail: int = 0
    accepted: int = 0
    chunked: bool = False
    failed: bool = False
    """A chunk was refused."""
    final: int = 0
    """The reply to the end of data."""

    @property
    def closed(self) -> bool:
        """Whether the server is known to have no transaction of it open."""
        if self.mail >= 400:
            return True
        if self.chunked and (self.failed or self.final >= 400):
            return False
        return bool(self.accepted and self.final)


@dataclass
class Asked:
    """A command that is not answered."""

    verb: str
    items: int
    """How many lines and contents must be out before its reply."""
    account: Account | None
    last: bool


class Auditor:
    """See the module."""

    def __init__(self, engine: Engine, options: SessionOptions) -> None:
        self.options = options
        self.deceived = False
        """The server lied where no client could have known."""
        self.groups = 0
        """How often something was said when nothing was unanswered."""
        self._engine = engine
        self._unanswered = deque([Asked("GREETING", 0, None, last=False)])
        self._produced = 0
        self._out = 0
        self._pipelining = False
        self._tls = options.secured
        self._ehlo = 0
        """The last reply to EHLO."""
        self._chunk_taken = False
        self._refused_chunk: Account | None = None
        """Whose chunk was the first to meet a server that does not know BDAT."""
        self._account: Account | None = None
        """The transaction since the last RSET, if any."""
        self._line = b""
        self._lines: list[bytes] = []
        self._code = b""
        """Of the reply that has begun."""
        self._begun_early = 0
        self._silent = ""
        """Why the engine may say nothing more."""
        self._telling = False
        """Replies behind a 421 may yet say what became of a message."""
        self._deceived_before = False
        self._broken = False
        """The end of data of a message that somebody may get was answered by no answer."""

    # -- from the engine -------------------------------------------------------------------------

    def produced(self, item: bytes | Content) -> None:
        """Look at what the engine brings out."""
        assert not self._silent, f"{item!r} after {self._silent}"
        self._produced += 1
        if isinstance(item, Content):
            if item.octets is None:
                self._ask("DOT", last=True)
        elif item == b".\r\n":
            self._ask("LONE DOT")
        else:
            assert item.endswith(b"\r\n")
            assert item.count(b"\n") == 1, f"{item!r} is more than one line"
            verb = item.split()[0].decode()
            # What is no command is the answer to a challenge.
            self._ask(verb if verb in VERBS else "AUTH", last=item.endswith(b"LAST\r\n"))

    def _ask(self, verb: str, *, last: bool = False) -> None:
        mail = self._account.mail if self._account is not None else 0
        assert mail < 400 or verb not in {"DOT", "LONE DOT"}, "a dot after a refused MAIL"
        if self._unanswered:
            before = self._unanswered[-1].verb
            assert before in GROUP, f"{verb} behind an unanswered {before}"
            assert self._pipelining, f"{verb} behind {before} without PIPELINING"
        else:
            self.groups += 1
        if verb == "MAIL":
            assert self._account is None or self._account.closed, "MAIL without RSET before it"
            self._account = Account()
        elif verb == "RSET":
            self._account = None
        elif verb in {"DOT", "BDAT"}:
            assert self._account is not None, "content without MAIL"
            self._account.chunked = verb == "BDAT"
            if self._envelope_unanswered:
                assert self.options.no_wait, "content before its envelope is answered"
                assert not (last and self.options.require_all), "LAST before all are accepted"
        elif verb == "HELO":
            assert self._ehlo in {500, 502}, f"HELO after {self._ehlo} to EHLO"
            assert not self._tls, "HELO inside TLS"
        elif verb == "DATA" and self.options.require_all:
            assert not self._unanswered, "DATA in the group, where all recipients are required"
        # A BDAT is answered when the content behind its line is out.
        items = self._produced + (verb == "BDAT")
        self._unanswered.append(Asked(verb, items, self._account, last))

    @property
    def _envelope_unanswered(self) -> bool:
        return any(
            asked.account is self._account and asked.verb in {"MAIL", "RCPT"}
            for asked in self._unanswered
        )

    def item_out(self) -> None:
        """Note that a line or a content was handed over to its end."""
        self._out += 1

    def tls_established(self) -> None:
        """Forget what was offered in the clear."""
        assert not self._unanswered, "a handshake with replies outstanding"
        self._pipelining = False
        self._tls = True

    # -- to the engine ---------------------------------------------------------------------------

    def arriving(self, octets: bytes, *, lie: bool) -> None:
        """Look at octets that the engine is about to be given."""
        *lines, self._line = (self._line + octets).split(b"\n")
        for line in lines:
            match = _LINE.fullmatch(line.rstrip(b"\r"))
            if match is None or self._code not in {b"", match[1]}:
                self._hush("what is not a reply")
                return
            self._code = match[1]
            self._lines.append(match[3] or b"")
            if match[2] != b"-":
                self._reply(int(match[1]), lie=lie)
                self._lines = []
                self._code = b""
                self._begun_early = 0

    def arrived(self) -> None:
        """Look at the engine when it has read."""
        if self._silent:
            assert self._engine.muted, f"the engine goes on after {self._silent}"
            close = self._engine.close
            if self._silent == BDAT_UNKNOWN:
                others = self._in_doubt_but_for(self._refused_chunk)
                assert not others or close is None, "the last replies are not waited for"
            elif self._telling and self._unanswered:
                assert close is None, "the replies behind a 421 are not waited for"
            else:
                assert close is not None, f"the engine listens after {self._silent}"
                assert not self._broken or close.error is not None, "nobody is told what broke"
        elif (self._line or self._lines) and self._unanswered:
            self._begun_early = self._begun_early or self._early(self._unanswered[0])

    def _in_doubt_but_for(self, account: Account | None = None) -> bool:
        return any(
            asked.last and asked.items <= self._out and asked.account is not account
            for asked in self._unanswered
        )

    def _early(self, asked: Asked) -> int:
        return max(0, asked.items - self._out)

    def _hush(self, why: str, asked: Asked | None = None) -> None:
        """Note that nothing more may be said; behind some reasons others may be heard."""
        self._telling = False
        if self._silent in {"", BDAT_UNKNOWN}:
            self._silent = why
            if why in CLOSING and self._unanswered and self._out == self._produced:
                of_use = self._in_doubt_but_for() or (asked is not None and asked.last)
                self._telling = of_use and self._unanswered[-1].verb == "QUIT"

    def _reply(self, code: int, *, lie: bool) -> None:
        if not self._unanswered:
            self._hush("a reply that nothing asked for")
            return
        asked = self._unanswered.popleft()
        if not self._telling:
            self._answer(asked, code, lie=lie)
        elif not self._unanswered:
            self.deceived = self._deceived_before  # what answers QUIT shows what the 421 was

    def _answer(self, asked: Asked, code: int, *, lie: bool) -> None:
        verb = asked.verb
        early = max(self._early(asked), self._begun_early)
        if early and (code < 400 or early > 1 or verb not in {"DOT", "BDAT"}) and code != 421:
            self._hush(f"a reply to {verb} before it was sent")
            self._broken = self._broken or self._awaited(asked)
            return
        # A 421 may come out of turn, but none can be told from the answer to an end of data, unless
        # by what answers QUIT.
        self._deceived_before = self.deceived
        self.deceived = self.deceived or (lie and (code != 421 or asked.last))
        if code == 421 and verb != "QUIT":
            self._hush("a 421", asked)
        elif early and verb == "DOT":
            self._hush("a refusal in mid-content")
        elif verb == "BDAT" and code in {500, 502} and not self._chunk_taken:
            self._refused_chunk = self._refused_chunk or asked.account
            self._hush(BDAT_UNKNOWN)
        elif _useless(verb, code):
            self._hush(f"{code} to {verb}")
            self._broken = self._broken or self._awaited(asked)
        elif verb == "RSET" and code >= 400:
            self._hush("a refused RSET")
        self._chunk_taken = self._chunk_taken or (verb == "BDAT" and code < 300)
        if verb == "EHLO":
            self._ehlo = code
            offers = {line.split()[0].upper() for line in self._lines[1:] if line.split()}
            self._pipelining = b"PIPELINING" in offers and self.options.pipelining
        if asked.account is not None:
            self._book(asked, asked.account, code)

    @staticmethod
    def _awaited(asked: Asked) -> bool:
        account = asked.account
        return asked.last and account is not None and account.accepted > 0 and not account.failed

    @staticmethod
    def _book(asked: Asked, account: Account, code: int) -> None:
        if asked.verb == "MAIL":
            account.mail = code
        elif asked.verb == "RCPT":
            account.accepted += code < 300
        elif asked.verb == "BDAT":
            account.failed = account.failed or code >= 400
        if asked.last:
            account.final = code
