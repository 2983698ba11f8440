"""One engine and one model server, joined by two wires on which anything may happen at any octet.

A `Session` moves octets when it is told to, reports to the engine what a driver reports, and lets
an `Auditor` look at every line that the engine brings out and every reply that goes in.  What must
hold at the end is in `Session.check`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from smtpwire.core.address import Address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Content, Settled, StartTLS
from smtpwire.core.transaction import Envelope, Outcome, Submission, TransactionResult
from smtpwire.errors import ConnectionLost, Interrupted, MessageUnreadable, TLSError
from tests.property.auditor import Auditor
from tests.property.model_server import ModelServer, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.core.session import SessionOptions

MAYBE_DELIVERED = frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN})


class Message(NamedTuple):
    """One message to submit."""

    id: int
    recipients: int
    content: bytes
    counted: bool = True
    """Its size is known, so that BDAT may carry it."""

    @property
    def submission(self) -> Submission:
        size = len(self.content) if self.counted else None
        recipients = tuple(Address(f"r{i}.m{self.id}", "server") for i in range(self.recipients))
        envelope = Envelope(Address(f"s{self.id}", "client"), recipients)
        return Submission(self.id, envelope, size, size)

    @property
    def stuffed(self) -> bytes:
        lines = self.content.split(b"\r\n")
        return b"\r\n".join(b"." + x if x.startswith(b".") else x for x in lines) + b".\r\n"


class Sending:
    """A line or a content on its way to the transport."""

    def __init__(self, octets: bytes, content: Content | None) -> None:
        self.left = octets
        self.content = content
        self.begun = False


class Session:
    """See the module; every method but `check` is one thing that happens."""

    def __init__(self, plan: Plan, options: SessionOptions, messages: tuple[Message, ...]) -> None:
        self.engine = Engine(options)
        self.server = ModelServer(plan)
        self.auditor = Auditor(self.engine, options)
        self._messages = {message.id: message for message in messages}
        self._unread = {message.id: message.content for message in messages}
        self._waiting = deque(messages)
        self._submitted: list[int] = []
        self._finished = False
        self._queue: deque[Sending] = deque()
        self._to_server = b""
        self._to_client: deque[tuple[bytes, bool]] = deque()
        self._eof_read = False
        self._lost = False
        self.results: list[TransactionResult] = []
        self._judged: list[bool] = []
        """Of each result, whether nothing had deceived the engine when it was given."""
        self.turns = 0
        """How often the server had its say."""
        self.log: Callable[[str], object] = lambda _line: None
        self._collect()

    # -- what happens ----------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether the engine has closed."""
        return self.engine.close is not None

    def feed(self) -> bool:
        """Submit the next message if the engine is hungry, or say that there is none."""
        if self._finished or not self.engine.hungry:
            return False
        if self._waiting:
            message = self._waiting.popleft()
            self._submitted.append(message.id)
            self.engine.submit(message.submission)
        else:
            self._finished = True
            self.engine.finish()
        self._collect()
        return True

    def hand_over(self, octets: int) -> bool:
        """Write so many octets at most, of the item in front."""
        if not self._queue:
            return False
        self._write(self._queue[0], octets)
        if self._queue and not self._queue[0].left:
            self._write(self._queue[0], 0)  # an empty content is out with the line before it
        self._collect()
        return True

    def _write(self, item: Sending, octets: int) -> None:
        taken, item.left = item.left[:octets], item.left[octets:]
        if item.content is not None and not item.begun:
            item.begun = True
            self.engine.content_begun()
        self._to_server += taken
        if not item.left:
            self._queue.popleft()
            self.auditor.item_out()
            if item.content is None:
                self.engine.lines_sent(1)
            else:
                self.engine.content_done()

    def reach_server(self, octets: int) -> bool:
        """Let so many octets arrive at the server."""
        if not self._to_server or self.server.closed:
            return False
        arrived, self._to_server = self._to_server[:octets], self._to_server[octets:]
        self.log(f"C: {arrived!r}")
        self.server.receive(arrived)
        self._to_client.extend(self.server.out)
        self.server.out.clear()
        return True

    def reach_client(self, octets: int) -> bool:
        """Let so many octets arrive at the client, or the end of all when none are left."""
        self._to_client.extend(self.server.out)
        self.server.out.clear()
        arrived = b""
        while self._to_client and octets:
            data, lie = self._to_client.popleft()
            taken, rest = data[:octets], data[octets:]
            octets -= len(taken)
            arrived += taken
            self.auditor.arriving(taken, lie=lie)
            if rest:
                self._to_client.appendleft((rest, lie))
        if arrived:
            self.turns += 1
            self.log(f"S: {arrived!r}")
            self.engine.receive(arrived)
            self.auditor.arrived()
        elif self.server.closed and not self._eof_read:
            self._eof_read = True
            self.log("S: FIN")
            self.engine.receive_eof()
        else:
            return False
        self._collect()
        return True

    def lose(self, reached: int) -> None:
        """Lose the connection; of what was handed over, so many octets reach the server."""
        self.reach_server(reached)
        self._lost = True
        self.engine.connection_lost(ConnectionLost("the connection was reset"))
        self._collect()

    def time_out(self) -> None:
        """Give up waiting; what was handed over reaches the server all the same."""
        self.lose(len(self._to_server))

    def interrupt(self) -> None:
        """A signal came."""
        self.engine.interrupt(Interrupted("interrupted"))
        self._collect()

    def break_content(self) -> bool:
        """The content in front turns out to be unreadable."""
        if not self._queue or self._queue[0].content is None:
            return False
        self.engine.content_failed(MessageUnreadable("the disk is gone"))
        assert self.engine.muted, "the engine goes on with a content that cannot be read"
        self._collect()
        return True

    def _collect(self) -> None:
        """Do what a driver does after every call."""
        for item in self.engine.output():
            self.auditor.produced(item)
            if isinstance(item, bytes):
                self._queue.append(Sending(item, None))
            else:
                self._queue.append(Sending(self._read(item), item))
        if self.engine.muted:
            self._queue.clear()
        for event in self.engine.events():
            if isinstance(event, StartTLS):
                self._shake_hands()
            elif isinstance(event, Settled):
                self.results.append(event.result)
                self._judged.append(not self.auditor.deceived)

    def _shake_hands(self) -> None:
        if self.server.starting_tls:
            self.auditor.tls_established()
            self.server.tls_established()
            self.engine.tls_established()
        else:
            assert self.server.closed or self.auditor.deceived, (
                "a handshake that the server does not expect"
            )
            self.engine.connection_lost(TLSError("that was no handshake"))
        self._collect()

    def _read(self, content: Content) -> bytes:
        if content.octets is None:
            return self._messages[content.id].stuffed
        unread = self._unread[content.id]
        assert len(unread) >= content.octets, "more octets were promised than there are"
        self._unread[content.id] = unread[content.octets :]
        assert not (content.last and self._unread[content.id]), "LAST before the last octet"
        return unread[: content.octets]

    # -- what must hold --------------------------------------------------------------------------

    def check(self) -> None:
        """Check the invariants of a session that is over."""
        assert self.over
        assert not self.engine.output(), "output after the end"
        if not self._lost:
            self.reach_server(len(self._to_server))  # what was handed over may still arrive
        settled = [result.id for result in self.results]
        assert sorted(settled) == self._submitted, f"submitted {self._submitted}, settled {settled}"
        if not self.auditor.deceived:
            assert not self.server.faults, self.server.faults
            self._check_deliveries()
        for result, judged in zip(self.results, self._judged, strict=True):
            if judged:
                self._check_result(result)

    def _check_deliveries(self) -> None:
        require_all = self.auditor.options.require_all
        for delivery in self.server.deliveries:
            message = self._messages[int(delivery.reverse_path[1:].partition("@")[0])]
            meant = [str(r) for r in message.submission.envelope.recipients]
            assert delivery.content == message.content, f"message {message.id}: other content"
            assert set(delivery.recipients) <= set(meant), f"message {message.id}: other recipients"
            if require_all:
                assert list(delivery.recipients) == meant, f"message {message.id}: not to all"
        senders = [delivery.reverse_path for delivery in self.server.deliveries]
        assert len(senders) == len(set(senders)), "a message was delivered twice"

    def _check_result(self, result: TransactionResult) -> None:
        reverse_path = f"s{result.id}@client"
        delivered = {
            recipient
            for delivery in self.server.deliveries
            if delivery.reverse_path == reverse_path
            for recipient in delivery.recipients
        }
        for outcome in result.recipients:
            if outcome.outcome is Outcome.ACCEPTED:
                assert str(outcome.recipient) in delivered, f"{outcome}: accepted, not delivered"
                assert outcome.reply is not None
                assert outcome.reply.ok
            elif outcome.outcome is not Outcome.UNKNOWN:
                assert str(outcome.recipient) not in delivered, f"{outcome}: yet it was delivered"
            if outcome.outcome is Outcome.REFUSED:
                assert outcome.reply is not None
                assert outcome.reply.permanent
        if result.resend:
            assert not delivered, f"message {result.id} was delivered and may be sent again"
            assert all(r.outcome not in MAYBE_DELIVERED for r in result.recipients)
