"""Replies, and the one place where octets become replies.

The grammar is that of RFC 5321 section 4.2, read strictly where looseness could make a success of a
failure: exactly three ASCII digits, the first from 2 to 5, then a space, a hyphen or the end of the
line, and one code for all lines of a reply.  It is read leniently where nothing hangs on it: a line
may end in a bare LF, and a code may stand without text (section 4.2 asks clients to accept that).

What a server says is data.  It is kept as the octets that came; `Reply.lines` decodes it without
ever failing, and whoever shows it escapes it.
"""

from __future__ import annotations

import re
from collections import deque

from smtpwire.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

MAX_LINE = 65_536
"""Octets in one line; RFC 5321 section 4.5.3.1.5 asks for 512 and lets servers send more."""
MAX_LINES = 1_000
"""Lines in one reply.  The longest EHLO replies seen have about 40."""
MAX_REPLY = 262_144
"""Octets in one reply, all lines together."""

KEPT_OCTETS = 1_024
KEPT_LINES = 16
"""Of a reply to RCPT, which is kept until its message is settled: there may be thousands of them,
and a server may fill each to `MAX_REPLY`."""

SHORT = 64
REMEMBERED = 64
"""Replies that are parsed once for all: how long their line may be, and how many they may be."""

SHOWN = 200
"""Octets of a line beyond the limit that its error keeps."""

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_CODE = re.compile(rb"[2-5][0-9][0-9]")
_STATUS = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})(?![^ ])")


class EnhancedStatus(NamedTuple):
    """An enhanced status code (RFC 3463 section 2)."""

    klass: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


class Reply(NamedTuple):
    """One whole reply."""

    code: int
    """200 to 599."""
    raw: tuple[bytes, ...]
    """The text of each line, without code, separator and line end."""

    @property
    def ok(self) -> bool:
        """2yz: done."""
        return self.code < 300

    @property
    def intermediate(self) -> bool:
        """3yz: go on."""
        return 300 <= self.code < 400

    @property
    def transient(self) -> bool:
        """4yz: not now."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5yz: no."""
        return self.code >= 500

    @property
    def refusal(self) -> bool:
        """4yz or 5yz."""
        return self.code >= 400

    @property
    def status(self) -> EnhancedStatus | None:
        """The enhanced status code, if there is one whose class is that of the code.

        RFC 2034 section 4 requires the classes to agree; a stale or careless one is no information.
        """
        match = _STATUS.match(self.raw[0])
        if match is None or int(match[1]) != self.code // 100:
            return None
        return EnhancedStatus(int(match[1]), int(match[2]), int(match[3]))

    def shortened(self) -> Reply:
        """The same reply, with no more of its text than may be kept."""
        raw = self.raw
        if len(raw) <= KEPT_LINES and sum(map(len, raw)) <= KEPT_OCTETS:
            return self
        kept: list[bytes] = []
        left = KEPT_OCTETS
        for line in raw[:KEPT_LINES]:
            kept.append(line[:left])
            left -= len(kept[-1])
        return Reply(self.code, tuple(kept))

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line; octets that are not UTF-8 appear as escapes."""
        return tuple(line.decode("utf-8", "backslashreplace") for line in self.raw)

    @property
    def text(self) -> str:
        """All lines, joined by single spaces.  Not escaped: this is what the server sent."""
        return " ".join(line for line in self.lines if line)


class ReplyParser:
    """Octets in, replies out, whatever the fragmentation.

    Call `feed`, then `next` until it returns None.  After `next` has raised, nothing that follows
    can be believed, and the parser is of no further use.
    """

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()
        """Whole, and not returned yet."""
        self._error: RemoteProtocolError | None = None
        """What stands behind those."""
        self._tail = b""
        self._texts: list[bytes] = []
        self._code = b""
        self._octets = 0
        self._seen: dict[bytes, Reply] = {}
        """Replies of one short line: a server says the same ones again and again."""

    def feed(self, data: bytes | memoryview) -> None:
        """Take what came; `data` is not kept."""
        if self._error is not None:
            return  # nothing that follows can be believed
        lines = (self._tail + data).split(b"\n") if self._tail else bytes(data).split(b"\n")
        self._tail = lines.pop()
        replies, seen = self._replies, self._seen
        try:
            for line in lines:
                known = None if self._texts else seen.get(line)
                reply = known or self._take(line)
                if reply is not None:
                    replies.append(reply)
            if len(self._tail) > MAX_LINE and len(self._tail.removesuffix(b"\r")) > MAX_LINE:
                raise _wrong(self._tail)
        except RemoteProtocolError as error:
            self._error = error

    @property
    def idle(self) -> bool:
        """Whether everything fed has been returned: no octet of a further reply has come."""
        return not (self._replies or self._tail or self._texts or self._error)

    def next(self) -> Reply | None:
        """Return the next whole reply, or None when more octets are needed.

        Raises:
            RemoteProtocolError: what came is not a reply, or is beyond the limits.
        """
        if self._replies:
            return self._replies.popleft()
        if self._error is not None:
            raise self._error
        return None

    def next_few(self, count: int) -> list[Reply]:
        """Return the next so many replies if they are all here, else none of them."""
        replies = self._replies
        if len(replies) < count:
            return []
        return [replies.popleft() for _ in range(count)]

    def give_back(self, replies: list[Reply]) -> None:
        """Have replies returned again, as if they had not been."""
        self._replies.extendleft(reversed(replies))

    def _take(self, line: bytes) -> Reply | None:
        """Take a line; return the reply that ends in it, if one does."""
        code, separator, text = _parts(line)
        texts = self._texts
        if not texts:
            if separator != b"-":
                return self._remember(line, Reply(int(code), (text,)))
            self._code = code
        elif code != self._code:
            # RFC 5321 section 4.2.1: the code must be the same on every line.
            raise RemoteProtocolError(
                "the lines of one reply have different codes", line=line.removesuffix(b"\r")
            )
        texts.append(text)
        self._octets += len(text)
        if separator != b"-":
            reply = Reply(int(code), tuple(texts))
            texts.clear()
            self._octets = 0
            return reply
        if len(texts) >= MAX_LINES or self._octets > MAX_REPLY:
            raise RemoteProtocolError(
                f"a reply is longer than {MAX_LINES} lines or {MAX_REPLY} octets", line=text
            )
        return None

    def _remember(self, line: bytes, reply: Reply) -> Reply:
        if len(line) <= SHORT:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[line] = reply
        return reply


def _parts(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return code, separator and text of a line that has lost its LF."""
    if line.endswith(b"\r"):
        line = line[:-1]
    match = _LINE.fullmatch(line)
    if match is None or len(line) > MAX_LINE:
        raise _wrong(line)
    return match[1], match[2] or b"", match[3] or b""


def _wrong(line: bytes) -> RemoteProtocolError:
    """Say what is wrong with a line that is not one of a reply."""
    if len(line) > MAX_LINE:
        text = f"a reply line is longer than {MAX_LINE} octets"
        return RemoteProtocolError(text, line=line[:SHOWN])
    if _CODE.match(line):
        text = "a reply code must be three digits, then a space or a hyphen"
        return RemoteProtocolError(text, line=line)
    return RemoteProtocolError("what came is not an SMTP reply", line=line)
