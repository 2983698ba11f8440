"""What the scripts of many cases have in common: how a session opens, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scripted import Close, Expect, Send, multiline

if TYPE_CHECKING:
    from tests.scripted import Step

MESSAGE = b"Subject: test\r\n\r\nhello\r\n"
"""A message like any other, for cases that are not about the message."""

LOCKSTEP = ("8BITMIME",)
"""Offers with which every command waits for its reply, and the content goes by DATA."""

PIPELINING = ("PIPELINING", "8BITMIME")
"""Offers with which an envelope and its DATA go in one group."""


def opening(*offers: str) -> tuple[Step, ...]:
    """Greet, and answer EHLO with `offers`."""
    hello = multiline("250 mail.example", *(f"250 {offer}" for offer in offers))
    return Send("220 mail.example ESMTP"), Expect("EHLO "), Send(hello)


def farewell() -> tuple[Step, ...]:
    """The end that the client has to ask for."""
    return Expect("QUIT"), Close("221 2.0.0 bye")
