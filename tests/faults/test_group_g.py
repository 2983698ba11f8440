"""Group G of the faults: what is pipelined, how much of it, and what must wait."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.faults.talk import LOCKSTEP, PIPELINING, farewell, opening
from tests.faults.transactions import CHUNKING, group
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
from tests.scripted import (
    Close,
    Expect,
    ModelServer,
    ReadData,
    Script,
    Send,
    Step,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start
    from tests.scripted.wire import Wire

PATIENCE = 0.05
"""Seconds of quiet that end a turn: a right client passes with any, a wrong one with few."""


def verbs(turn: bytes) -> list[str]:
    """The commands of a turn, with "." for the final dot; content is left out."""
    words = rb"^(EHLO|AUTH|MAIL|RCPT|DATA|BDAT|RSET|QUIT|\.)(?=[ \r])"
    return [verb.decode() for verb in re.findall(words, turn, re.MULTILINE)]


# -- the shape of groups ---------------------------------------------------------------------------

MESSAGE_IN_STRICT_TURNS = {
    "DATA": [["MAIL"], ["RCPT"], ["RCPT"], ["DATA"], ["."]],
    "BDAT": [["MAIL"], ["RCPT"], ["RCPT"], ["BDAT"]],
}


@pytest.mark.parametrize(
    ("offers", "options", "by"),
    [
        (LOCKSTEP, (), "DATA"),
        ((*LOCKSTEP, "CHUNKING"), (), "BDAT"),
        ((*LOCKSTEP, "X-PIPELINING", "PIPELININGS"), (), "DATA"),
        (PIPELINING, ("--no-pipelining",), "DATA"),
        (CHUNKING, ("--no-pipelining",), "BDAT"),
    ],
)
def test_fault_145_without_pipelining_every_command_waits_for_its_reply(
    start: Start, tmp_path: Path, offers: tuple[str, ...], options: tuple[str, ...], by: str
) -> None:
    server = start(ModelServer(offers=offers, patience=PATIENCE))
    done = submit_batch(server.address, tmp_path, *options, to=("a@x", "b@x"))
    assert done.code == 0, done
    turns = [verbs(turn) for turn in server.connections[0].turns]
    assert turns == [[], ["EHLO"], *MESSAGE_IN_STRICT_TURNS[by] * 2, ["QUIT"]]


def test_fault_145_after_helo_every_command_waits_for_its_reply(start: Start) -> None:
    """The refused EHLO offered nothing, whatever its lines say."""
    refusal = "500-5.5.1 not here\n500-PIPELINING\n500 8BITMIME"
    server = start(ModelServer(replies={"EHLO": refusal}, patience=PATIENCE))
    done = submit(server.address)
    assert done.code == 0, done
    assert server.connections[0].verbs == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("offers", "envelope", "end"),
    [
        (PIPELINING, ["MAIL", "RCPT", "RCPT", "DATA"], "."),
        (CHUNKING, ["MAIL", "RCPT", "RCPT"], "BDAT"),
    ],
)
def test_fault_146_154_an_envelope_is_one_group_and_rides_behind_the_message_before(
    start: Start, tmp_path: Path, offers: tuple[str, ...], envelope: list[str], end: str
) -> None:
    """RSET keeps the next envelope apart, whatever becomes of the message before it."""
    server = start(ModelServer(offers=(*offers, "AUTH PLAIN"), users={"u": "p"}, patience=PATIENCE))
    login = ("-U", "u", "-P", "p")
    done = submit_batch(server.address, tmp_path, *login, count=3, to=("a@x", "b@x"))
    assert done.code == 0, done
    assert [verbs(turn) for turn in server.connections[0].turns] == [
        *([], ["EHLO"], ["AUTH"]),
        envelope,
        [end, "RSET", *envelope],
        [end, "RSET", *envelope],
        [end, "QUIT"],
    ]
    assert [message.content for message in server.messages] == [content(n) for n in (1, 2, 3)]


# -- windows ---------------------------------------------------------------------------------------


def many_recipients(count: int) -> tuple[str, ...]:
    return tuple(f"{'r' * 60}{number}@{'d' * 60}.example" for number in range(count))


@dataclass(frozen=True, slots=True)
class SmallBuffers(Step):
    """Give this end of the connection small buffers, that do not grow."""

    def run(self, wire: Wire) -> None:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            wire._sock.setsockopt(socket.SOL_SOCKET, option, 32_768)


@dataclass(frozen=True, slots=True)
class AnswerEach(Step):
    """Read so many lines and answer each with `reply` before the next is read."""

    count: int
    reply: bytes

    def run(self, wire: Wire) -> None:
        for _ in range(self.count):
            wire.line()
            wire.write(self.reply)


@dataclass(frozen=True, slots=True)
class ReadAllThatComes(Step):
    """Read until the client has been quiet for a while."""

    def run(self, wire: Wire) -> None:
        while not wire.quiet(PATIENCE):
            wire.fill()


def test_fault_149_a_server_that_stops_reading_while_it_answers_is_no_deadlock(
    scripted: MakeScripted,
) -> None:
    """Half a MB of commands and 4 MB of replies through windows that hold neither."""
    count = 4000
    reply = b"".join(b"250%c%b\r\n" % (mark, b"x" * 500) for mark in b"- ")
    server = scripted(
        Script(
            "answers at length, and reads nothing meanwhile",
            *(SmallBuffers(), *opening(*PIPELINING)),
            *(Expect("MAIL"), Send("250 ok"), AnswerEach(count, reply)),
            *(Expect("DATA"), Send("354 go"), ReadData(), Send("250 queued"), *farewell()),
        )
    )
    done = submit(server.address, to=many_recipients(count))
    assert done.code == 0, done
    assert f"to {count} of {count}" in done.stdout


def test_fault_149_unanswered_commands_are_bounded(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "answers nothing of a large group",
            *(*opening(*PIPELINING), ReadAllThatComes(), Close(crossing=True)),
        ),
        Script("is busy", Close("421 4.3.2 busy")),
    )
    done = submit(server.address, to=many_recipients(4000))
    assert done.code == 75, done
    assert 0 < len(server.connections[0].turns[-1]) < 65_536 + 1024


# -- all or nobody ---------------------------------------------------------------------------------


def test_fault_153_with_require_all_data_waits_for_the_envelope(start: Start) -> None:
    server = start(ModelServer(offers=PIPELINING, patience=PATIENCE))
    done = submit(server.address, "-a", to=("a@x", "b@x"))
    assert done.code == 0, done
    assert [verbs(turn) for turn in server.connections[0].turns[2:]] == [
        ["MAIL", "RCPT", "RCPT"],
        ["DATA"],
        [".", "QUIT"],
    ]


@pytest.mark.parametrize(
    ("offers", "options"),
    [
        (PIPELINING, ()),
        (CHUNKING, ()),
        (CHUNKING, ("--no-wait",)),
        (CHUNKING, ("--no-wait", "--chunk-size", "7")),
    ],
)
@pytest.mark.parametrize("refused", ["a@x", "b@x"])
def test_fault_153_with_require_all_one_refusal_keeps_it_from_all(
    start: Start, offers: tuple[str, ...], options: tuple[str, ...], refused: str
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": {refused: "550 5.1.1 no"}}))
    done = submit(server.address, "-a", *options, to=("a@x", "b@x"))
    assert done.code == 67, done
    assert server.messages == []
    (connection,) = server.connections
    assert "DATA" not in connection.verbs
    assert not any(command.endswith("LAST") for command in connection.commands)
    assert connection.verbs[-2:] == ["RSET", "QUIT"]


# -- what rides behind a message -------------------------------------------------------------------


def first_message_and_next_group(*end: Step) -> Script:
    return Script(
        "takes a message and the group behind it",
        *(*opening(*PIPELINING), *group(), Send("250 ok\n250 ok\n354 go"), ReadData()),
        *(Expect("RSET"), *group(), *end),
    )


def only(number: int) -> Script:
    """A session in which one message is delivered, and no other."""
    return Script(
        f"takes message {number} alone",
        *(*opening(*PIPELINING), *group(), Send("250 ok\n250 ok\n354 go"), ReadData()),
        *(Expect("QUIT"), Close("250 2.0.0 queued\n221 bye")),
    )


@pytest.mark.parametrize(
    ("answer", "code", "outcomes"),
    [
        (b"", 79, ["unknown", "sent"]),
        ("250 2.0.0 queued", 0, ["sent", "sent"]),
        ("554 5.7.1 spam", 65, ["refused", "sent"]),
        ("451 4.3.0 later", 75, ["deferred", "sent"]),
        ("250 2.0.0 queued\n250 reset\n250 ok\n250 ok\n354 go", 0, ["sent", "sent"]),
    ],
)
def test_fault_154_a_message_in_doubt_is_never_repeated_and_the_one_behind_it_always_is(
    scripted: MakeScripted, tmp_path: Path, answer: str | bytes, code: int, outcomes: list[str]
) -> None:
    """The group behind the end of data has no content in it: only one message can be in doubt."""
    server = scripted(first_message_and_next_group(Close(answer)), only(2))
    done = submit_batch(server.address, tmp_path)
    assert done.code == code, done
    assert said_of_messages(done) == outcomes
    assert [connection.contents for connection in server.connections] == [
        [content(1)],
        [content(2)],
    ]
