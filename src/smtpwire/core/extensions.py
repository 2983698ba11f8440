"""What a server offers: the reply to EHLO, read once (RFC 5321 section 4.1.1.1).

The first line is a greeting and never a keyword, keywords are case-insensitive, and a line that
does not parse is passed over: one careless line must not cost the extensions of the others.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NamedTuple

    from smtpwire.core.reply import Reply
else:
    from smtpwire.record import NamedTuple

_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_SIZE_DIGITS = 18
"""A limit of more digits is no limit to any message, and costs no arithmetic of big numbers."""


class Capabilities(NamedTuple):
    """The extensions of one EHLO reply; after HELO, none."""

    esmtp: bool
    keywords: Mapping[str, tuple[str, ...]]
    """Upper-case keyword to its parameters, as the server spelt them."""

    def offers(self, keyword: str) -> bool:
        """Whether the extension with this upper-case EHLO keyword is offered."""
        return keyword in self.keywords

    @property
    def size_limit(self) -> int | None:
        """The largest message taken, in octets; None when not known (RFC 1870 section 4)."""
        written = "".join(self.keywords.get("SIZE", ())[:1])
        digits = written.lstrip("0")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > _SIZE_DIGITS:
            return None
        return int(digits)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms offered, upper-case, each once (RFC 4954 section 3)."""
        names = self.keywords.get("AUTH", ())
        return tuple(dict.fromkeys(name.upper() for name in names if name.isascii()))


NO_EXTENSIONS = Capabilities(esmtp=False, keywords={})


def capabilities(reply: Reply) -> Capabilities:
    """Read a 2yz reply to EHLO."""
    keywords: dict[str, tuple[str, ...]] = {}
    for line in reply.raw[1:]:
        # Of octets: a separator that is none in ASCII makes no keyword of what it stands in.
        words = [word.decode("utf-8", "backslashreplace") for word in line.split()]
        if not words:
            continue
        # "AUTH=PLAIN" is how some servers say it to clients older than RFC 2554.
        keyword, equals, rest = words[0].partition("=")
        # Checked as it came: upper() makes ASCII of letters that are none.
        if not _KEYWORD.fullmatch(keyword):
            continue
        keyword = keyword.upper()
        if equals and keyword != "AUTH":
            continue
        parameters = tuple(([rest] if rest else []) + words[1:])
        keywords[keyword] = keywords.get(keyword, ()) + parameters
    return Capabilities(esmtp=True, keywords=keywords)
