"""What every driver does alike, on a transport of the test's own."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, NoReturn, cast

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.engine import Engine
from smtpwire.core.event import Settled, StartTLS
from smtpwire.core.session import SessionOptions, TLSMode
from smtpwire.core.transaction import Envelope, Outcome, Submission
from smtpwire.errors import ConnectionLost, ServerClosing, SMTPError, TimedOut, TLSError
from smtpwire.message.memory import body_of
from smtpwire.net.conversation import Conversation, lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.core.event import Close, Event
    from smtpwire.net.transport import Buffer, Transport

ENVELOPE = Envelope(parse_address("a@x"), (parse_address("b@y"),))
READY = b"220 x\r\n250-x\r\n250 PIPELINING\r\n"
RESET = ConnectionResetError(104, "Connection reset by peer")


class Told:
    """A transport that has heard these; takes note of what is said."""

    tls = False
    deaf = False

    def __init__(self, *heard: bytes | OSError | None) -> None:
        self.heard = list(heard)
        self.closed = False

    def fileno(self) -> int:
        return -1

    def recv(self) -> bytes | None:
        heard = self.heard.pop(0) if self.heard else None
        if isinstance(heard, OSError):
            raise heard
        return heard

    def send(self, buffers: list[Buffer]) -> int:
        return sum(map(len, buffers))

    def close(self) -> None:
        self.closed = True


class Owner:
    """Has one message."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ahead: list[bool] = []
        """Of each question for a message, whether it would have to wait."""
        self.conversation: Conversation

    def feed(self, *, ahead: bool) -> bool:
        self.ahead.append(ahead)
        if ahead or self.conversation._bodies:
            return False
        body = body_of(b"a\n", name="m")
        self.conversation.submit(Submission(0, ENVELOPE, 3, 3), body)
        return True

    def happened(self, event: Event) -> None:
        self.events.append(event)

    def closed(self, close: Close) -> NoReturn:
        raise AssertionError(close)

    @property
    def outcome(self) -> Outcome:
        [settled] = [event for event in self.events if isinstance(event, Settled)]
        return settled.result.recipients[0].outcome


class Talk(Conversation):
    """A conversation in which the test decides when anything is done."""

    def __init__(self, sock: socket.socket, options: SessionOptions) -> None:
        owner = Owner()
        super().__init__(sock, Engine(options), owner, tls=self.no_tls)
        owner.conversation = self
        self.owner = owner

    def no_tls(self) -> NoReturn:
        raise TLSError("no TLS today")

    def hear(self, *heard: bytes | OSError | None) -> Told:
        told = Told(*heard)
        self._transport = cast("Transport", told)
        return told

    def read(self) -> None:
        """Read once, and take what follows from it."""
        self._hear()
        self._collect()

    def write(self, octets: int | None = None) -> bytes:
        """Hand over all there is, or so many octets."""
        said = b"".join(self._outbox.buffers())[:octets]
        self._handed_over(len(said))
        self._collect()
        return said

    def begin(self) -> None:
        """Come as far as the message."""
        self.hear(b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n")
        self.read()
        assert self.write() == b"EHLO x\r\n"
        self.read()

    def fail(self, error: OSError) -> SMTPError | None:
        """Have a write fail; why the connection has ended then."""
        self._write_failed(error)
        self._collect()
        assert self.engine.close is not None
        return self.engine.close.error


@pytest.fixture
def talk() -> Iterator[Talk]:
    with socket.socket() as sock:
        yield Talk(sock, SessionOptions(helo="x", tls=TLSMode.OPPORTUNISTIC))


def test_a_message_is_told_as_it_is_handed_over(talk: Talk) -> None:
    talk.begin()
    assert talk.write() == b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
    talk.hear(b"250 ok\r\n250 ok\r\n354 go on\r\n", b"250 queued\r\n")
    talk.read()
    assert talk.write(2) == b"a\r"
    assert talk.owner.ahead.pop() is False, "a message may ride behind what is left"
    assert talk.write() == b"\n.\r\n"
    assert talk.owner.ahead.pop() is True
    talk.read()
    assert talk.owner.outcome is Outcome.ACCEPTED


def test_what_is_waiting_is_read_when_a_write_fails(talk: Talk) -> None:
    talk.begin()
    talk.hear(b"421 busy\r\n", RESET)
    assert isinstance(talk.fail(BrokenPipeError(32, "Broken pipe")), ServerClosing)
    assert talk.owner.outcome is Outcome.DEFERRED


@pytest.mark.parametrize("heard", [None, b"", RESET])
def test_when_nothing_is_waiting_the_write_is_the_reason(
    heard: bytes | OSError | None, talk: Talk
) -> None:
    talk.begin()
    talk.hear(heard)
    assert str(talk.fail(RESET)) == "the connection broke: Connection reset by peer"


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (RESET, "the connection broke: Connection reset by peer"),
        (b"", "the server closed the connection before the TLS handshake"),
        (b"250 x\r\n", "octets came in the clear where TLS was to begin"),
        (None, "no TLS today"),
    ],
)
def test_the_beginning_of_tls(heard: bytes | OSError | None, text: str, talk: Talk) -> None:
    talk.hear(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go on\r\n", heard)
    talk.read()
    talk.write()
    talk.read()
    assert talk.write() == b"STARTTLS\r\n"
    talk.read()
    assert talk.engine.close is not None
    assert str(talk.engine.close.error) == text
    assert not [event for event in talk.owner.events if isinstance(event, StartTLS)]


def test_a_time_out_says_what_it_waited_for(talk: Talk) -> None:
    talk._time_out()
    assert talk.engine.close is not None
    error = talk.engine.close.error
    assert isinstance(error, TimedOut)
    assert (str(error), error.wait) == ("waited 300 seconds for the greeting", "GREETING")


def test_reasons_are_the_systems_own_words() -> None:
    assert isinstance(lost(RESET), ConnectionLost)
    broken = ssl.SSLError(1, "[SSL: BAD_RECORD] bad record (_ssl.c:1002)")
    broken.reason = "BAD_RECORD_MAC"
    assert str(lost(broken)) == "the connection broke: bad record mac"
    assert str(lost(OSError("odd"))) == "the connection broke: odd"
