"""The engine: one SMTP client connection without I/O and without a clock.

Octets and facts go in; octets, contents and events come out.  One engine serves lock-step,
pipelining, pipelining across messages and BDAT, because sending is *pulled*: `_pump` asks "may
anything be sent?" (`_may_send`, the only place that knows about pipelining) and "what is next, given
what is known now?" (`_next_for`, the only place that knows about transactions).  Nothing is planned
ahead, so a refusal needs no course correction: it changes the next answer.

The rules that keep mail safe:

- One reply pops exactly one entry of the FIFO of unanswered commands, and its meaning comes from the
  entry, never from code or text (RFC 2920 section 3.1).  A reply that nothing asked for is a desync,
  unless it is a 421: nothing more is believed, and the connection is closed.
- MAIL has RSET before it unless it is *known* that the server has no transaction open.  RSET may
  continue a group, so this costs octets and no round trip, and no content can be delivered under the
  envelope of another message.
- A message is `unknown` when its end of data was handed to the transport and no reply came; only a
  message of which no octet of content was handed over may be sent again unasked.
- After a 421 nothing is written; replies to ends of data that are out are still read, for a while.
"""

from __future__ import annotations

from collections import deque

from smtpwire.core.command import (
    CHUNK,
    CONTENT,
    MAY_CONTINUE_GROUP,
    WAIT_FOR,
    Verb,
    Wait,
    bdat_line,
    mail_line,
    rcpt_line,
)
from smtpwire.core.event import Close, Content, Ready, Replied, Settled, StartTLS, Warned
from smtpwire.core.exchange import Exchange
from smtpwire.core.opening import UNKNOWN_COMMAND, Opening
from smtpwire.core.parameters import mail_parameters
from smtpwire.core.reply import ReplyParser
from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from smtpwire.errors import (
    ConnectionLost,
    MessageTooLarge,
    MissingExtension,
    RemoteProtocolError,
    ServerClosing,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.event import Event
    from smtpwire.core.reply import Reply
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError

COMMAND_WINDOW = 65_536
"""Octets of commands that may be unanswered: what a server may have to buffer of ours."""

CONTENT_AHEAD = 1_048_576
"""Octets of content promised to the driver and not yet sent, beyond which no more is promised."""


class Engine:
    """One client connection.

    After every call that brings a fact, drain `output`, then `events`, and look at `close`.  No call
    raises for anything the server does.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._opening = Opening(options)
        self._parser = ReplyParser()
        self._fifo: deque[tuple[Verb, int, Exchange | None]] = deque([(Verb.GREETING, 0, None)])
        self._unanswered = 0
        self._group_open = False
        self._queue: deque[Submission] = deque()
        self._current: Exchange | None = None
        self._last: Exchange | None = None
        """The exchange that was left since the last RSET, if any."""
        self._open: deque[Exchange] = deque()
        """Begun and not settled, in order."""
        self._contents: deque[tuple[Exchange, int, bool]] = deque()
        """In the output and not yet sent, in order: whose, octets, whether the end of data is in it."""
        self._content_ahead = 0
        self._contents_unanswered = 0
        self._chunk_taken = False
        self._pipelining = False
        self._chunking = False
        self._size_limit: int | None = None
        self._no_more = False
        self._failure: SMTPError | None = None
        """Why the session is being ended politely, with QUIT."""
        self._stop: SMTPError | None = None
        """Why nothing more is written, while last replies are still read."""
        self._stop_wait = Wait.CLOSING
        self.replies = 0
        """How many replies have come: a driver's measure of progress."""
        self._output: list[bytes | Content] = []
        self._events: list[Event] = []
        self._closed: Close | None = None

    # -- facts in --------------------------------------------------------------------------------

    def submit(self, submission: Submission) -> None:
        """Queue a message; when `hungry`, the engine can use one now."""
        self._queue.append(submission)
        self._pump()

    def finish(self) -> None:
        """Say that no more messages come: QUIT goes out behind the last one."""
        self._no_more = True
        self._pump()

    def receive(self, data: bytes | memoryview) -> None:
        """Take octets from the server, in any fragmentation."""
        if self._closed is not None:
            return
        if self._opening.handshake_due:
            self._desync(RemoteProtocolError("octets came in the clear where TLS was to begin"))
            return
        self._parser.feed(data)
        try:
            while self._closed is None and (reply := self._parser.next()) is not None:
                self._on_reply(reply)
        except RemoteProtocolError as error:
            self._desync(error)
        if self._closed is not None:
            return
        if not self._parser.idle:
            self._on_rest()
        self._pump()

    def receive_eof(self) -> None:
        """Take the end of what the server sends."""
        self.connection_lost(ConnectionLost("the server closed the connection"))

    def connection_lost(self, error: SMTPError) -> None:
        """Take a reset, a failed write or a timeout, after all that could be read was received."""
        if self._closed is not None:
            return
        if self._fifo and self._fifo[0][0] is Verb.QUIT:
            # Everything is settled: how the server answers QUIT changes nothing.
            self._end(self._failure)
            return
        self._end(self._failure or self._stop or self._opening.cut_off(error))

    def tls_established(self) -> None:
        """Take the end of the handshake: forget what was offered before it, and say EHLO again."""
        self._opening.tls_established()
        self._pump()

    def content_begun(self) -> None:
        """Say that the first octet of the next content in the output goes to the transport now."""
        self._contents[0][0].begun = True

    def content_done(self) -> None:
        """Say that the last octet of the next content was handed to the transport."""
        exchange, octets, last = self._contents.popleft()
        self._content_ahead -= octets
        exchange.finished = exchange.finished or last
        self._pump()

    def content_failed(self, error: SMTPError) -> None:
        """Say that the next content cannot be sent: its end of data is never written."""
        exchange = self._contents[0][0]
        exchange.error = error
        self._stop_writing(ConnectionLost("a message could not be read to its end"), Wait.CLOSING)

    def interrupt(self, error: SMTPError) -> None:
        """End now; only replies to ends of data that are out are still waited for."""
        if self._closed is None:
            self._stop_writing(error, Wait.INTERRUPTED)

    # -- facts out -------------------------------------------------------------------------------

    def output(self) -> list[bytes | Content]:
        """What is to be written, in the order of the wire; taking it empties it."""
        output, self._output = self._output, []
        return output

    def events(self) -> list[Event]:
        """What has happened; taking it empties it."""
        events, self._events = self._events, []
        return events

    @property
    def close(self) -> Close | None:
        """Not None: the driver must close the connection now."""
        return self._closed

    @property
    def muted(self) -> bool:
        """Whether nothing more may be written, not even what was taken from `output`."""
        return self._stop is not None or self._closed is not None

    @property
    def hungry(self) -> bool:
        """Whether a further message would be begun, or is needed to know what follows this one."""
        return (
            self._opening.ready
            and not self._queue
            and not self._no_more
            and self._failure is None
            and not self.muted
        )

    @property
    def waiting_for(self) -> Wait:
        """What the peer owes next, for the driver's clock."""
        if self._stop is not None:
            return self._stop_wait
        if self._opening.handshake_due:
            return Wait.HANDSHAKE
        if self._fifo:
            return Wait.BLOCK if self._next_reply_is_early else WAIT_FOR[self._fifo[0][0]]
        # Part of a reply that nothing asked for: it may become a 421.
        return Wait.NOTHING if self._parser.idle else Wait.CLOSING

    @property
    def secured(self) -> bool:
        """Whether what is said now is said inside TLS."""
        return self._opening.secured

    # -- sending ---------------------------------------------------------------------------------

    def _pump(self) -> None:
        while not self.muted and self._may_send() and self._send_next():
            pass

    def _may_send(self) -> bool:
        if not self._fifo:
            return self._parser.idle
        return self._group_open and self._pipelining and self._unanswered < COMMAND_WINDOW

    def _say(self, verb: Verb, line: bytes, exchange: Exchange | None = None) -> None:
        self._fifo.append((verb, len(line), exchange))
        self._unanswered += len(line)
        self._group_open = verb in MAY_CONTINUE_GROUP
        if exchange is not None:
            exchange.pending += 1
        if line:
            self._output.append(line)

    def _send_next(self) -> bool:
        """Send one thing, or take one decision; False when there is nothing to do now."""
        if self._failure is not None:
            return self._quit()
        if not self._opening.ready:
            command = self._opening.next_command()
            if command is None:
                return False
            self._say(*command)
            return True
        if self._current is not None:
            return self._next_for(self._current)
        if self._queue:
            self._begin(self._queue.popleft())
            return True
        return self._no_more and self._quit()

    def _quit(self) -> bool:
        last = self._last
        if last is not None and last.withheld and self._failure is None:
            # Say that the recipients already accepted get nothing, instead of leaving it to QUIT.
            self._reset()
        else:
            self._say(Verb.QUIT, b"QUIT\r\n")
        return True

    def _reset(self) -> None:
        self._last = None
        self._say(Verb.RSET, b"RSET\r\n")

    def _begin(self, submission: Submission) -> None:
        error: SMTPError
        chosen = mail_parameters(submission, self._opening.capabilities, self._options)
        limit = self._size_limit
        if chosen.missing is not None:
            extension = chosen.missing.extension
            error = MissingExtension(
                f"the server does not offer {extension}: {chosen.missing.reason}", name=extension
            )
            self._settle_unsent(submission, error, resend=False)
            return
        if limit is not None and submission.data_size is not None and submission.data_size > limit:
            error = MessageTooLarge(
                f"{submission.data_size} octets are more than the server's limit of {limit}"
            )
            self._settle_unsent(submission, error, resend=False)
            return
        self._events.extend(Warned(submission.id, text) for text in chosen.warnings)
        self._current = Exchange(submission, chosen.text)
        self._open.append(self._current)

    def _next_for(self, x: Exchange) -> bool:
        envelope = x.submission.envelope
        if not x.mail_asked:
            if self._last is not None and not self._last.server_forgot:
                self._reset()
                return True
            x.mail_asked = True
            self._say(Verb.MAIL, mail_line(envelope.reverse_path, x.parameters), x)
            return True
        if x.committed:
            return self._leave(x)
        if x.data is not None:
            return self._after_data(x)
        if x.data_asked:
            return x.failed is not None and self._leave(x)
        if self._doomed(x):
            return self._leave(x)
        if x.asked < len(envelope.recipients):
            recipient = envelope.recipients[x.asked]
            x.asked += 1
            self._say(Verb.RCPT, rcpt_line(recipient), x)
            return True
        if self._chunking and x.submission.size is not None:
            return self._chunk(x)
        if self._options.require_all and not x.envelope_answered:
            # A 354 would be a trap: the lone dot would deliver an empty message to those accepted.
            return False
        x.data_asked = True
        self._say(Verb.DATA, b"DATA\r\n", x)
        return True

    def _doomed(self, x: Exchange) -> bool:
        if x.mail_refused or x.failed is not None:
            return True
        if self._options.require_all and x.recipient_refused:
            x.withheld = True
            return True
        return x.nobody_accepted and not self._options.send_anyway

    def _after_data(self, x: Exchange) -> bool:
        """DATA was answered with 354 and nothing is unanswered."""
        if x.mail_refused:
            self._desync(RemoteProtocolError("DATA was accepted after MAIL was refused"))
            return False
        if x.accepted or self._options.send_anyway:
            x.committed = True
            self._content(x, Verb.DOT, None, last=True)
        else:
            # RFC 2920 section 3.1: an empty message to nobody; the answer does not matter.
            self._say(Verb.LONE_DOT, b".\r\n", x)
            self._leave(x)
        return True

    def _chunk(self, x: Exchange) -> bool:
        """The next BDAT, if it may go now."""
        known = x.envelope_answered
        if not known and not self._may_speculate(x):
            return False
        withhold = self._options.require_all and not known
        if self._content_ahead > CONTENT_AHEAD:
            return False
        octets = min(x.remaining, self._options.chunk_size or x.remaining)
        last = octets == x.remaining and not withhold
        if not (octets or last):
            return False  # BDAT 0 without LAST is refused by some servers
        x.remaining -= octets
        x.committed = last
        self._output.append(bdat_line(octets, last=last))
        self._content(x, Verb.LAST if last else Verb.BDAT, octets, last=last)
        return True

    def _may_speculate(self, x: Exchange) -> bool:
        options = self._options
        if not (options.no_wait and self._pipelining) or len(self._open) > options.window_messages:
            return False
        return sum(e.submission.size or 0 for e in self._open) <= options.window_octets

    def _content(self, x: Exchange, verb: Verb, octets: int | None, *, last: bool) -> None:
        self._say(verb, b"", x)
        self._contents.append((x, octets or 0, last))
        self._content_ahead += octets or 0
        self._contents_unanswered += 1
        self._output.append(Content(x.submission.id, octets, last))

    def _leave(self, x: Exchange) -> bool:
        """Turn to the next message; this one is settled when all its replies are in."""
        x.left = True
        self._last = x
        self._current = None
        if not x.pending:
            self._settle(x)
        return True

    # -- replies ---------------------------------------------------------------------------------

    def _on_reply(self, reply: Reply) -> None:
        self.replies += 1
        if self._options.trace:
            self._events.append(Replied(reply))
        if not self._fifo:
            if reply.code == 421:
                self._stop_writing(self._closing(reply), Wait.CLOSING)
            else:
                self._desync(RemoteProtocolError("a reply came that nothing asked for", reply=reply))
            return
        early = self._next_reply_is_early
        verb, octets, x = self._fifo.popleft()
        self._unanswered -= octets
        if x is not None:
            x.pending -= 1
            self._contents_unanswered -= verb in CONTENT
        if reply.code == 421 and verb is not Verb.QUIT:
            if x is not None:
                x.cut_off = True
                self._record(verb, x, reply)
            self._stop_writing(self._closing(reply), Wait.CLOSING)
        elif x is not None:
            self._on_transaction_reply(verb, x, reply, early=early or x.premature)
        elif verb is Verb.QUIT:
            self._end(self._failure)
        elif verb is Verb.RSET:
            if not reply.ok:
                error = ServerClosing("the server refused RSET", reply=reply)
                self._stop_writing(error, Wait.CLOSING)
        else:
            self._on_opening_reply(verb, reply)
        if self._closed is None:
            if x is not None and x.left and not x.pending:
                self._settle(x, self._stop)
            self._stop_if_answered()

    @property
    def _next_reply_is_early(self) -> bool:
        """Whether the content that the next reply is about has not been sent to its end."""
        return 0 < self._contents_unanswered == len(self._contents) and self._fifo[0][0] in CONTENT

    @staticmethod
    def _closing(reply: Reply) -> SMTPError:
        return ServerClosing("the server is closing the connection", reply=reply)

    def _on_opening_reply(self, verb: Verb, reply: Reply) -> None:
        opening = self._opening
        error = opening.answered(verb, reply)
        if isinstance(error, RemoteProtocolError):
            self._desync(error)
        elif error is not None:
            self._failure = error
        elif opening.handshake_due:
            if self._parser.idle:
                self._events.append(StartTLS())
            else:
                self._desync(RemoteProtocolError("octets followed the reply to STARTTLS"))
        elif opening.ready and opening.greeting is not None and opening.hello is not None:
            offers = opening.capabilities.offers
            self._pipelining = self._options.pipelining and offers("PIPELINING")
            self._chunking = self._options.chunking and offers("CHUNKING")
            if self._options.declare_size:
                self._size_limit = opening.capabilities.size_limit
            ready = Ready(
                opening.greeting, opening.hello, opening.capabilities, opening.mechanism
            )
            self._events.append(ready)

    def _on_transaction_reply(self, verb: Verb, x: Exchange, reply: Reply, *, early: bool) -> None:
        if verb is Verb.LONE_DOT:
            return
        if early and reply.ok:
            text = "the content was accepted before its end was sent"
            self._desync(RemoteProtocolError(text, reply=reply))
        elif not (reply.refusal or reply.code == 354 if verb is Verb.DATA else not reply.intermediate):
            text = f"{verb.label} was answered with a reply that cannot answer it"
            self._desync(RemoteProtocolError(text, reply=reply))
        elif verb in CHUNK and reply.code in UNKNOWN_COMMAND and not self._chunk_taken:
            # The server may be reading the content as commands: it took no message, nor will it.
            error = ServerClosing("the server offers CHUNKING and refused BDAT", reply=reply)
            self._end(error, without_chunking=True)
        else:
            self._record(verb, x, reply)
            if early and verb is Verb.DOT:
                # Refused in mid-content: neither the rest nor the dot is written.
                self._end(None)

    def _record(self, verb: Verb, x: Exchange, reply: Reply) -> None:
        if verb is Verb.MAIL:
            x.mail = reply
        elif verb is Verb.RCPT:
            x.replies.append(reply)
            x.accepted += reply.ok
        elif verb is Verb.DATA and not reply.refusal:
            x.data = reply
        elif verb is Verb.DOT:
            x.final = reply
        elif reply.refusal:
            x.failed = x.failed or reply
        else:
            self._chunk_taken = True
        if verb is Verb.LAST:
            x.final = x.failed or reply

    def _on_rest(self) -> None:
        """Part of a further reply has come."""
        if self._fifo and self._next_reply_is_early:
            exchange = self._fifo[0][2]
            if exchange is not None:
                exchange.premature = True

    # -- ending ----------------------------------------------------------------------------------

    def _settle(self, x: Exchange, lost: SMTPError | None = None) -> None:
        self._open.remove(x)
        self._events.append(Settled(x.result(lost)))

    def _settle_unsent(
        self, submission: Submission, error: SMTPError | None, *, resend: bool
    ) -> None:
        recipients = tuple(
            RecipientOutcome(recipient, Outcome.UNSENT, None)
            for recipient in submission.envelope.recipients
        )
        result = TransactionResult(submission.id, recipients, None, error, "", resend)
        self._events.append(Settled(result))

    def _desync(self, error: RemoteProtocolError) -> None:
        if self._fifo and self._fifo[0][0] is Verb.QUIT:
            self._end(self._failure)  # as in connection_lost
        else:
            self._end(error)

    def _stop_writing(self, error: SMTPError, wait: Wait) -> None:
        """Write nothing more; go on reading while an end of data that is out has no reply."""
        self._output.clear()
        self._stop, self._stop_wait = error, wait
        self._stop_if_answered()

    def _stop_if_answered(self) -> None:
        if self._stop is not None and not any(x.in_doubt for x in self._open):
            self._end(self._failure or self._stop)

    def _end(self, error: SMTPError | None, *, without_chunking: bool = False) -> None:
        self._closed = Close(error, without_chunking)
        self._output.clear()
        for x in tuple(self._open):
            if without_chunking:
                x.begun = x.finished = False
            self._settle(x, error or ConnectionLost("the connection was closed"))
        for submission in self._queue:
            self._settle_unsent(submission, error, resend=True)
        self._queue.clear()
