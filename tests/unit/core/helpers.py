"""The words in which the tests of core speak: lines heard and said, and outcomes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from smtpwire.core.address import Address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Content, Ready, Settled, Warned
from smtpwire.core.reply import Reply, ReplyParser
from smtpwire.core.session import SessionOptions
from smtpwire.core.transaction import Envelope, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smtpwire.core.event import Event
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError

ALL = ("PIPELINING", "CHUNKING", "8BITMIME", "SIZE 1000000")


def reply(text: str) -> Reply:
    """The one reply in these lines, given without their line ends."""
    parser = ReplyParser()
    parser.feed(wire(text.split("\n")))
    parsed = parser.next()
    assert parsed is not None
    assert parser.idle
    return parsed


def wire(lines: Iterable[str]) -> bytes:
    """Lines as they go over the wire."""
    return b"".join(line.encode() + b"\r\n" for line in lines)


def addresses(count: int) -> tuple[Address, ...]:
    return tuple(Address(f"r{i}", "example.org") for i in range(count))


def submission(id: int = 0, *, recipients: int = 1, **facts: Any) -> Submission:
    """A message from <s@example.org>, of 10 octets unless `size` says otherwise."""
    facts = {"size": 10, **facts}
    facts.setdefault("data_size", facts["size"])
    envelope = facts.pop("envelope", None)
    envelope = envelope or Envelope(Address("s", "example.org"), addresses(recipients))
    return Submission(id, envelope, **facts)


def outcomes(result: TransactionResult) -> list[str]:
    return [recipient.outcome.value for recipient in result.recipients]


class Client:
    """An engine, and what comes of it in words.

    A content that is said shows as `<0: 10 octets, last>`, or `<0: all>` after DATA.
    """

    def __init__(self, **options: Any) -> None:
        self.engine = Engine(SessionOptions("client.example", **options))
        self.events: list[Event] = []
        self._unsent: deque[bytes | Content] = deque()
        """What was said and not handed over: a content, and what stands behind it."""

    @classmethod
    def ready(cls, *offers: str, **options: Any) -> Client:
        """A client that has said EHLO to a server with these offers."""
        client = cls(**options)
        client.hear("220 hello")
        client.hear("\n".join(f"250-{line}" for line in ("hello", *offers)) + "\n250 HELP")
        return client

    def hear(self, *replies: str) -> list[str]:
        """Take these replies in one piece; return what is said then."""
        self.engine.receive(wire(line for text in replies for line in text.split("\n")))
        return self.said()

    def said(self) -> list[str]:
        """Take what is to be said; lines are handed over at once, if no content is before them."""
        self.events += self.engine.events()
        output = self.engine.output()
        self._unsent += output
        self._send_lines()
        return [_shown(item) for item in output]

    def _send_lines(self) -> None:
        while self._unsent and isinstance(self._unsent[0], bytes):
            self._unsent.popleft()
            self.engine.lines_sent(1)

    def submit(self, *given: Submission, last: bool = False) -> list[str]:
        for one in given:
            self.engine.submit(one)
        if last:
            self.engine.finish()
        return self.said()

    def hand_over(self, *, whole: bool = True) -> list[str]:
        """Write the next content, or only its first octet."""
        self.engine.content_begun()
        return self.end_content() if whole else self.said()

    def end_content(self) -> list[str]:
        """Write the rest of a content that was begun, and the lines behind it."""
        self._unsent.popleft()
        self.engine.content_done()
        self._send_lines()
        return self.said()

    def lose(self, error: SMTPError) -> None:
        self.engine.connection_lost(error)
        self.said()

    def result(self, id: int = 0) -> TransactionResult:
        [result] = [result for result in self.results if result.id == id]
        return result

    @property
    def results(self) -> list[TransactionResult]:
        self.said()
        return [event.result for event in self.events if isinstance(event, Settled)]

    @property
    def warnings(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Warned)]

    @property
    def is_ready(self) -> bool:
        self.said()
        return any(isinstance(event, Ready) for event in self.events)

    @property
    def error(self) -> SMTPError | None:
        """Why the connection is to be closed; it must be."""
        assert self.engine.close is not None
        assert not self.engine.output()
        return self.engine.close.error


def in_content(*offers: str) -> Client:
    """A client whose message goes by DATA, with the first octet of its content out."""
    client = Client.ready(*offers)
    client.submit(submission(), last=True)
    for text in ("250 ok", "250 ok", "354 go"):
        client.hear(text)
    client.hand_over(whole=False)
    return client


def behind_the_dot(*offers: str) -> Client:
    """A client whose message is out, dot and all."""
    client = in_content(*offers)
    client.end_content()
    return client


def _shown(item: bytes | Content) -> str:
    if isinstance(item, bytes):
        assert item.endswith(b"\r\n")
        return item[:-2].decode()
    if item.octets is None:
        assert item.last
        return f"<{item.id}: all>"
    return f"<{item.id}: {item.octets} octets{', last' if item.last else ''}>"
