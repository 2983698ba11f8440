"""Commands that go out together, and what is hoped to be said to them.

A group is the envelope of one message, or a part of it, with the RSET that may stand in front and
the DATA that may stand behind (RFC 2920 section 3.1).  Groups are values: where many messages have
one envelope and one size, one group serves them all.
"""

from __future__ import annotations

from smtpwire.core.command import DATA, MAIL, RCPT, RSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple

    from smtpwire.core.command import Verb
    from smtpwire.core.reply import Reply
else:
    from smtpwire.record import NamedTuple


class Group(NamedTuple):
    """Commands of one exchange, in the order of the wire."""

    verbs: tuple[Verb, ...]
    lines: tuple[bytes, ...]
    octets: int
    """In all lines."""
    own: int
    """How many commands there are but for RSET, which is nobody's."""
    first: int
    """The place of the first RCPT, or where it would be."""
    recipients: int
    """How many RCPT there are."""

    def hopes_for(self, replies: Sequence[Reply]) -> bool:
        """Whether each reply, one to a command, is 2yz, but for DATA 354."""
        last = len(self.verbs) - (self.verbs[-1] is DATA)
        for reply in replies[:last]:
            if reply.code >= 300:
                return False
        return last == len(replies) or replies[last].code == 354


def group_of(said: Sequence[tuple[Verb, bytes]]) -> Group:
    """Make a group."""
    verbs = tuple(verb for verb, _ in said)
    lines = tuple(line for _, line in said)
    resets = verbs[0] is RSET
    first = resets + (MAIL in verbs)
    return Group(verbs, lines, sum(map(len, lines)), len(verbs) - resets, first, verbs.count(RCPT))
