"""Round trips, counted and not timed: a turn is what comes between two answers of the server.

The server answers only when the client has been quiet for a moment, so that a group is one turn
however it was cut, and it fails the test when anything stands behind a command that ends its group.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.scripted import ModelServer, Send

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start
    from tests.scripted.model import Rule
    from tests.turns.conftest import SubmitFiles

PATIENCE = 0.05
"""Seconds of quiet that end a turn: a right client passes with any, a wrong one with few."""

CHUNKING = ("PIPELINING", "8BITMIME", "SIZE", "CHUNKING")
PIPELINING = ("PIPELINING", "8BITMIME", "SIZE")
LOCK_STEP = ("8BITMIME", "SIZE")

WINDOW = 64
"""Messages that may be unanswered with --no-wait."""


def verbs(turn: bytes) -> list[str]:
    """The commands of a turn, with "." for the final dot; content is left out."""
    found = re.findall(rb"^(EHLO|MAIL|RCPT|DATA|BDAT|RSET|QUIT|\.)(?=[ \r])", turn, re.MULTILINE)
    return [verb.decode() for verb in found]


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING], ids=["DATA", "BDAT"])
@pytest.mark.parametrize("messages", [1, 2, 3, 20])
def test_n_messages_take_n_and_three_turns(
    start: Start, submit: SubmitFiles, offers: tuple[str, ...], messages: int
) -> None:
    server = start(ModelServer(offers=offers, patience=PATIENCE))
    (turns,) = submit(server, messages=messages)
    assert len(turns) == messages + 3
    assert len(server.messages) == messages


def test_one_message_by_data(start: Start, submit: SubmitFiles) -> None:
    (turns,) = submit(start(ModelServer(offers=PIPELINING, patience=PATIENCE)))
    assert [verbs(turn) for turn in turns] == [
        [],
        ["EHLO"],
        ["MAIL", "RCPT", "DATA"],
        [".", "QUIT"],
    ]


def test_two_messages_by_data(start: Start, submit: SubmitFiles) -> None:
    (turns,) = submit(start(ModelServer(offers=PIPELINING, patience=PATIENCE)), messages=2)
    assert [verbs(turn) for turn in turns[2:]] == [
        ["MAIL", "RCPT", "DATA"],
        [".", "RSET", "MAIL", "RCPT", "DATA"],
        [".", "QUIT"],
    ]


def test_two_messages_by_bdat(start: Start, submit: SubmitFiles) -> None:
    (turns,) = submit(start(ModelServer(offers=CHUNKING, patience=PATIENCE)), messages=2)
    assert [verbs(turn) for turn in turns[2:]] == [
        ["MAIL", "RCPT"],
        ["BDAT", "RSET", "MAIL", "RCPT"],
        ["BDAT", "QUIT"],
    ]


def test_chunks_of_one_message_need_no_turns_of_their_own(
    start: Start, submit: SubmitFiles
) -> None:
    server = start(ModelServer(offers=CHUNKING, patience=PATIENCE))
    (turns,) = submit(server, "--chunk-size", "5")
    assert turns[3].count(b"BDAT ") == 5
    assert turns[3].endswith(b"QUIT\r\n")
    assert len(turns) == 4


# -- --no-wait -------------------------------------------------------------------------------------


@pytest.mark.parametrize("messages", [1, 3, WINDOW])
def test_without_waiting_three_turns_are_enough(
    start: Start, submit: SubmitFiles, messages: int
) -> None:
    server = start(ModelServer(offers=CHUNKING, patience=PATIENCE))
    (turns,) = submit(server, "--no-wait", messages=messages)
    assert len(turns) == 3
    assert len(server.messages) == messages


def test_beyond_the_window_each_windowful_takes_one_more(start: Start, submit: SubmitFiles) -> None:
    server = start(ModelServer(offers=CHUNKING, patience=PATIENCE))
    (turns,) = submit(server, "--no-wait", messages=3 * WINDOW)
    assert len(turns) == 5
    assert max(verbs(turn).count("BDAT") for turn in turns) == WINDOW
    assert len(server.messages) == 3 * WINDOW


def test_without_chunking_no_wait_changes_nothing(start: Start, submit: SubmitFiles) -> None:
    server = start(ModelServer(offers=PIPELINING, patience=PATIENCE))
    (turns,) = submit(server, "--no-wait", messages=2)
    assert len(turns) == 5


# -- -a --------------------------------------------------------------------------------------------


def test_a_keeps_data_out_of_the_group(start: Start, submit: SubmitFiles) -> None:
    (turns,) = submit(start(ModelServer(offers=PIPELINING, patience=PATIENCE)), "-a", messages=2)
    assert [verbs(turn) for turn in turns[2:]] == [
        ["MAIL", "RCPT"],
        ["DATA"],
        [".", "RSET", "MAIL", "RCPT"],
        ["DATA"],
        [".", "QUIT"],
    ]


def test_a_takes_six_turns_when_one_of_two_messages_is_withheld(
    start: Start, submit: SubmitFiles
) -> None:
    refusals: dict[str, Rule] = {"RCPT": [None, "550 5.1.1 nobody"]}
    server = start(ModelServer(offers=PIPELINING, patience=PATIENCE, replies=refusals))
    (turns,) = submit(server, "-a", messages=2, to=("b@y", "bad@y"))
    assert [verbs(turn) for turn in turns[2:]] == [
        ["MAIL", "RCPT", "RCPT"],
        ["RSET", "MAIL", "RCPT", "RCPT"],
        ["DATA"],
        [".", "QUIT"],
    ]
    assert [message.recipients for message in server.messages] == [("b@y", "bad@y")]


def test_a_by_bdat_costs_nothing(start: Start, submit: SubmitFiles) -> None:
    (turns,) = submit(start(ModelServer(offers=CHUNKING, patience=PATIENCE)), "-a", messages=2)
    assert len(turns) == 5


def test_a_without_waiting_withholds_only_the_last_chunk(start: Start, submit: SubmitFiles) -> None:
    server = start(ModelServer(offers=CHUNKING, patience=PATIENCE))
    (turns,) = submit(server, "-a", "--no-wait", messages=2)
    assert b"LAST" not in turns[2]
    assert turns[3].startswith(b"BDAT 0 LAST\r\n")
    assert len(turns) == 5


# -- -d --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING], ids=["DATA", "BDAT"])
def test_d_takes_four_turns_for_each_message(
    start: Start, submit: SubmitFiles, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, patience=PATIENCE))
    connections = submit(server, "-d", messages=3)
    assert [len(turns) for turns in connections] == [4, 4, 4]
    assert all(verbs(turns[-1])[-1] == "QUIT" for turns in connections)


# -- lock-step -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offers", "options"),
    [(LOCK_STEP, ()), (PIPELINING, ("--no-pipelining",))],
    ids=["not offered", "not wanted"],
)
def test_one_command_at_a_time(
    start: Start, submit: SubmitFiles, offers: tuple[str, ...], options: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, patience=PATIENCE))
    (turns,) = submit(server, *options, messages=2, to=("b@y", "c@y"))
    message = [["MAIL"], ["RCPT"], ["RCPT"], ["DATA"], ["."]]
    assert [verbs(turn) for turn in turns] == [[], ["EHLO"], *message, *message, ["QUIT"]]


def test_one_chunk_at_a_time(start: Start, submit: SubmitFiles) -> None:
    server = start(ModelServer(offers=(*LOCK_STEP, "CHUNKING"), patience=PATIENCE))
    (turns,) = submit(server, "--no-wait", "--chunk-size", "10")
    chunks = [["BDAT"], ["BDAT"], ["BDAT"]]
    assert [verbs(turn) for turn in turns] == [[], ["EHLO"], ["MAIL"], ["RCPT"], *chunks, ["QUIT"]]


# -- what ends a group ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanism", "turns_of_auth"), [("PLAIN", 1), ("LOGIN", 3), ("CRAM-MD5", 2)]
)
def test_starttls_and_auth_are_waited_for(
    start: Start, submit: SubmitFiles, mechanism: str, turns_of_auth: int
) -> None:
    server = start(
        ModelServer(
            offers=(*CHUNKING, "STARTTLS", f"AUTH {mechanism}"),
            users={"me": "secret"},
            patience=PATIENCE,
        )
    )
    (turns,) = submit(server, "-M", "-U", "me", "-P", "secret", "--no-wait", messages=2)
    words = [turn.split()[:1] for turn in turns[:4]]
    assert words == [[], [b"EHLO"], [b"STARTTLS"], [b"EHLO"]]
    assert turns[4].startswith(b"AUTH " + mechanism.encode())
    assert len(turns) == 4 + turns_of_auth + 1
    assert [message.user for message in server.messages] == ["me", "me"]


def test_tls_from_the_start_costs_no_turn(start: Start, submit: SubmitFiles) -> None:
    server = start(ModelServer(offers=PIPELINING, patience=PATIENCE, tls_on_connect=True))
    (turns,) = submit(server, "-M", "--tls-on-connect", messages=2)
    assert len(turns) == 5


# -- a slow server ---------------------------------------------------------------------------------


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING], ids=["DATA", "BDAT"])
def test_a_server_that_reads_octet_by_octet(
    monkeypatch: pytest.MonkeyPatch, start: Start, submit: SubmitFiles, offers: tuple[str, ...]
) -> None:
    monkeypatch.setattr("tests.scripted.wire._BLOCK", 1)
    server = start(ModelServer(offers=offers, patience=PATIENCE))
    (turns,) = submit(server, messages=3)
    assert len(turns) == 6
    assert len(server.messages) == 3


def test_a_server_that_answers_octet_by_octet(start: Start, submit: SubmitFiles) -> None:
    """The replies of one group come in forty pieces, and are still those of one group."""
    server = start(
        ModelServer(
            offers=PIPELINING,
            patience=PATIENCE,
            replies={"MAIL": Send("250 2.1.0 ok", each=1), "RCPT": Send("250 2.1.5 ok", each=1)},
        )
    )
    (turns,) = submit(server, messages=2)
    assert [verbs(turn) for turn in turns if turn][1:] == [
        ["MAIL", "RCPT", "DATA"],
        [".", "RSET", "MAIL", "RCPT", "DATA"],
        [".", "QUIT"],
    ]
