"""Messages, one after the other, as the commands and contents of their transactions.

Which step comes next is decided in `smtpwire.core.step`; here it is taken.  The firewall between
messages is here too: MAIL has RSET before it unless it is *known* that the server has no
transaction open.  RSET may continue a group, so this costs octets and no round trip, and no content
can be delivered under the envelope of another message.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core import step
from smtpwire.core.command import (
    BDAT,
    DATA,
    DOT,
    LAST,
    LONE_DOT,
    MAIL,
    MAY_CONTINUE_GROUP,
    RCPT,
    RSET,
    bdat_line,
    mail_start,
    rcpt_line,
)
from smtpwire.core.event import Settled, Warned
from smtpwire.core.exchange import Exchange, unsent
from smtpwire.core.extensions import NO_EXTENSIONS
from smtpwire.core.group import group_of
from smtpwire.core.parameters import Admitter
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.command import Verb
    from smtpwire.core.event import Event
    from smtpwire.core.extensions import Capabilities
    from smtpwire.core.group import Group
    from smtpwire.core.ledger import Ledger
    from smtpwire.core.reply import Reply, ReplyParser
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.step import Step
    from smtpwire.core.transaction import Envelope, Submission
    from smtpwire.errors import SMTPError

COMMAND_WINDOW = 65_536
"""Octets of commands that may be unanswered: what a server may have to buffer of ours."""
REMEMBERED = 64
"""Groups of commands that are kept."""
CONTENT_AHEAD = 1_048_576
"""Octets of content promised to the driver and not yet sent, beyond which no more is promised."""


class Sender:
    """The submissions of one connection, from the queue until they are settled."""

    def __init__(self, options: SessionOptions, ledger: Ledger, events: list[Event]) -> None:
        self._options = options
        self._ledger = ledger
        self._events = events
        self._admitter = Admitter(NO_EXTENSIONS, options)
        self._queue: deque[Submission] = deque()
        self._current: Exchange | None = None
        self._last: Exchange | None = None
        """The exchange that was left since the last RSET, if any."""
        self._open: deque[Exchange] = deque()
        """Begun and not settled, in order."""
        self._octets_open = 0
        """Octets of content of those, all together."""
        self._envelope: Envelope | None = None
        """The envelope whose lines are here: many messages may share one."""
        self._mail_start = b""
        self._rcpt_lines: list[bytes] = []
        self._groups: dict[tuple[str, bool, bool], Group] = {}
        """What is said in one go for a message with this envelope: by the parameters of MAIL,
        whether BDAT follows, and whether RSET stands in front."""
        self.pipelining = False
        self._chunking = False

    def start(self, capabilities: Capabilities) -> None:
        """Take what the server offers, now that messages may follow."""
        self._admitter = Admitter(capabilities, self._options)
        self.pipelining = self._options.pipelining and capabilities.offers("PIPELINING")
        self._chunking = self._options.chunking and capabilities.offers("CHUNKING")

    def submit(self, submission: Submission) -> None:
        """Queue a message."""
        self._queue.append(submission)

    @property
    def queued(self) -> bool:
        """Whether a message waits for its turn."""
        return bool(self._queue)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to send: no message waits, none is under way."""
        return self._current is None and not self._queue

    @property
    def decided(self) -> bool:
        """Whether nothing can still change what becomes of any message."""
        return not self._queue and all(x.decided for x in self._open)

    @property
    def in_doubt(self) -> bool:
        """Whether the reply to an end of data that is out has not come."""
        return any(x.in_doubt for x in self._open)

    @property
    def asked_for_content(self) -> Exchange | None:
        """The exchange whose content a 354 asked for, while it is not promised."""
        x = self._current
        return x if x is not None and x.data is not None else None

    # -- sending ---------------------------------------------------------------------------------

    def send_run(self) -> bool:
        """Send, when not `idle`, what may go before anything is answered.

        Returns:
            False when the next step has to wait for an answer, whatever the group rule says.
        """
        while True:
            x = self._current
            if x is None:
                if not self._queue:
                    return True
                x = self._current = self._begin(self._queue.popleft())
            if x is not None:
                move = step.next_step(x)
                if move in step.COMMANDS:
                    self._say_together(x, move)
                elif not self._advance(x, move):
                    return False
            if not self.may_go_on:
                return True

    @property
    def may_go_on(self) -> bool:
        """Whether something may be said while something is unanswered."""
        return self._may_follow(self._ledger.last, self._ledger.octets_unanswered)

    def _may_follow(self, verb: Verb, octets: int) -> bool:
        """Whether a command may be followed while so many octets are unanswered: the group rule."""
        return self.pipelining and verb in MAY_CONTINUE_GROUP and octets < COMMAND_WINDOW

    def take_leave(self) -> bool:
        """Say what is to be said before QUIT; False when that is nothing.

        Recipients that were accepted and get nothing after all are told so by RSET, instead of
        leaving it to what the server makes of QUIT.
        """
        if self._last is None or not self._last.withheld:
            return False
        self._last = None
        self._ledger.ask(RSET, b"RSET\r\n")
        return True

    def _begin(self, submission: Submission) -> Exchange | None:
        chunked = self._chunking and submission.size is not None
        error, parameters, warnings = self._admitter.admit(submission, chunked=chunked)
        if error is not None:
            self._events.append(Settled(unsent(submission, error, resend=False)))
            return None
        for text in warnings:
            self._events.append(Warned(submission.id, text))
        envelope = submission.envelope
        if envelope is not self._envelope:
            self._envelope = envelope
            self._mail_start = mail_start(envelope.reverse_path)
            self._rcpt_lines = [rcpt_line(recipient) for recipient in envelope.recipients]
            self._groups.clear()
        exchange = Exchange(submission, parameters, self._options, chunked=chunked)
        self._open.append(exchange)
        self._octets_open += submission.size or 0
        return exchange

    def _say_together(self, x: Exchange, move: Step) -> None:
        """Say the next commands of the current exchange, as far as they may follow each other."""
        ledger = self._ledger
        if move is not step.MAIL:
            ledger.ask_all(self._group(x, move), x)
            return
        reset = self._reset_due
        group = self._groups.get((x.parameters, x.chunked, reset))
        if group is not None and ledger.octets_unanswered + group.octets < COMMAND_WINDOW:
            x.mail_asked = True
            x.asked = group.recipients
            if reset:
                self._last = None
        else:
            group = self._group(x, move)
            if len(self._groups) >= REMEMBERED:
                self._groups.clear()
            if MAIL in group.verbs:
                self._groups[x.parameters, x.chunked, reset] = group
        ledger.ask_all(group, x)

    def _group(self, x: Exchange, move: Step) -> Group:
        """Take together the commands that come next and may follow each other; they are as said."""
        said: list[tuple[Verb, bytes]] = []
        octets = self._ledger.octets_unanswered
        while move in step.COMMANDS:
            verb, line = self._command(x, move)
            said.append((verb, line))
            octets += len(line)
            if not self._may_follow(verb, octets):
                break
            move = step.next_step(x)
        return group_of(said)

    @property
    def _reset_due(self) -> bool:
        """Whether RSET has to stand before the next MAIL."""
        return self._last is not None and not self._last.server_forgot

    def _command(self, x: Exchange, move: Step) -> tuple[Verb, bytes]:
        """The command that is the next step, or has to stand in front of it."""
        if move is step.RCPT:
            x.asked += 1
            return RCPT, self._rcpt_lines[x.asked - 1]
        if move is step.DATA:
            return DATA, b"DATA\r\n"
        if self._reset_due:
            self._last = None
            return RSET, b"RSET\r\n"
        x.mail_asked = True
        return MAIL, self._mail_start + x.parameters.encode("ascii") + b"\r\n"

    def _advance(self, x: Exchange, move: Step) -> bool:
        """Take a step of the current exchange that is no command; False when it has to wait."""
        if move is step.CHUNK:
            return self._chunk(x)
        if move is step.CONTENT:
            self._ledger.promise(DOT, b"", x, None)
            self._leave(x)
        elif move is step.LEAVE:
            self._leave(x)
        elif move is step.LONE_DOT:
            self._ledger.ask(LONE_DOT, b".\r\n", x)
            self._leave(x)
        return move is not step.WAIT

    def _leave(self, x: Exchange) -> None:
        """Turn to the next message; this one is settled when nothing is owed for it."""
        x.left = True
        self._last = x
        self._current = None
        self.settle_if_over(x)

    def _chunk(self, x: Exchange) -> bool:
        """Send the next BDAT, if it may go now."""
        known = x.envelope_answered
        if not (known or self._may_speculate) or self.content_is_full:
            return False
        octets = min(x.remaining, self._options.chunk_size or x.remaining)
        # The end of data is held back while a recipient may still be refused that all depend on.
        last = octets == x.remaining and (known or not x.all_required)
        if not (octets or last):
            return False  # BDAT 0 without LAST is refused by some servers
        x.remaining -= octets
        verb = LAST if last else BDAT
        self._ledger.promise(verb, bdat_line(octets, last=last), x, octets)
        if last:
            self._leave(x)
        return True

    @property
    def content_is_full(self) -> bool:
        """Whether no content may be promised until some that was is sent."""
        return self._ledger.octets_promised > CONTENT_AHEAD

    @property
    def _may_speculate(self) -> bool:
        """Whether content may follow an envelope that is not answered."""
        options = self._options
        return (
            options.no_wait
            and self.pipelining
            and len(self._open) <= options.window_messages
            and self._octets_open <= options.window_octets
        )

    # -- replies and ends --------------------------------------------------------------------------

    def take_group(self, parser: ReplyParser) -> list[Reply]:
        """Take the replies to a group in one act, when all are here and what was hoped for.

        That is the ordinary course; it comes to the same as to take them one by one, for less.

        Returns:
            The replies, or nothing.
        """
        together = self._ledger.together
        if together is None or together[1].doomed or together[1].left:
            return []
        group, x = together
        replies = parser.next_few(len(group.verbs))
        if replies and not group.hopes_for(replies):
            parser.give_back(replies)
            return []
        if replies:
            self._ledger.answer_all(group, x)
            x.record_all(group, replies)
        return replies

    def settle_if_over(self, x: Exchange) -> bool:
        """Settle an exchange that was left and for which nothing is owed any more.

        Returns:
            Whether it was one.
        """
        over = x.left and not x.pending
        if over:
            self._settle(x, None)
        return over

    def settle_all(self, lost: SMTPError) -> None:
        """Settle all there is: the connection has ended."""
        for x in tuple(self._open):
            self._settle(x, lost)
        for submission in self._queue:
            self._events.append(Settled(unsent(submission, lost, resend=True)))
        self._queue.clear()

    def _settle(self, x: Exchange, lost: SMTPError | None) -> None:
        self._open.remove(x)
        self._octets_open -= x.submission.size or 0
        self._events.append(new(Settled, (x.result(lost),)))
