"""Commands: which there are, what may follow them unanswered, how long their reply may take.

`MAY_CONTINUE_GROUP` is the whole of the group rule (RFC 2920 section 3.1, RFC 3030 section 2): a
command that is not in it ends its group, and nothing is sent behind it before its reply is in.
The two ends of data that are not commands, the final dot and the content of BDAT, are here too,
because each is answered like one.
"""

from __future__ import annotations

from enum import Enum, IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.address import Address


class Verb(IntEnum):
    """What a reply can be the answer to."""

    GREETING = 0
    EHLO = 1
    HELO = 2
    STARTTLS = 3
    AUTH = 4
    MAIL = 5
    RCPT = 6
    DATA = 7
    DOT = 8
    """The content after DATA, with its final dot."""
    LONE_DOT = 9
    """The final dot alone: no content for nobody (RFC 2920 section 3.1)."""
    BDAT = 10
    """A chunk that is not the last."""
    LAST = 11
    """The chunk with LAST (RFC 3030 section 2)."""
    RSET = 12
    QUIT = 13

    @property
    def label(self) -> str:
        """How it is called where a person reads it."""
        return _LABELS.get(self, self.name)


# CPython 3.11 takes nine times as long to find a member of an Enum as to find a name, and of these
# some are found with every message.
MAIL, RCPT, DATA, DOT, LONE_DOT = Verb.MAIL, Verb.RCPT, Verb.DATA, Verb.DOT, Verb.LONE_DOT
BDAT, LAST, RSET, QUIT = Verb.BDAT, Verb.LAST, Verb.RSET, Verb.QUIT

_LABELS = {
    Verb.GREETING: "greeting",
    Verb.DOT: "end of data",
    Verb.LONE_DOT: "end of data",
    Verb.LAST: "end of data",
}

MAY_CONTINUE_GROUP = frozenset(
    {Verb.MAIL, Verb.RCPT, Verb.RSET, Verb.BDAT, Verb.LAST, Verb.DOT, Verb.LONE_DOT}
)

CHUNK = frozenset({Verb.BDAT, Verb.LAST})
CONTENT = frozenset({Verb.DOT, Verb.BDAT, Verb.LAST})
"""What is answered only when content has been sent to its end."""


class Wait(Enum):
    """What is being waited for; the driver knows for how long (RFC 5321 section 4.5.3.2)."""

    GREETING = "the greeting"
    HELLO = "the reply to EHLO"
    STARTTLS = "the reply to STARTTLS"
    HANDSHAKE = "the TLS handshake"
    AUTH = "the reply to AUTH"
    MAIL = "the reply to MAIL"
    RCPT = "the reply to RCPT"
    DATA = "the reply to DATA"
    BLOCK = "the server to take the content"
    END_OF_DATA = "the reply to the end of data"
    RSET = "the reply to RSET"
    QUIT = "the reply to QUIT"
    CLOSING = "the rest of the server's replies"
    INTERRUPTED = "the reply to the end of data, after a signal"
    NOTHING = "nothing"

    __hash__ = object.__hash__  # an Enum's own is slow, and these are keys with every reply


WAIT_FOR = {
    Verb.GREETING: Wait.GREETING,
    Verb.EHLO: Wait.HELLO,
    Verb.HELO: Wait.HELLO,
    Verb.STARTTLS: Wait.STARTTLS,
    Verb.AUTH: Wait.AUTH,
    Verb.MAIL: Wait.MAIL,
    Verb.RCPT: Wait.RCPT,
    Verb.DATA: Wait.DATA,
    Verb.DOT: Wait.END_OF_DATA,
    Verb.LONE_DOT: Wait.END_OF_DATA,
    Verb.BDAT: Wait.END_OF_DATA,
    Verb.LAST: Wait.END_OF_DATA,
    Verb.RSET: Wait.RSET,
    Verb.QUIT: Wait.QUIT,
}


UNKNOWN_COMMAND = frozenset({500, 502})
"""What a server that does not know a command says (RFC 5321 sections 3.2 and 4.2.4)."""


class SecretLine(bytes):
    """A line that must not be shown: part of an AUTH exchange."""

    __slots__ = ()


def mail_start(reverse_path: Address | None) -> bytes:
    """MAIL up to its parameters (RFC 5321 section 4.1.1.2); None is the null reverse-path."""
    return b"MAIL FROM:<%b>" % (b"" if reverse_path is None else reverse_path.wire)


def rcpt_line(recipient: Address) -> bytes:
    """RCPT (RFC 5321 section 4.1.1.3)."""
    return b"RCPT TO:<%b>\r\n" % recipient.wire


def bdat_line(octets: int, *, last: bool) -> bytes:
    """BDAT (RFC 3030 section 2)."""
    return b"BDAT %d LAST\r\n" % octets if last else b"BDAT %d\r\n" % octets
