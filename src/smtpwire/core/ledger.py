"""What was said on one connection, and what is owed for it: replies, and promised contents.

A command is entered in the same act that puts it into the output, so neither can be forgotten.
Commands that go out together are entered in one act, and struck out in one when all of them are
answered as was hoped.  Replies come in the order of the commands (RFC 2920 section 3.1), and lines
and contents go out in the order in which they were put out, so two queues and two counts say all of
it.  Each command knows how many items of the output stand before its reply; while fewer have been
handed over, a reply to it comes too early to be an answer.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.command import RSET, WAIT_FOR, Verb, Wait
from smtpwire.core.event import Content
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from smtpwire.core.exchange import Exchange
    from smtpwire.core.group import Group

    _Entry: TypeAlias = tuple[Verb, int, Exchange | None, int, tuple[Group, Exchange] | None]


_NOTHING: _Entry = (Verb.GREETING, 0, None, 0, None)


class Ledger:
    """The commands that are not answered, and the contents that are not sent."""

    __slots__ = (
        "_begun_ahead",
        "_contents",
        "_put_out",
        "_sent",
        "commands",
        "last",
        "octets_promised",
        "octets_unanswered",
        "output",
    )

    def __init__(self) -> None:
        self.commands: deque[_Entry] = deque()
        """What is not answered: its verb, the octets of its line, whose it is, and how many items
        must be handed over before its reply.  Of a whole group: the first verb, the octets of all
        lines, nobody, the items in front of the first reply; and the group, and whose it is."""
        self._contents: deque[tuple[Exchange, int, bool, int]] = deque()
        """Whose, octets, whether the end of data is in it, and which item of the output it is."""
        self._put_out = 0
        """Items that were ever put into the output."""
        self._sent = 0
        """Items that were handed over whole."""
        self._begun_ahead = 0
        """How early the reply was when its first octets came, if it was."""
        self.last = Verb.GREETING
        """What was said last."""
        self.octets_unanswered = 0
        """Octets of command lines without a reply."""
        self.octets_promised = 0
        """Octets of content that are not sent."""
        self.output: list[bytes | Content] = []
        """What is to be written, and was not yet fetched."""

    # -- commands and replies --------------------------------------------------------------------

    def ask(self, verb: Verb, line: bytes, exchange: Exchange | None = None) -> None:
        """Say a command; the greeting, which answers the connection itself, has no line."""
        if line:
            self._put_out += 1
            self.output.append(line)
        self._expect(verb, len(line), exchange)

    def ask_all(self, group: Group, exchange: Exchange) -> None:
        """Say all commands of a group."""
        self.output.extend(group.lines)
        verbs = group.verbs
        together = (group, exchange)
        self.commands.append((verbs[0], group.octets, None, self._put_out + 1, together))
        self._put_out += len(verbs)
        self.octets_unanswered += group.octets
        self.last = verbs[-1]
        exchange.pending += group.own

    def _expect(self, verb: Verb, octets: int, exchange: Exchange | None) -> None:
        """Enter what the item put out last is to be answered for."""
        self.commands.append((verb, octets, exchange, self._put_out, None))
        self.octets_unanswered += octets
        self.last = verb
        if exchange is not None:
            exchange.pending += 1

    def answer(self) -> tuple[Verb, Exchange | None, int]:
        """Strike out the command that a reply answers.

        Returns:
            Its verb, whose it was, and how many of the items that had to be handed over before
            the reply were not; 0 for every reply that comes when it can.
        """
        if self.commands[0][4] is not None:
            self.ungroup()
        verb, octets, exchange, items, _ = self.commands.popleft()
        self.octets_unanswered -= octets
        ahead = items - self._sent
        if self._begun_ahead:
            ahead, self._begun_ahead = self._begun_ahead, 0
        elif ahead < 0:
            ahead = 0
        if exchange is not None:
            exchange.pending -= 1
        return verb, exchange, ahead

    @property
    def together(self) -> tuple[Group, Exchange] | None:
        """The group whose replies are next, and whose it is; None where it is not all out."""
        _, _, _, items, together = self.commands[0] if self.commands else _NOTHING
        if together is None or self._begun_ahead:
            return None
        last = items + len(together[0].verbs) - 1
        return together if last <= self._sent else None

    def answer_all(self, group: Group, exchange: Exchange) -> None:
        """Strike out what is `together`."""
        self.commands.popleft()
        self.octets_unanswered -= group.octets
        exchange.pending -= group.own

    def ungroup(self) -> None:
        """Enter the commands of all groups one by one, to be answered so."""
        grouped, self.commands = self.commands, deque()
        for entry in grouped:
            _, _, _, items, together = entry
            if together is None:
                self.commands.append(entry)
                continue
            group, exchange = together
            for place, (verb, line) in enumerate(zip(group.verbs, group.lines, strict=True)):
                whose = None if verb is RSET else exchange
                self.commands.append((verb, len(line), whose, items + place, None))

    def answer_begun(self) -> None:
        """Note that part of the next reply has come: it is as early as its first octet."""
        if self.commands and not self._begun_ahead:
            self._begun_ahead = max(0, self.commands[0][3] - self._sent)

    @property
    def all_out(self) -> bool:
        """Whether all that was ever put into the output was handed over."""
        return self._sent == self._put_out

    @property
    def waiting_for(self) -> Wait:
        """What stands in the way of the next reply."""
        if self._contents and (not self.commands or self._contents[0][3] <= self.commands[0][3]):
            return Wait.BLOCK
        return WAIT_FOR[self.commands[0][0]] if self.commands else Wait.NOTHING

    def lines_sent(self, count: int) -> None:
        """Note that so many further lines were handed over to their ends."""
        self._sent += count

    # -- contents --------------------------------------------------------------------------------

    def promise(self, verb: Verb, line: bytes, exchange: Exchange, octets: int | None) -> None:
        """Say what is answered when a content has been sent, and put that content behind it.

        Args:
            verb: DOT, BDAT or LAST.
            line: the BDAT line, or nothing.
            exchange: whose content it is.
            octets: how many; None for all of it, as DATA wants it.
        """
        last = verb is not Verb.BDAT
        if line:
            self._put_out += 1
            self.output.append(line)
        self._put_out += 1
        self.output.append(new(Content, (exchange.submission.id, octets, last)))
        self._contents.append((exchange, octets or 0, last, self._put_out))
        self.octets_promised += octets or 0
        exchange.pending += 1
        self._expect(verb, len(line), exchange)

    def content_begun(self) -> None:
        """Note that the first octet of the next content was handed to the transport."""
        self.next_content().begun = True

    def next_content(self) -> Exchange:
        """Whose content is the next to be sent."""
        return self._contents[0][0]

    def content_sent(self) -> Exchange:
        """Strike out the next content, which was handed to the transport from begin to end."""
        exchange, octets, last, _ = self._contents.popleft()
        self._sent += 1
        self.octets_promised -= octets
        exchange.pending -= 1
        exchange.begun = True
        exchange.finished = exchange.finished or last
        return exchange
