"""Group F of the faults: what a server says to DATA, in mid-content and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.contents import HEADER, submit
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.faults.verbose import said_of_messages
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    ReadData,
    ReadOctets,
    Reset,
    Script,
    Send,
    Stall,
    Step,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted
    from tests.scripted.wire import Wire


def receiving(*answer: Step, offers: tuple[str, ...] = LOCKSTEP) -> tuple[Step, ...]:
    """Everything up to DATA, and then `answer`."""
    return (
        *(*opening(*offers), Expect("MAIL"), Send("250 ok"), Expect("RCPT"), Send("250 ok")),
        *(Expect("DATA"), *answer),
    )


def test_fault_137_no_content_goes_out_after_a_250_to_data(scripted: MakeScripted) -> None:
    server = scripted(Script("answers DATA with 250", *receiving(Send("250 thanks"), ExpectEnd())))
    done = submit(server.address, MESSAGE)
    assert done.code == 76, done
    assert b"hello" not in server.connections[0].received


def test_fault_138_nothing_is_said_after_a_421_to_data(scripted: MakeScripted) -> None:
    server = scripted(
        Script("answers DATA with 421", *receiving(Send("421 4.3.2 going down"), ExpectEnd()))
    )
    done = submit(server.address, MESSAGE)
    assert done.code == 75, done
    assert "421 4.3.2 going down" in done.stderr


def test_fault_139_an_early_250_is_no_success(scripted: MakeScripted) -> None:
    """354 and 250 in one segment, and the true answer is 554: believing the 250 loses the mail."""
    server = scripted(
        Script(
            "accepts the message before it was sent",
            *receiving(Send("354 go\n250 2.0.0 queued"), Stall()),
        )
    )
    done = submit(server.address, MESSAGE, "-v")
    assert done.code == 76, done
    assert said_of_messages(done) == ["deferred"]
    assert not server.connections[0].received.endswith(b".\r\n")


BIG = HEADER + b"0123456789abcdef" * 4096 * 128
"""8 MB, more than the buffers on the way will hold."""


@pytest.mark.parametrize(
    ("reply", "code"),
    [("552 5.3.4 too large", 65), ("452 4.3.1 disk full", 75), ("421 4.3.2 going down", 75)],
)
def test_fault_140_an_answer_right_behind_the_354_is_one_in_mid_content(
    scripted: MakeScripted, reply: str, code: int
) -> None:
    server = scripted(
        Script(
            "refuses in the segment of the 354", *receiving(Send(f"354 go\n{reply}"), ExpectEnd())
        )
    )
    done = submit(server.address, MESSAGE)
    assert done.code == code, done
    assert reply in done.stderr
    assert server.connections[0].received.endswith(b"DATA\r\n")


@pytest.mark.parametrize(
    ("reply", "code"),
    [("552 5.3.4 too large", 65), ("452 4.3.1 disk full", 75), ("421 4.3.2 going down", 75)],
)
def test_fault_140_an_answer_in_mid_content_is_the_answer(
    scripted: MakeScripted, reply: str, code: int
) -> None:
    server = scripted(
        Script(
            "refuses in the middle of the content, and reads on",
            *receiving(Send("354 go"), ReadOctets(100_000), Send(reply), Stall()),
        )
    )
    done = submit(server.address, BIG)
    assert done.code == code, done
    assert reply in done.stderr
    assert not server.connections[0].received.endswith(b"\r\n.\r\n")
    assert len(server.connections[0].received) < len(BIG)


@dataclass(frozen=True, slots=True)
class Slam(Step):
    """Send `text` and reset the connection at once, whether anybody has read it or not."""

    text: str

    def run(self, wire: Wire) -> None:
        Send(self.text).run(wire)
        wire.reset()


@pytest.mark.parametrize("end", [Close, Reset, Slam])
@pytest.mark.parametrize(("reply", "code"), [("421 4.3.2 going down", 75), ("554 5.7.1 spam", 65)])
def test_fault_141_an_answer_in_mid_content_is_read_though_the_server_then_closes(
    scripted: MakeScripted, reply: str, code: int, end: type[Close | Reset | Slam]
) -> None:
    answer = Close(reply, crossing=True) if end is Close else end(reply)
    server = scripted(
        Script(
            "refuses in the middle of the content, and closes",
            *receiving(Send("354 go"), ReadOctets(100_000), answer),
        )
    )
    done = submit(server.address, BIG)
    assert done.code == code, done
    assert reply in done.stderr


def test_fault_142_a_354_after_the_end_of_data_settles_nothing(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "asks for more after the end of data",
            *receiving(Send("354 go"), ReadData(), Send("354 more"), ExpectEnd()),
        )
    )
    done = submit(server.address, MESSAGE, "-v")
    assert done.code == 79, done
    assert done.stdout.splitlines()[-1].startswith("unknown: ")


@pytest.mark.parametrize("garbage", ["garbage", "25 x", "2500 ok", "<html>"])
def test_fault_143_a_line_that_is_no_reply_is_never_skipped(
    scripted: MakeScripted, garbage: str
) -> None:
    server = scripted(
        Script(
            "says something else before its answer to the end of data",
            *receiving(Send("354 go"), ReadData(), Send(f"{garbage}\n250 queued"), ExpectEnd()),
        )
    )
    done = submit(server.address, MESSAGE, "-v")
    assert done.code == 79, done
    assert done.stdout.splitlines()[-1].startswith("unknown: ")


def test_fault_143_a_line_that_is_no_reply_to_a_recipient_ends_the_session(
    scripted: MakeScripted,
) -> None:
    server = scripted(
        Script(
            "says something else before its answers to a group",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            *(Send("250 ok\ngarbage\n550 no\n503 no"), ExpectEnd()),
        )
    )
    done = submit(server.address, MESSAGE)
    assert done.code == 76, done
    assert server.connections[0].contents == []


def test_fault_144_two_answers_to_a_message_are_a_desync_before_the_next(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    """The second 250 would be taken for the answer to the next MAIL, and so on for ever."""
    names = []
    for name in ("one", "two"):
        path = tmp_path / name
        path.write_bytes(MESSAGE)
        names.append(str(path))
    server = scripted(
        Script(
            "answers the end of data twice",
            *receiving(Send("354 go"), ReadData(), Send("250 queued\n250 queued"), ExpectEnd()),
        ),
        Script(
            "refuses the second message's sender",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send("550 5.7.1 not you"), *farewell()),
        ),
    )
    done = run_smtp("-v", "-s", server.address, "-f", "s@x", "-r", "r@x", *names)
    assert done.code == 65, done
    assert said_of_messages(done) == ["sent", "refused"]
    assert [c.contents for c in server.connections] == [[MESSAGE], []]
