"""The driver for asyncio against servers that do their worst, and those that are silent."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Close
from smtpwire.core.session import Login, SessionOptions
from smtpwire.core.transaction import Outcome
from smtpwire.errors import (
    ConnectionLost,
    Interrupted,
    LocalProtocolError,
    MessageUnreadable,
    RemoteProtocolError,
    ServerClosing,
    SMTPError,
    TimedOut,
)
from smtpwire.message.reader import MemoryReader
from smtpwire.net.poll import FRESH
from tests.scripted import Close as Fin
from tests.scripted import (
    Expect,
    ExpectEnd,
    Hold,
    ModelServer,
    ReadData,
    ReadOctets,
    Reset,
    Script,
    Send,
    Stall,
)
from tests.unit.net.asyncplayed import (
    CONTENT,
    EHLO,
    ENVELOPE_READ,
    GO_ON,
    OPENING,
    OPTIONS,
    Broken,
    Owner,
    begin,
    play,
)

if TYPE_CHECKING:
    from typing import Any

    from smtpwire.net.aio import AsyncConnection
    from tests.scripted.fixtures import MakeScripted, Start

ENDS = [
    (
        "says 421 and closes in place of the 354",
        (*OPENING, *ENVELOPE_READ, Fin("250 ok\n250 ok\n421 busy")),
        ServerClosing,
        Outcome.DEFERRED,
        True,
    ),
    (
        "closes in the segment of the 354",
        (*OPENING, *ENVELOPE_READ, Fin("250 ok\n250 ok\n354 go on")),
        ConnectionLost,
        Outcome.DEFERRED,
        True,
    ),
    (
        "closes behind EHLO",
        (*EHLO, Fin("250-mail.example\n250 PIPELINING")),
        ConnectionLost,
        Outcome.DEFERRED,
        True,
    ),
    (
        "closes without an answer to the dot",
        (*OPENING, *ENVELOPE_READ, GO_ON, ReadData(), Expect("QUIT"), Fin()),
        ConnectionLost,
        Outcome.UNKNOWN,
        False,
    ),
    (
        "resets without an answer to the dot",
        (*OPENING, *ENVELOPE_READ, GO_ON, ReadData(), Expect("QUIT"), Reset()),
        ConnectionLost,
        Outcome.UNKNOWN,
        False,
    ),
    (
        "resets at DATA",
        (*OPENING, *ENVELOPE_READ, Reset()),
        ConnectionLost,
        Outcome.DEFERRED,
        True,
    ),
    (
        "says something that is no reply",
        (*OPENING, *ENVELOPE_READ, Send("hello"), ExpectEnd()),
        RemoteProtocolError,
        Outcome.DEFERRED,
        True,
    ),
]


@pytest.mark.parametrize(
    ("script", "error", "outcome", "resend"),
    [(Script(sentence, *steps), *rest) for sentence, steps, *rest in ENDS],
    ids=[sentence for sentence, *_ in ENDS],
)
def test_the_server(
    script: Script,
    error: type[SMTPError],
    outcome: Outcome,
    resend: bool,
    scripted: MakeScripted,
) -> None:
    close, owner = play(scripted(script))
    assert owner.outcomes == [outcome]
    assert owner.results[0].resend is resend
    assert isinstance(close.error, error)


def test_a_loss_in_mid_content_is_deferred_and_not_for_another_connection(
    scripted: MakeScripted,
) -> None:
    server = scripted(
        Script("resets in mid-content", *OPENING, *ENVELOPE_READ, GO_ON, ReadOctets(99), Reset())
    )
    close, owner = play(server, b"x\r\n" * 5_000_000)
    assert owner.outcomes == [Outcome.DEFERRED]
    assert not owner.results[0].resend
    assert isinstance(close.error, ConnectionLost)


def test_nothing_is_written_while_input_waits(scripted: MakeScripted) -> None:
    """The server ends the connection while the program is busy elsewhere."""
    server = scripted(Script("greets and leaves", *OPENING, Fin()))

    async def main() -> Close:
        owner = Owner()
        owner.stay = True
        connection = await begin(server, owner)
        await owner.ready.wait()
        while not connection._input.poll(1000):  # the loop does not run meanwhile
            pass
        owner.contents.append(CONTENT)
        connection.go_on()
        close = await owner.ended
        assert owner.results[0].resend
        return close

    assert isinstance(asyncio.run(main()).error, ConnectionLost)
    assert server.connections[0].octets_after_fin == 0


class Leaving:
    """A server leaves when it is told to, and the client notices only when that has come."""

    def __init__(self, told: threading.Event) -> None:
        self.told = told
        self.connection: AsyncConnection

    def take_time(self) -> None:
        """Let it leave, and be busy until that has come, and longer than a look holds."""
        self.told.set()
        while not self.connection._input.poll(1000):
            pass
        late = monotonic() + 2 * FRESH
        while monotonic() < late:
            pass


class SlowContent(Leaving):
    """Is made ready for the wire meanwhile."""

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> MemoryReader:
        assert stuffed
        self.take_time()
        return MemoryReader((prefix + b"x\r\n.\r\n",))


class SlowOwner(Leaving, Owner):
    """Looks through its second message meanwhile."""

    def __init__(self, told: threading.Event) -> None:
        Leaving.__init__(self, told)
        Owner.__init__(self, CONTENT, CONTENT)

    def feed(self, *, ahead: bool) -> bool:
        if self.given == 1 and not (ahead or self.told.is_set()):
            self.take_time()
        return super().feed(ahead=ahead)


@pytest.mark.parametrize("slow", [SlowContent, SlowOwner])
@pytest.mark.parametrize("word", [b"", "421 4.3.2 enough"], ids=["FIN", "421"])
def test_no_content_follows_an_end_that_came_while_a_message_was_looked_through(
    word: str | bytes, slow: type[SlowContent | SlowOwner], scripted: MakeScripted
) -> None:
    told = threading.Event()
    server = scripted(Script("leaves", *OPENING, *ENVELOPE_READ, GO_ON, Hold(told), Fin(word)))

    async def main() -> list[Outcome]:
        busy = slow(told)
        owner = busy if isinstance(busy, Owner) else Owner(busy)
        busy.connection = await begin(server, owner)
        await owner.ended
        return owner.outcomes

    assert asyncio.run(main())[0] is Outcome.DEFERRED
    assert server.connections[0].octets_after_fin == 0


def test_a_content_that_cannot_be_read_is_never_ended(scripted: MakeScripted) -> None:
    server = scripted(Script("waits for content", *OPENING, *ENVELOPE_READ, GO_ON, ExpectEnd()))
    _, owner = play(server, Broken(), CONTENT)
    first, second = owner.results if len(owner.results) == 2 else (*owner.results, None)
    assert first is not None
    assert isinstance(first.error, MessageUnreadable)
    assert first.recipients[0].outcome is Outcome.UNSENT
    assert second is None or second.resend


def test_an_interruption_ends_it_without_the_dot(scripted: MakeScripted) -> None:
    server = scripted(Script("waits", *OPENING, *ENVELOPE_READ, Stall()))

    async def main() -> tuple[Close, list[Outcome]]:
        owner = Owner(CONTENT)
        connection = await begin(server, owner)
        await owner.ready.wait()
        connection.interrupt(Interrupted("enough"))
        return await owner.ended, owner.outcomes

    close, outcomes = asyncio.run(main())
    assert isinstance(close.error, Interrupted)
    assert outcomes == [Outcome.UNSENT]


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "wait", "outcome"),
    [
        ((Stall(),), "GREETING", None),
        ((*OPENING, *ENVELOPE_READ, GO_ON, ReadData(), Stall()), "END_OF_DATA", Outcome.UNKNOWN),
    ],
    ids=["greeting", "end of data"],
)
def test_a_server_that_is_silent(
    steps: tuple[Any, ...], wait: str, outcome: Outcome | None, scripted: MakeScripted
) -> None:
    server = scripted(Script("falls silent", *steps))
    close, owner = play(server, timeout=0.2)
    assert isinstance(close.error, TimedOut)
    assert close.error.wait == wait
    assert owner.outcomes == ([] if outcome is None else [outcome])


def test_a_server_that_takes_nothing(scripted: MakeScripted) -> None:
    release = threading.Event()
    steps = (*OPENING, *ENVELOPE_READ, GO_ON, Hold(release), Reset())
    server = scripted(Script("does not read the content", *steps))
    close, owner = play(server, b"x\r\n" * 5_000_000, timeout=0.2)
    release.set()
    assert isinstance(close.error, TimedOut)
    assert close.error.wait == "BLOCK"
    assert owner.outcomes == [Outcome.DEFERRED]


def test_a_timer_is_set_anew_only_for_an_earlier_deadline(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "answers QUIT apart",
            *OPENING,
            *ENVELOPE_READ,
            GO_ON,
            ReadData(),
            Expect("QUIT"),
            Send("250 ok\n221 bye", at=(8,)),
        )
    )

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        delays: list[float] = []
        call_later = loop.call_later

        def counted(delay: float, *args: object) -> object:
            delays.append(delay)
            return call_later(delay, *args)  # type: ignore[arg-type] # passed on

        loop.call_later = counted  # type: ignore[method-assign,assignment] # a stand-in
        owner = Owner(CONTENT)
        await begin(server, owner)
        await owner.ended
        return delays

    greeting, leave = asyncio.run(main())
    assert 300 >= greeting > 290
    assert 5 >= leave > 4


def test_a_timer_that_is_early_ends_nothing(start: Start) -> None:
    server = start(ModelServer())

    async def main() -> Close:
        owner = Owner(CONTENT)
        connection = await begin(server, owner)
        connection._tick()
        return await owner.ended

    assert asyncio.run(main()) == Close(None)


# -- what the program that uses this raises ------------------------------------------------------

AUTH = (Send("220 mail.example"), Expect("EHLO"), Send("250-mail.example\n250 AUTH PLAIN"))


def raising(error: BaseException) -> SessionOptions:
    def ask() -> str:
        raise error

    return OPTIONS._replace(login=Login("me", ask), loopback=True)


def test_an_exception_of_the_caller_ends_the_connection_and_is_told(scripted: MakeScripted) -> None:
    error = ValueError("a word that is nobody else's business")
    server = scripted(Script("offers a login", *AUTH))
    close, owner = play(server, options=raising(error))
    assert isinstance(close.error, LocalProtocolError)
    assert str(close.error).endswith("raised ValueError")
    assert close.error.__cause__ is error
    assert owner.events == []


def test_what_is_no_error_ends_the_program_as_well(scripted: MakeScripted) -> None:
    server = scripted(Script("offers a login", *AUTH))
    owners: list[Owner] = []

    async def main() -> None:
        owners.append(Owner(CONTENT))
        await begin(server, owners[0], raising(KeyboardInterrupt()))
        await owners[0].ended

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert owners[0].connection.over
    assert isinstance(owners[0].ended.result().error, LocalProtocolError)
