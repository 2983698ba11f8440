"""A message that somebody has in memory already: what a program submits without a file."""

from __future__ import annotations

from smtpwire.errors import MessageUnusable
from smtpwire.message.body import Body
from smtpwire.message.content import MemoryContent
from smtpwire.message.scan import scan_whole


def body_of(octets: bytes, *, name: str, raw: bool = False) -> Body:
    """Look through a message, and make it one that can be sent.

    Args:
        octets: the message, with whatever line ends it has.
        name: what to call it in errors.
        raw: leave the line ends as they are.

    Raises:
        MessageUnusable: it is empty.
    """
    content, facts = scan_whole(octets, raw=raw)
    if not content:
        raise MessageUnusable("the message is empty", where=name)
    return Body(MemoryContent(content), facts, name=name, raw=raw, dot_stuffing=True)
