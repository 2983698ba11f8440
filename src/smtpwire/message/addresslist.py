r"""Address lists of header fields, by the grammar of RFC 5322 section 3.4 and nothing looser.

Rules
- What is read is who gets the mail, so there is no guessing: text that is not an address list is an
  error that names the field and quotes the place.  Lenient parsers have read `a@x@<b@y>` as b@y,
  and `a@x (<b@y>)` too (CVE-2019-16056, CVE-2023-27043).
- Of the obsolete syntax (section 4.4) there are empty list elements, and dots in display names
  (`J. Doe <j@x>`); source routes and white space inside an addr-spec are refused.
- An addr-spec is given as it is written: quoted local parts keep their quotes, domain literals
  their brackets, and an encoded word is text like any other (RFC 2047 section 5 keeps it out of an
  addr-spec, and decoding one would make addresses that nobody wrote).
- UTF-8 may stand in an addr-spec (RFC 6532 section 3.2); other octets over 127 only where they
  are not read: in display names and comments.
- Time is linear: one regular expression without backtracking finds each token, and nesting is
  counted, not recursed into.
"""

from __future__ import annotations

import re

from smtpwire.errors import MessageUnusable
from smtpwire.message.header import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]"

# Possessive repetition: each part matches in one way only, and leaves nothing to go back to.
_TOKEN = re.compile(
    rf"""(?P<space> (?: [ \t] | (?>\r\n|\r|\n) (?=[ \t]|\Z) )++ )
    | (?P<atom> {_ATEXT}++ (?: \. {_ATEXT}++ )*+ )
    | (?P<quoted> "[^"\\]*+ (?: \\. [^"\\]*+ )*+" )
    | (?P<literal> \[ [!-Z^-~]*+ \] )
    | (?P<special> [@<>,;:.] )
    | (?P<comment> \( )""",
    re.VERBOSE | re.DOTALL,
)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_FOLD = re.compile(r"[\r\n]+")
_UNUSABLE = re.compile(r"[\0-\x1f\x7f-\x9f]")
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")

_UNFINISHED = {
    '"': "a quotation mark is not closed",
    "[": "what begins with [ is not a domain literal",
    ")": "a ) closes nothing",
}


class _Token(NamedTuple):
    kind: str
    """atom (a dot-atom, in the words of the RFC), quoted, literal, end, or the special itself."""
    text: str
    at: int


class _Parser:
    """Reads one list, token by token; `_next` is the one not yet taken."""

    def __init__(self, text: str, field: str) -> None:
        self._text = text
        self._field = field
        self._tokens = self._all_tokens()
        self._next = next(self._tokens)

    def _take(self) -> _Token:
        """Take the next token; the last of all, `end`, can be looked at but not taken."""
        token = self._next
        self._next = next(self._tokens)
        return token

    def _at(self, *kinds: str) -> bool:
        return self._next.kind in kinds

    def _error(self, what: str, at: int | None = None) -> MessageUnusable:
        """Make the error for what stands `at` a place, else at the next token."""
        rest = self._text[self._next.at if at is None else at :]
        place = f" at {shown(rest)}" if rest.strip() else " at its end"
        return MessageUnusable(f"in its {self._field} field, {what}{place}")

    def addresses(self) -> Iterator[str]:
        """Read the whole list (`address-list`, with `obs-addr-list`)."""
        in_group = False
        while not self._at("end"):
            if self._at(","):
                self._take()
            elif in_group and self._at(";"):
                self._take()
                in_group = False
                self._expect_separator(in_group=False)
            else:
                address = self._mailbox(group_allowed=not in_group)
                if address is None:
                    in_group = True
                else:
                    yield address
                    self._expect_separator(in_group=in_group)
        if in_group:
            raise self._error("a group is not ended by ;")

    def _mailbox(self, *, group_allowed: bool) -> str | None:
        """Read a mailbox, or the beginning of a group: that is no address yet."""
        begin = self._next.at
        words = 0
        word = None
        while self._at("atom", "quoted") or (words and self._at(".")):
            word = self._take()
            words += 1
        if self._at("<"):
            return self._angle_address()
        if word is None:
            raise self._error("there is no address")
        if self._at(":") and group_allowed:
            self._take()
            return None
        if self._at("@") and words == 1:
            return self._address(word)
        raise self._error("there is text that is not an address", begin)

    def _angle_address(self) -> str:
        self._take()
        if self._at("@"):
            raise self._error("a source route is not supported")
        if not self._at("atom", "quoted"):
            raise self._error("there is no address behind <")
        address = self._address(self._take())
        if not self._at(">"):
            raise self._error("an address in <> is not ended by >")
        self._take()
        return address

    def _address(self, local: _Token) -> str:
        """Read what follows on a local part (section 3.4.1)."""
        if not self._at("@"):
            raise self._error("there is text that is not an address", local.at)
        self._take()
        if not self._at("atom", "literal"):
            raise self._error("an address has no domain", local.at)
        address = f"{local.text}@{self._take().text}"
        if _UNUSABLE.search(address):
            raise self._error("an address holds a control character", local.at)
        if _NOT_UTF8.search(address):
            raise self._error("an address is not UTF-8", local.at)
        return address

    def _expect_separator(self, *, in_group: bool) -> None:
        if not self._at(",", "end") and not (in_group and self._at(";")):
            raise self._error("there is no comma behind an address")

    def _all_tokens(self) -> Iterator[_Token]:
        text = self._text
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                # Nothing is `_next` yet when the first token is the one that is wrong.
                what = _UNFINISHED.get(text[at], f"{text[at]!a} cannot stand there")
                raise self._error(what, at)
            kind = str(found.lastgroup)
            if kind == "comment":
                at = self._comment_end(at)
                continue
            token = found[0]
            if kind == "quoted":
                yield _Token(kind, _FOLD.sub("", token), at)
            elif kind != "space":
                yield _Token(token if kind == "special" else kind, token, at)
            at = found.end()
        yield _Token("end", "", at)

    def _comment_end(self, begin: int) -> int:
        depth = 0
        for found in _IN_COMMENT.finditer(self._text, begin):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if not depth:
                return found.end()
        raise self._error("a comment is not closed", begin)


def parse_address_list(body: bytes | str, field: str) -> list[str]:
    """Read the addresses of a field: From, Sender, To, Cc, Bcc and the Resent- ones.

    Args:
        body: the field's body, folded or not; octets as UTF-8.
        field: its name, for errors.

    Returns:
        The addr-specs in their order, those of groups among them.  There may be none.

    Raises:
        MessageUnusable: it is not an address list.
    """
    text = body if isinstance(body, str) else body.decode("utf-8", "surrogateescape")
    return list(_Parser(text, field).addresses())
