"""The engine: one SMTP client connection without I/O and without a clock.

Octets and facts go in; octets, contents and events come out.  One engine serves lock-step,
pipelining, pipelining across messages and BDAT, because sending is *pulled*: `_pump` asks "may
anything be sent?" (`Sender.may_go_on`, the only place that knows about pipelining) and "what is
next, given what is known now?" (`smtpwire.core.step`, the only place that knows about
transactions).  Nothing is planned ahead, so a refusal needs no course correction: it changes the
next answer.

The rules that keep mail safe, beside the firewall of `smtpwire.core.sender`:

- One reply strikes out exactly one command of the ledger, and its meaning comes from the ledger,
  never from code or text (RFC 2920 section 3.1).  A reply that nothing asked for, or to a command
  that was not handed over, is a desync, unless it is a 421: nothing more is believed, and the
  connection is closed.
- A message is `unknown` when its end of data was handed to the transport and no reply came; only a
  message of which no octet of content was handed over may be sent again unasked.
- After a 421, or a refused RSET, nothing is written.  Replies behind it count where they can be
  nothing but what they seem (`smtpwire.core.afterwards`).
- The first cause is the one that is reported: what breaks after it is its consequence.
"""

from __future__ import annotations

from smtpwire.core.command import CHUNK, CONTENT, DOT, QUIT, RSET, UNKNOWN_COMMAND, Verb, Wait
from smtpwire.core.event import Close, Replied, Settled, StartTLS
from smtpwire.core.exchange import unsent
from smtpwire.core.ledger import Ledger
from smtpwire.core.opening import Opening
from smtpwire.core.reply import ReplyParser
from smtpwire.core.sender import Sender
from smtpwire.errors import ConnectionLost, LocalProtocolError, RemoteProtocolError, ServerClosing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.core.afterwards import Afterwards
    from smtpwire.core.event import Content, Event
    from smtpwire.core.exchange import Exchange
    from smtpwire.core.reply import Reply
    from smtpwire.core.sasl import ChannelBinding
    from smtpwire.core.session import SessionOptions
    from smtpwire.core.transaction import Submission
    from smtpwire.errors import SMTPError


class Engine:
    """One client connection.

    After every call that brings a fact, drain `output`, then `events`, and look at `close`.  No
    call raises for anything the server does.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._opening = Opening(options)
        self._parser = ReplyParser()
        self._ledger = Ledger()
        # The greeting answers the connection itself.
        self._ledger.ask(Verb.GREETING, b"")
        self._events: list[Event] = []
        self._sender = Sender(options, self._ledger, self._events)
        self._chunk_taken = False
        self._without_chunking = False
        self._no_more = False
        self._failure: SMTPError | None = None
        """Why the session is being ended politely, with QUIT."""
        self._stop: SMTPError | None = None
        """Why nothing more is written, while last replies are still read."""
        self._stop_wait = Wait.CLOSING
        self._afterwards: Afterwards | None = None
        """Behind a 421, while replies may still tell something."""
        self._closed: Close | None = None
        self.muted = False
        """Nothing more may be written, not even what was taken from `output`."""
        self.replies = 0
        """How many replies have come: a driver's measure of progress."""

    # -- facts in --------------------------------------------------------------------------------

    def submit(self, submission: Submission) -> None:
        """Queue a message; when `hungry`, the engine can use one now.

        Raises:
            LocalProtocolError: it has no recipients, or `finish` was called before.
        """
        if not submission.envelope.recipients:
            raise LocalProtocolError("a message was submitted without recipients")
        if self._no_more:
            raise LocalProtocolError("a message was submitted after the last one")
        if self._closed is not None:
            self._events.append(Settled(unsent(submission, self._closed.error, resend=True)))
            return
        self._sender.submit(submission)
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
            self._break(RemoteProtocolError("octets came in the clear where TLS was to begin"))
            return
        parser = self._parser
        parser.feed(data)
        try:
            while self._closed is None:
                if self._take_group():
                    continue
                reply = parser.next()
                if reply is None:
                    break
                self._on_reply(reply)
        except RemoteProtocolError as error:
            self._break(error)
        if not parser.idle:
            self._ledger.answer_begun()
        self._pump()

    def receive_eof(self) -> None:
        """Take the end of what the server sends."""
        self.connection_lost(ConnectionLost("the server closed the connection"))

    def connection_lost(self, error: SMTPError) -> None:
        """Take a reset, a failed write or a timeout, after all that could be read was received."""
        if self._closed is None:
            self._break(self._opening.cut_off(error))

    def tls_established(self) -> None:
        """Take the end of the handshake: forget what was offered before it, and say EHLO again."""
        self._opening.tls_established()
        self._pump()

    def lines_sent(self, count: int) -> None:
        """Say that so many further lines of the output were handed to the transport, whole."""
        self._ledger.lines_sent(count)

    def bind_logins(self, channel: Callable[[], ChannelBinding | None]) -> None:
        """Say how to learn what a login inside TLS is bound to; it is asked for once, if at all."""
        self._opening.channel_binding = channel

    def content_begun(self) -> None:
        """Say that the first octet of the next content in the output was handed over."""
        self._ledger.content_begun()

    def content_done(self) -> None:
        """Say that the last octet of the next content was handed over; maybe the first with it."""
        sender = self._sender
        waited = sender.content_is_full
        exchange = self._ledger.content_sent()
        if not self.muted and (sender.settle_if_over(exchange) or waited):
            self._pump()

    def content_failed(self, error: SMTPError) -> None:
        """Say that the next content cannot be sent: its end of data is never written."""
        self._ledger.next_content().error = error
        self._stop_writing(ConnectionLost("a message could not be read to its end"))

    def interrupt(self, error: SMTPError) -> None:
        """End now; only replies to ends of data that are out are still waited for."""
        self._stop_wait = Wait.INTERRUPTED
        self._stop_writing(error)

    # -- facts out -------------------------------------------------------------------------------

    def output(self) -> list[bytes | Content]:
        """What is to be written, in the order of the wire; taking it empties it."""
        output, self._ledger.output = self._ledger.output, []
        return output

    def events(self) -> list[Event]:
        """What has happened; taking it empties it."""
        events = self._events.copy()
        self._events.clear()
        return events

    @property
    def close(self) -> Close | None:
        """Not None: the driver must close the connection now."""
        return self._closed

    @property
    def hungry(self) -> bool:
        """Whether a further message would be begun, or is needed to know what follows this one."""
        return (
            self._opening.ready is not None
            and not self._sender.queued
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
        wait = self._ledger.waiting_for
        if wait is Wait.NOTHING and not self._parser.idle:
            # Part of a reply that nothing asked for: it may become a 421.
            return Wait.CLOSING
        return wait

    @property
    def secured(self) -> bool:
        """Whether what is said now is said inside TLS."""
        return self._opening.secured

    # -- sending ---------------------------------------------------------------------------------

    def _pump(self) -> None:
        ledger, sender = self._ledger, self._sender
        while not self.muted:
            # Before a first command, what is here already answers nothing that could be said now.
            may_send = sender.may_go_on if ledger.commands else self._parser.idle
            if not (may_send and self._send_next()):
                break

    def _send_next(self) -> bool:
        """Send something, or take a decision; False when there is nothing to do now."""
        if self._failure is not None:
            return self._quit()
        if self._opening.ready is None:
            command = self._opening.next_command()
            if command is not None:
                self._ledger.ask(*command)
            return command is not None
        if self._sender.idle:
            return self._no_more and self._quit()
        return self._sender.send_run()

    def _quit(self) -> bool:
        if self._failure is not None or not self._sender.take_leave():
            self._ledger.ask(QUIT, b"QUIT\r\n")
        return True

    # -- replies ---------------------------------------------------------------------------------

    def _take_group(self) -> bool:
        """Take the replies to a group in one act, if that can be done."""
        replies = [] if self._stop is not None else self._sender.take_group(self._parser)
        if replies:
            self.replies += len(replies)
            self._opening.passed_over = None
            self._events.extend(map(Replied, replies) if self._options.trace else ())
        return bool(replies)

    def _on_reply(self, reply: Reply) -> None:
        self.replies += 1
        if self._options.trace:
            self._events.append(Replied(reply))
        if self._afterwards is not None:
            if self._afterwards.take(reply):
                self._end(None)
        elif self._ledger.commands:
            verb, x, ahead = self._ledger.answer()
            if reply.code == 421 and verb is not QUIT:
                if x is not None and (not ahead or verb in CONTENT):
                    x.record(verb, reply)
                self._closing("the server is closing the connection", reply, x)
            elif ahead and (verb not in CONTENT or ahead > 1 or reply.ok):
                text = "a reply came before what it answers was sent"
                self._break(RemoteProtocolError(text, reply=reply))
            elif x is not None:
                self._on_transaction_reply(verb, x, reply, early=ahead > 0)
            else:
                self._on_session_reply(verb, reply)
        else:
            self._on_unasked_reply(reply)

    def _on_unasked_reply(self, reply: Reply) -> None:
        if reply.code == 421:
            self._closing("the server is closing the connection", reply)
        elif reply.refusal and (x := self._sender.asked_for_content) is not None:
            # Right behind the 354: the same as in mid-content.
            x.record(DOT, reply)
            self._end(None)
        else:
            self._break(RemoteProtocolError("a reply came that nothing asked for", reply=reply))

    def _closing(self, text: str, reply: Reply, x: Exchange | None = None) -> None:
        """Write nothing more; listen on where that can tell what became of an end of data."""
        from smtpwire.core.afterwards import Afterwards

        error = self._opening.cut_off(ServerClosing(text, reply=reply))
        said_so = x is not None and x.final is reply
        afterwards = Afterwards(self._ledger, reply, x)
        if afterwards.telling and (said_so or self._sender.in_doubt):
            self._afterwards = afterwards
            self._stop = self._stop or error
            self.muted = True
        else:
            self._end(error)

    def _on_session_reply(self, verb: Verb, reply: Reply) -> None:
        if verb is QUIT:
            self._end(None)
        elif verb is not RSET:
            self._on_opening_reply(verb, reply)
        elif not reply.ok:
            # Exim counts RSET among the commands that are no mail, and ends a session of too many.
            # Or the replies are not to the commands they seem to answer: RSET is never refused.
            self._closing("the server refused RSET", reply)

    def _on_opening_reply(self, verb: Verb, reply: Reply) -> None:
        opening = self._opening
        error = opening.answered(verb, reply)
        if isinstance(error, RemoteProtocolError):
            self._break(error)
        elif error is not None:
            self._failure = error
        elif opening.handshake_due:
            if self._parser.idle:
                self._events.append(StartTLS())
            else:
                self._break(RemoteProtocolError("octets followed the reply to STARTTLS"))
        elif opening.ready is not None:
            self._sender.start(opening.ready.capabilities)
            self._events.append(opening.ready)

    def _on_transaction_reply(self, verb: Verb, x: Exchange, reply: Reply, *, early: bool) -> None:
        self._opening.passed_over = None
        if not x.may_record(verb, reply):
            text = f"{verb.label} was answered with a reply that cannot answer it"
            self._break(RemoteProtocolError(text, reply=reply))
        elif verb in CHUNK and reply.code in UNKNOWN_COMMAND and not self._may_know_bdat:
            self._on_bdat_unknown(x, verb, reply)
        else:
            x.record(verb, reply)
            if verb in CHUNK:
                self._chunk_taken = self._chunk_taken or reply.ok
            if early and verb is DOT:
                # Refused in mid-content: neither the rest nor the dot is written.
                self._end(None)
            elif self._stop is not None:
                self._end_if_answered()
            elif not x.pending:
                self._sender.settle_if_over(x)

    @property
    def _may_know_bdat(self) -> bool:
        """Whether it took a chunk, or what it says now is no news."""
        return self._chunk_taken or (self._stop is not None and not self._without_chunking)

    def _on_bdat_unknown(self, x: Exchange, verb: Verb, reply: Reply) -> None:
        """Take it that BDAT is not known, so that the content may be read as commands.

        Nothing more is written.  Each message whose end of data is out is told by the replies to
        its own chunks: RSET, which stands before each MAIL, is not refused as long as they match.
        """
        self._without_chunking = x.bdat_unknown = True
        x.record(verb, reply)
        error = ServerClosing("the server offers CHUNKING and refused BDAT", reply=reply)
        self._stop_writing(error)

    # -- ending ----------------------------------------------------------------------------------

    def _break(self, error: SMTPError) -> None:
        """End where the conversation broke; behind QUIT that changes nothing once all is decided.

        Decided, and not just asked: what broke it may be the reply to the last end of data.
        """
        commands = self._ledger.commands
        leaving = bool(commands) and commands[0][0] is QUIT and self._sender.decided
        self._end(None if leaving else error)

    def _stop_writing(self, error: SMTPError) -> None:
        """Write nothing more; go on reading while an end of data that is out has no reply."""
        if self._closed is None:
            self._ledger.output.clear()
            self._stop = self._stop or error
            self.muted = True
            self._end_if_answered()

    def _end_if_answered(self) -> None:
        if not self._sender.in_doubt and self._afterwards is None:
            self._end(None)

    def _end(self, error: SMTPError | None) -> None:
        error = self._failure or self._stop or error
        if error is not None:
            error.at_login = self._opening.logging_in
        self._closed = Close(error, self._without_chunking)
        self.muted = True
        self._ledger.output.clear()
        text = "the connection was closed after a refusal in mid-content"
        self._sender.settle_all(error or ConnectionLost(text))
