"""What ends a connection, and what each end leaves of the messages."""

from __future__ import annotations

from typing import Any

import pytest

from smtpwire.core.command import Wait
from smtpwire.core.session import TLSMode
from smtpwire.errors import (
    ConnectionLost,
    Interrupted,
    MessageUnreadable,
    ServerClosing,
    TimedOut,
)
from tests.unit.core.helpers import (
    ALL,
    Client,
    behind_the_dot,
    in_content,
    outcomes,
    reply,
    submission,
)

PIPELINED = ("PIPELINING",)
LOST = ConnectionLost("the connection was reset")


def without_waiting(messages: int = 2, *, out: int | None = None, **options: Any) -> Client:
    """A client that has sent so many messages unasked, and handed over some or all contents."""
    client = Client.ready(*ALL, no_wait=True, **options)
    client.submit(*map(submission, range(messages)), last=True)
    for _ in range(messages if out is None else out):
        client.hand_over()
    return client


def ends(client: Client) -> list[tuple[list[str], bool]]:
    """What became of each message, and whether it may be sent again."""
    results = sorted(client.results, key=lambda result: result.id)
    return [(outcomes(result), result.resend) for result in results]


# -- BDAT that is not known ----------------------------------------------------------------------


@pytest.mark.parametrize("code", [500, 502])
def test_fault_157_a_server_that_does_not_know_bdat(code: int) -> None:
    client = Client.ready(*ALL)
    client.submit(submission())
    client.hear("250 ok", "250 ok")
    client.hand_over()
    client.hear(f"{code} what?")
    assert isinstance(client.error, ServerClosing)
    assert client.engine.close is not None
    assert client.engine.close.without_chunking
    assert outcomes(client.result()) == ["deferred"]
    assert client.result().resend, "it was not read as content"


def test_the_messages_behind_a_refused_bdat_are_told_by_their_own_replies() -> None:
    client = without_waiting(3)
    assert client.hear("250 ok", "250 ok", "500 5.6.0 content rejected") == []
    assert client.engine.muted
    assert client.engine.waiting_for is Wait.CLOSING
    client.hear("250 reset", "250 ok", "250 ok", "250 queued")
    client.hear("250 reset", "250 ok", "250 ok", "554 no")
    assert client.engine.close is not None
    assert client.engine.close.without_chunking
    assert ends(client) == [(["deferred"], True), (["accepted"], False), (["refused"], False)]


def test_where_content_is_read_as_commands_the_refused_reset_says_so() -> None:
    client = without_waiting()
    client.hear("250 ok", "250 ok", "502 what?", "500 Subject?", "250 reset", "250 ok", "250 ok")
    client.lose(LOST)
    assert isinstance(client.error, ServerClosing)
    assert ends(client) == [(["deferred"], True), (["unknown"], False)]


def test_all_its_chunks_say_whether_a_message_may_be_sent_again() -> None:
    client = without_waiting(1, out=3, chunk_size=4)
    client.hear("250 ok", "250 ok", "500 no")
    assert client.engine.close is None
    client.hear("500 no", "500 no")
    assert isinstance(client.error, ServerClosing)
    assert ends(client) == [(["deferred"], True)]


@pytest.mark.parametrize("heard", [["500 no"], []])
def test_nothing_of_it_was_taken_where_the_first_was_not_known(heard: list[str]) -> None:
    client = without_waiting(1, out=3, chunk_size=4)
    client.hear("250 ok", "250 ok", "500 no", *heard)
    client.lose(LOST)
    assert ends(client) == [(["deferred"], True)]


@pytest.mark.parametrize("heard", [["250 ok"], ["250 ok", "250 ok"], ["500 no", "250 ok"]])
def test_it_may_not_where_another_was_taken(heard: list[str]) -> None:
    client = without_waiting(1, out=3, chunk_size=4)
    client.hear("250 ok", "250 ok", "500 no", *heard)
    client.lose(LOST)
    assert ends(client) == [(["unknown"], False)]


def test_each_message_that_met_with_it_may() -> None:
    client = without_waiting(3)
    client.hear("250 ok", "250 ok", "502 no", "250 reset", "250 ok", "250 ok", "502 no")
    client.hear("250 reset", "250 ok", "250 ok", "554 spam")
    assert ends(client) == [(["deferred"], True), (["deferred"], True), (["refused"], False)]


def test_a_server_that_has_taken_a_chunk_knows_bdat() -> None:
    client = Client.ready("CHUNKING")
    client.submit(submission(0), submission(1))
    for expected in ("accepted", "refused"):
        client.hear("250 ok")
        client.hear("250 ok")
        client.hand_over()
        client.hear("250 ok" if expected == "accepted" else "500 no")
        assert outcomes(client.results[-1]) == [expected]
    assert client.engine.close is None


# -- 421 -----------------------------------------------------------------------------------------


def test_fault_163_a_421_between_messages() -> None:
    client = Client.ready()
    client.hear("421 idle too long")
    assert isinstance(client.error, ServerClosing)


def test_fault_164_a_421_to_the_next_mail() -> None:
    client = Client.ready()
    client.submit(submission())
    assert client.hear("421 no") == []
    assert isinstance(client.error, ServerClosing)
    result = client.result()
    assert (outcomes(result), result.resend) == (["deferred"], True)


def test_faults_104_and_109_nothing_is_said_though_the_connection_stays_open() -> None:
    client = Client.ready()
    client.submit(submission(recipients=2))
    client.hear("250 ok")
    client.hear("250 ok")
    assert client.hear("421 no") == []
    assert client.engine.muted
    assert isinstance(client.error, ServerClosing)


def test_fault_141_a_421_in_mid_content() -> None:
    client = in_content()
    client.hear("421 shutting down")
    assert isinstance(client.error, ServerClosing)
    assert outcomes(client.result()) == ["deferred"]
    assert not client.result().resend


SERVED = ["503 no MAIL", "503 no MAIL", "250 reset", "250 ok", "250 ok"]


def test_a_server_that_goes_on_behind_a_421_to_its_quit_is_believed() -> None:
    client = without_waiting()
    assert client.hear("421 slow down", *SERVED) == []
    assert client.engine.muted
    assert client.engine.waiting_for is Wait.CLOSING
    client.hear("250 queued", "221 bye")
    assert isinstance(client.error, ServerClosing)
    assert ends(client) == [(["deferred"], False), (["accepted"], False)]


@pytest.mark.parametrize(
    "heard",
    [
        [],
        [*SERVED, "250 queued"],
        [*SERVED, "250 queued", "250 bye"],
        [*SERVED, "250 queued", "what?"],
        [*SERVED[:-1], "354 ok", "250 queued", "221 bye"],
        [*SERVED[:2], "550 reset?", "250 ok", "250 ok", "250 queued", "221 bye"],
    ],
)
def test_it_is_not_where_a_reply_may_stand_one_command_too_early(heard: list[str]) -> None:
    client = without_waiting()
    client.hear("421 slow down", *heard)
    client.lose(LOST)
    assert isinstance(client.error, ServerClosing)
    assert ends(client) == [(["unknown"], False), (["unknown"], False)]


def test_a_421_in_the_place_of_an_answer_is_none_where_quit_shows_it() -> None:
    client = without_waiting(1)
    client.hear("250 ok", "250 ok", "421 slow down")
    assert client.engine.close is None
    client.hear("250 queued")
    assert ends(client) == [(["unknown"], False)]


@pytest.mark.parametrize("heard", [["221 bye"], []])
def test_else_it_is_the_answer(heard: list[str]) -> None:
    client = without_waiting(1)
    client.hear("250 ok", "250 ok", "421 slow down", *heard)
    client.lose(LOST)
    assert ends(client) == [(["deferred"], False)]


def test_a_421_to_each_is_the_answer_of_each() -> None:
    client = without_waiting()
    client.hear(*["421 slow down"] * 7, "221 bye")
    assert ends(client) == [(["deferred"], False), (["deferred"], False)]


@pytest.mark.parametrize("heard", [[], ["250 ok"], ["250 ok", "250 ok"]])
def test_without_quit_no_reply_behind_a_421_is_believed(heard: list[str]) -> None:
    """It may have come out of turn, and the reply that says so may be the one that is lost."""
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(0, recipients=2), submission(1), submission(2))
    client.hand_over()
    client.hand_over()
    client.hear(*heard, "421 slow down", "250 ok", "250 ok", "250 ok")
    assert isinstance(client.error, ServerClosing)
    assert ends(client) == [
        (["unknown", "unknown"], False),
        (["unknown"], False),
        (["deferred"], True),
    ]
    assert {client.result(id).command for id in range(3)} == {""}


def test_what_was_said_before_the_421_stands() -> None:
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(recipients=2))
    client.hand_over()
    client.hear("250 ok", "550 no", "421 slow down")
    assert ends(client) == [(["refused", "unknown"], False)]


def test_a_421_to_the_end_of_data_is_its_answer() -> None:
    client = without_waiting()
    client.hear("250 ok", "250 ok", "421 slow down")
    client.lose(LOST)
    assert ends(client) == [(["deferred"], False), (["unknown"], False)]
    assert client.result(0).command == "end of data"


def test_a_refused_reset_is_like_a_421() -> None:
    client = Client.ready()
    client.submit(submission(0), submission(1))
    client.hear("250 ok")
    assert client.hear("550 no") == ["RSET"]
    assert client.hear("554 too many commands that are no mail") == []
    assert isinstance(client.error, ServerClosing)
    assert client.result(1).resend


# -- ends ----------------------------------------------------------------------------------------


def test_fault_162_a_close_between_messages() -> None:
    client = Client.ready()
    client.submit(submission(0), submission(1))
    client.hear("550 no")
    client.engine.receive_eof()
    client.engine.receive_eof()
    assert isinstance(client.error, ConnectionLost)
    assert [client.result(id).resend for id in (0, 1)] == [False, True]


def test_a_refused_starttls_is_no_reason_once_more_was_answered() -> None:
    client = Client.ready("STARTTLS", tls=TLSMode.OPPORTUNISTIC)
    client.hear("554 no")
    client.submit(submission())
    client.hear("250 ok")
    client.lose(LOST)
    assert client.error is LOST


def test_fault_105_a_refusal_and_a_close() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission())
    client.hear("550 no")
    client.engine.receive_eof()
    result = client.result()
    assert (outcomes(result), result.reply, result.error) == (["refused"], reply("550 no"), None)


def test_fault_170_354_and_a_close() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission())
    client.engine.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    client.engine.receive_eof()
    assert client.said() == []
    assert client.result().resend


@pytest.mark.parametrize(("refusal", "outcome"), [("554 no", "refused"), ("452 no", "deferred")])
def test_a_refusal_right_behind_the_354_is_one_in_mid_content(refusal: str, outcome: str) -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission())
    assert client.hear("250 ok", "250 ok", "354 go", refusal) == []
    assert client.error is None
    assert ends(client) == [([outcome], False)]


@pytest.mark.parametrize("heard", ["", "250 queued", "250-queued\r\n"])
def test_faults_23_24_and_165_no_whole_reply_to_the_end_of_data(heard: str) -> None:
    client = behind_the_dot()
    client.engine.receive(heard.encode())
    client.engine.receive_eof()
    result = client.result()
    assert outcomes(result) == ["unknown"]
    assert not result.resend


def test_fault_166_a_limit_of_time() -> None:
    client = behind_the_dot()
    error = TimedOut("waited 600 seconds", wait="END_OF_DATA")
    client.lose(error)
    assert client.error is error
    assert outcomes(client.result()) == ["unknown"]


@pytest.mark.parametrize(
    "heard", [b"", b"221 bye\r\n", b"garbage\r\n", b"500 no\r\n", b"2" * 99_999]
)
def test_faults_167_and_169_nothing_that_quit_does_matters(heard: bytes) -> None:
    client = behind_the_dot()
    assert client.hear("250 queued") == ["QUIT"]
    client.engine.receive(heard)
    client.engine.receive_eof()
    client.engine.receive(b"500 more\r\n")
    assert client.error is None
    assert outcomes(client.result()) == ["accepted"]


def test_a_421_to_quit_is_an_answer() -> None:
    client = Client.ready()
    client.submit(last=True)
    client.hear("421 bye")
    assert client.error is None


def test_interrupted_in_mid_content() -> None:
    client = in_content()
    error = Interrupted("a signal")
    client.engine.interrupt(error)
    assert client.error is error
    assert outcomes(client.result()) == ["unsent"]
    client.engine.interrupt(Interrupted("another"))
    assert client.error is error


def test_interrupted_behind_the_dot() -> None:
    client = behind_the_dot()
    client.engine.interrupt(Interrupted("a signal"))
    assert client.engine.close is None
    assert client.engine.waiting_for is Wait.INTERRUPTED
    client.hear("250 queued")
    assert isinstance(client.error, Interrupted)
    assert outcomes(client.result()) == ["accepted"]


def test_fault_189_a_content_that_cannot_be_read_is_never_ended() -> None:
    client = in_content()
    error = MessageUnreadable("the disk is gone")
    client.engine.content_failed(error)
    assert isinstance(client.error, ConnectionLost)
    result = client.result()
    assert (outcomes(result), result.error, result.resend) == (["unsent"], error, False)


def test_a_driver_may_report_what_it_had_sent_when_the_end_came() -> None:
    client = in_content()
    client.hear("421 no")
    client.end_content()
    assert outcomes(client.result()) == ["deferred"]


def test_a_loss_behind_an_early_refusal_and_before_the_reply_to_quit() -> None:
    client = Client.ready(*ALL)
    client.submit(submission(), last=True)
    assert client.hear("250 ok", "250 ok")[-1] == "QUIT"
    client.engine.content_begun()
    client.hear("552 too large")
    client.lose(LOST)
    assert client.error is None
    assert ends(client) == [(["refused"], False)]
