"""What was said on one connection, and what is owed for it: replies, and promised contents.

A command is entered in the same act that puts it into the output, so neither can be forgotten.
Replies come in the order of the commands (RFC 2920 section 3.1), and contents go out in the order
in which they were promised, so two queues and two counts say all of it.  Each command knows how
many contents stand before its reply; while fewer have been sent, a reply to it comes too early to
be an answer.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.command import MAY_CONTINUE_GROUP, WAIT_FOR, Verb, Wait
from smtpwire.core.event import Content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.exchange import Exchange


class Ledger:
    """The commands that are not answered, and the contents that are not sent."""

    __slots__ = (
        "_begun_ahead",
        "_contents",
        "_promised",
        "_sent",
        "begun",
        "commands",
        "group_open",
        "octets_promised",
        "octets_unanswered",
        "output",
    )

    def __init__(self) -> None:
        self.commands: deque[tuple[Verb, int, Exchange | None, int]] = deque()
        """What is not answered: its verb, the octets of its line, whose it is, and how many
        contents must be out before its reply."""
        self._contents: deque[tuple[Exchange, int, bool]] = deque()
        """Whose, octets, whether the end of data is in it."""
        self._promised = 0
        self._sent = 0
        self.begun = 0
        """How many contents have had an octet handed to the transport."""
        self._begun_ahead = 0
        """How early the reply was when its first octets came, if it was."""
        self.group_open = False
        """Whether the last command may be followed before it is answered."""
        self.octets_unanswered = 0
        """Octets of command lines without a reply."""
        self.octets_promised = 0
        """Octets of content that are not sent."""
        self.output: list[bytes | Content] = []
        """What is to be written, and was not yet fetched."""

    # -- commands and replies --------------------------------------------------------------------

    def ask(self, verb: Verb, line: bytes, exchange: Exchange | None = None) -> None:
        """Say a command; a line that stands elsewhere in the output is given empty."""
        self.commands.append((verb, len(line), exchange, self._promised))
        self.octets_unanswered += len(line)
        self.group_open = verb in MAY_CONTINUE_GROUP
        if exchange is not None:
            exchange.pending += 1
        if line:
            self.output.append(line)

    def answer(self) -> tuple[Verb, Exchange | None, int]:
        """Strike out the command that a reply answers.

        Returns:
            Its verb, whose it was, and how many of the contents that had to be out before the
            reply were not; 0 or less for every reply that comes when it can.
        """
        verb, octets, exchange, contents = self.commands.popleft()
        self.octets_unanswered -= octets
        ahead = contents - self._sent
        if self._begun_ahead:
            ahead, self._begun_ahead = self._begun_ahead, 0
        if exchange is not None:
            exchange.pending -= 1
        return verb, exchange, ahead

    def answer_begun(self) -> None:
        """Note that part of the next reply has come: it is as early as its first octet."""
        if self.commands and not self._begun_ahead:
            self._begun_ahead = max(0, self.commands[0][3] - self._sent)

    @property
    def waiting_for(self) -> Wait:
        """What stands in the way of the next reply."""
        before = self.commands[0][3] if self.commands else self._promised
        if before > self._sent:
            return Wait.BLOCK
        return WAIT_FOR[self.commands[0][0]] if self.commands else Wait.NOTHING

    # -- contents --------------------------------------------------------------------------------

    def promise(self, verb: Verb, line: bytes, exchange: Exchange, octets: int | None) -> None:
        """Say what is answered when a content has been sent, and put that content behind it.

        Args:
            verb: DOT, BDAT or LAST.
            line: the BDAT line, or nothing.
            exchange: whose content it is.
            octets: how many; None for all of it, as DATA wants it.
        """
        self._promised += 1
        self.octets_promised += octets or 0
        exchange.pending += 1
        last = verb is not Verb.BDAT
        self._contents.append((exchange, octets or 0, last))
        self.ask(verb, line, exchange)
        self.output.append(Content(exchange.submission.id, octets, last))

    def content_begun(self) -> None:
        """Note that the first octet of the next content was handed to the transport."""
        self.begun += 1
        self.next_content().begun = True

    def next_content(self) -> Exchange:
        """Whose content is the next to be sent."""
        return self._contents[0][0]

    def content_sent(self) -> Exchange:
        """Strike out the next content, which was handed to the transport to its end."""
        exchange, octets, last = self._contents.popleft()
        self._sent += 1
        self.octets_promised -= octets
        exchange.pending -= 1
        exchange.finished = exchange.finished or last
        return exchange
