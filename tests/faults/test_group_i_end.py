"""Group I of the faults: what may happen once the end of data is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import failure, succeeded
from tests.faults.peak import MORE, measured, usual_peak
from tests.faults.talk import LOCKSTEP, PIPELINING, opening
from tests.faults.transactions import CHUNKING, DATA, delivery, envelope, transaction
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
from tests.scripted import (
    Close,
    Drip,
    Expect,
    Flood,
    ModelServer,
    ReadBdat,
    ReadData,
    Reset,
    Script,
    Send,
    Stall,
    StopReading,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start
    from tests.scripted.model import Rule

# -- the end of data is out, and no reply comes ----------------------------------------------------

BY_DATA = (*DATA, Send("354 go"), ReadData())
BY_BDAT = (*envelope(*LOCKSTEP, "CHUNKING"), ReadBdat())


@pytest.mark.parametrize("taken", [BY_DATA, BY_BDAT], ids=["DATA", "BDAT"])
@pytest.mark.parametrize(
    "silence",
    [Close(), Reset(), Close(b"250 2.0.0 que"), Close(b"250-2.0.0 queued\r\n"), Stall()],
    ids=repr,
)
def test_fault_165_166_without_an_answer_to_the_end_of_data_its_fate_is_unknown(
    scripted: MakeScripted, taken: tuple[Step, ...], silence: Step
) -> None:
    """RFC 1047: it may have been delivered, and sending it again would deliver it twice."""
    server = scripted(Script("takes the message and says nothing of it", *taken, silence))
    done = submit(server.address, "--timeout", "1")
    assert "it may have been delivered" in failure(done, 79)
    assert said_of_messages(done) == ["unknown"]
    assert len(server.connections) == 1


def test_fault_165_a_message_of_unknown_fate_does_not_stop_the_others(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    server = scripted(
        Script("takes the message and leaves", *opening(*LOCKSTEP), *transaction(Close())),
        delivery(),
    )
    done = submit_batch(server.address, tmp_path)
    assert done.code == 79, done
    assert said_of_messages(done) == ["unknown", "sent"]
    assert [c.contents for c in server.connections] == [[content(1)], [content(2)]]


# -- what becomes of QUIT changes nothing ----------------------------------------------------------


@pytest.mark.parametrize(
    "after",
    [
        (Close(),),
        (Reset(),),
        (Send("garbage"), Stall()),
        (Send(b"\0\xff\n\r\n"), Stall()),
        (Send("221 bye\n221 bye\n250 ok"), Stall()),
        (Send("500 5.5.2 what?"), Stall()),
        (Send("421 4.3.2 going down"), Stall()),
        (Send(b"221 no line end"), Close()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING], ids=" ".join)
def test_fault_167_whatever_follows_quit_the_message_was_sent(
    scripted: MakeScripted, offers: tuple[str, ...], after: tuple[Step, ...]
) -> None:
    """RFC 5321 section 4.1.1.10; who reports a failure here has it delivered twice."""
    taken: tuple[Step, ...]
    if offers is PIPELINING:
        taken = (
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA"), Send("250 ok\n250 ok\n354 go")),
            *(ReadData(), Expect("QUIT"), Send("250 2.0.0 queued")),
        )
    else:
        taken = (*transaction(Send("250 2.0.0 queued")), Expect("QUIT"))
    server = scripted(Script("answers QUIT as it likes", *opening(*offers), *taken, *after))
    done = submit(server.address)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"]
    assert len(server.connections) == 1


@pytest.mark.parametrize("end", [Close(), Reset(), Close("421 4.3.2 going down")], ids=repr)
def test_fault_167_a_connection_that_ends_before_quit_is_no_failure(
    scripted: MakeScripted, end: Step
) -> None:
    server = scripted(
        Script(
            "takes the message and leaves",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA"), Send("250 ok\n250 ok\n354 go")),
            *(ReadData(), Expect("QUIT"), Send("250 2.0.0 queued"), end),
        )
    )
    done = submit(server.address)
    assert succeeded(done), done


@pytest.mark.parametrize(
    ("silence", "options"),
    [
        (Stall(), ()),
        (Stall(), ("--timeout", "1")),
        (Drip("221-still here"), ("--timeout", "1")),
        (Drip(b"2"), ("--timeout", "1")),
        (StopReading(), ("--timeout", "1")),
    ],
    ids=repr,
)
def test_fault_168_a_reply_to_quit_is_waited_for_and_not_for_long(
    scripted: MakeScripted, silence: Step, options: tuple[str, ...]
) -> None:
    """Some seconds by itself, fewer if fewer are wanted; the 300 of MAIL would be too many here."""
    server = scripted(
        Script(
            "has no answer to QUIT",
            *(*opening(*LOCKSTEP), *transaction(Send("250 2.0.0 queued")), Expect("QUIT"), silence),
        )
    )
    done = submit(server.address, *options)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"]


@pytest.mark.parametrize("unit", [b"x", b"221-bye\r\n", b"221 bye\r\n", b"\r\n", b"\0"], ids=repr)
def test_fault_169_a_flood_in_answer_to_quit_takes_neither_memory_nor_the_success(
    scripted: MakeScripted, unit: bytes
) -> None:
    taken = (*opening(*LOCKSTEP), *transaction(Send("250 2.0.0 queued")), Expect("QUIT"))
    server = scripted(Script("answers QUIT with 256 MB", *taken, Flood(unit, 256), Stall()))
    done, peak = measured(server)
    assert succeeded(done), done
    assert peak < usual_peak() + MORE


# -- a 421 while other ends of data are out --------------------------------------------------------

BUSY = "421 4.3.2 busy"


@pytest.mark.parametrize(
    ("replies", "said", "code"),
    [
        # Exim goes on after some: message 2 is put off, message 3 is taken.
        ({"MAIL": [None, BUSY]}, ["sent", "deferred", "sent"], 75),
        ({"END": [None, BUSY]}, ["sent", "deferred", "sent"], 75),
        # Out of turn, each reply behind it is one too early; and the third message is refused.
        (
            {"MAIL": [None, f"{BUSY}\n250 ok"], "END": [None, None, "554 5.7.1 no"]},
            ["sent", "unknown", "unknown"],
            79,
        ),
    ],
    ids=["to MAIL", "to the end of data", "out of turn"],
)
def test_fault_163_a_server_that_goes_on_after_a_421_is_heard_to_its_end(
    start: Start, tmp_path: Path, replies: dict[str, Rule], said: list[str], code: int
) -> None:
    server = start(ModelServer(offers=CHUNKING, replies=replies))
    done = submit_batch(server.address, tmp_path, "--no-wait", count=3)
    assert said_of_messages(done) == said
    assert done.code == code, done
    assert BUSY in done.stderr
    assert len(server.connections) == 1
