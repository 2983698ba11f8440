"""A well-behaved ESMTP server, except where a test says otherwise.

Commands are parsed out of the stream, so that pipelining (RFC 2920) works; every reply can be
replaced, for one command, one address or one occurrence, by another text or by steps of a script:

    ModelServer(replies={"RCPT": {"bad@x": "550 5.1.1 no"}})
    ModelServer(replies={"MAIL": [None, ("421 busy", Close())]})     # the second MAIL of all

It holds the client to the rules too.  What stands behind an unanswered command that ends a group
(RFC 2920 section 3.1), behind anything at all without PIPELINING, or behind an unfinished SASL
exchange, is an error of the connection; so is a dot that was not doubled.

With `patience` it answers only when the client has been quiet for that many seconds: then a group
is one turn however many writes it came in, and the number of turns is the client's number of round
trips whatever the scheduler does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from tests.scripted.server import Server
from tests.scripted.session import Session
from tests.scripted.steps import StartTLS, Step, multiline

if TYPE_CHECKING:
    from tests.scripted.message import Message
    from tests.scripted.wire import Wire

Reply: TypeAlias = str | Step | tuple[str | Step, ...]
"""A text (a line, or several with their hyphens), a step, or some of both in order."""
Rule: TypeAlias = Reply | Mapping[str, Reply] | list[Reply | None] | Callable[[str], "Reply | None"]
"""One reply for all; by address; by occurrence (None and the end of the list: the usual one);
or what a function says to the command's argument."""

OFFERS = ("PIPELINING", "8BITMIME", "SIZE 52428800", "CHUNKING")
"""What EHLO announces unless told otherwise."""


class ModelServer(Server):
    """The well-behaved server.

    Args:
        offers: the EHLO keywords; "STARTTLS" among them is left out inside TLS.
        replies: what to answer otherwise, by verb, with "GREETING" and "END" (the end of data,
            by BDAT LAST too).
        users: passwords by name, for AUTH.
        binds: whether SCRAM supports channel binding inside TLS.
        patience: seconds of quiet to wait for before an answer.
        starttls: how to shake hands.
        tls_on_connect: shake hands before the greeting.
    """

    def __init__(
        self,
        *,
        offers: tuple[str, ...] = OFFERS,
        replies: Mapping[str, Rule] | None = None,
        users: Mapping[str, str] | None = None,
        binds: bool = False,
        patience: float = 0.0,
        starttls: Step | None = None,
        tls_on_connect: bool = False,
        ipv6: bool = False,
    ) -> None:
        self.offers = offers
        self.users = dict(users or {})
        self.binds = binds
        self.patience = patience
        self.starttls = starttls or StartTLS()
        self.tls_on_connect = tls_on_connect
        self.messages: list[Message] = []
        """Every message accepted, in the order of the replies."""
        self._rules = dict(replies or {})
        self._seen: Counter[str] = Counter()
        super().__init__(ipv6=ipv6)

    def serve(self, wire: Wire) -> None:
        Session(self, wire).run()

    def reply(self, verb: str, argument: str, usual: Reply) -> Reply:
        """What to answer `verb`: by the rules of the test, or else `usual`."""
        rule = self._rules.get(verb)
        self._seen[verb] += 1
        if rule is None:
            return usual
        if isinstance(rule, list):
            place = self._seen[verb] - 1
            return (rule[place] if place < len(rule) else None) or usual
        if isinstance(rule, Mapping):
            return rule.get(path(argument), usual)
        if callable(rule):
            return rule(argument) or usual
        return rule

    def replaces(self, verb: str) -> bool:
        """Whether the test has a rule for `verb`."""
        return verb in self._rules

    def hello(self, *, tls: bool) -> str:
        """The usual reply to EHLO."""
        offers = [word for word in self.offers if not (tls and word == "STARTTLS")]
        return multiline("250 mail.example", *(f"250 {word}" for word in offers))


def path(argument: str) -> str:
    """The address in the argument of MAIL or RCPT, or the whole argument of anything else."""
    found = re.match(r"(?:FROM|TO):<((?:\"(?:[^\"\\]|\\.)*\"|[^>\"])*)>", argument, re.IGNORECASE)
    return found[1] if found else argument
