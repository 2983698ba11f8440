"""One connection: what may be said when, what ends it, and what each end leaves of the messages."""

from __future__ import annotations

import pytest

from smtpwire.core import engine
from smtpwire.core.command import Wait
from smtpwire.core.event import Replied
from smtpwire.core.session import TLSMode
from smtpwire.errors import (
    ConnectionLost,
    Interrupted,
    LocalProtocolError,
    MessageUnreadable,
    RemoteProtocolError,
    ServerClosing,
    TimedOut,
)
from tests.unit.core.helpers import (
    ALL,
    Client,
    addresses,
    behind_the_dot,
    in_content,
    outcomes,
    reply,
    submission,
)

PIPELINED = ("PIPELINING",)
LOST = ConnectionLost("the connection was reset")


def hungry(client: Client) -> bool:
    return client.engine.hungry


def waits(client: Client) -> Wait:
    return client.engine.waiting_for


# -- the caller's part ---------------------------------------------------------------------------


def test_a_message_without_recipients_is_the_callers_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        Client.ready().submit(submission(recipients=0))


def test_so_is_one_after_the_last() -> None:
    client = Client.ready()
    client.submit(last=True)
    with pytest.raises(LocalProtocolError):
        client.submit(submission())


def test_messages_may_be_given_before_the_session_is_set_up() -> None:
    client = Client()
    client.submit(submission(), last=True)
    client.hear("220 hello")
    assert client.hear("250 hello") == ["MAIL FROM:<s@example.org>"]


def test_a_message_given_after_the_end_is_settled_at_once() -> None:
    client = Client.ready()
    client.lose(LOST)
    client.submit(submission())
    result = client.result()
    assert (outcomes(result), result.error, result.resend) == (["unsent"], LOST, True)


def test_without_messages_quit() -> None:
    client = Client.ready()
    assert client.submit(last=True) == ["QUIT"]
    client.hear("221 bye")
    assert client.error is None


def test_hunger() -> None:
    client = Client()
    assert not hungry(client), "nothing is set up"
    client = Client.ready()
    assert hungry(client)
    client.submit(submission(0))
    assert hungry(client), "what follows this one decides what goes behind it"
    client.submit(submission(1))
    assert not hungry(client)
    client.hear("550 no")
    assert hungry(client)
    client.engine.finish()
    assert not hungry(client)


def test_no_hunger_where_the_session_ends() -> None:
    assert not in_content().engine.hungry
    client = Client(tls=TLSMode.REQUIRED)
    client.hear("220 hello")
    client.hear("250 hello")
    assert not client.engine.hungry


# -- groups and windows --------------------------------------------------------------------------


def test_fault_120_the_unanswered_commands_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "COMMAND_WINDOW", 100)
    client = Client.ready(*PIPELINED)
    assert len(client.submit(submission(recipients=100))) == 4
    assert client.hear("250 ok") == [f"RCPT TO:<{addresses(4)[3]}>"]


def test_chunk_lines_count_as_commands_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "COMMAND_WINDOW", 20)
    client = Client.ready("PIPELINING", "CHUNKING", chunk_size=1)
    client.submit(submission())
    client.hear("250 ok")
    assert client.hear("250 ok") == ["BDAT 1", "<0: 1 octets>"] * 3


def test_what_is_waited_for() -> None:
    client = Client()
    assert waits(client) is Wait.GREETING
    client.hear("220 hello")
    assert waits(client) is Wait.HELLO
    client = Client.ready()
    assert waits(client) is Wait.NOTHING
    client.engine.receive(b"4")
    assert waits(client) is Wait.CLOSING
    client = Client.ready("STARTTLS", tls=TLSMode.REQUIRED)
    client.hear("220 go")
    assert waits(client) is Wait.HANDSHAKE
    assert waits(in_content()) is Wait.BLOCK
    assert waits(behind_the_dot()) is Wait.END_OF_DATA


# -- replies that must not be --------------------------------------------------------------------


def test_fault_137_250_to_data() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission())
    assert client.hear("250 ok", "250 ok", "250 ok") == []
    assert isinstance(client.error, RemoteProtocolError)


def test_fault_139_a_2yz_before_the_content_is_out_is_no_success() -> None:
    client = in_content()
    client.hear("250 queued")
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result()) == ["deferred"]


# -- refusals in mid-content ---------------------------------------------------------------------


@pytest.mark.parametrize(("code", "outcome"), [(552, "refused"), (451, "deferred")])
def test_fault_140_a_refusal_in_mid_content_is_final(code: int, outcome: str) -> None:
    client = in_content()
    client.hear(f"{code} no")
    assert client.error is None
    result = client.result()
    assert outcomes(result) == [outcome]
    assert (result.error, result.resend) == (None, False)


def test_the_messages_behind_it_may_be_sent_again() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(0), submission(1), submission(2))
    client.hear("250 ok", "250 ok", "354 go")
    client.hand_over(whole=False)
    client.hear("552 no")
    assert outcomes(client.result(1)) == ["deferred"]
    assert outcomes(client.result(2)) == ["unsent"]
    assert client.result(1).resend
    assert client.result(2).resend


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


def test_after_a_421_the_ends_of_data_that_are_out_are_still_answered() -> None:
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(0), submission(1), submission(2), submission(3))
    for _ in range(3):
        client.hand_over()
    client.hear("421 slow down")
    assert client.engine.close is None
    assert client.engine.muted
    assert client.engine.waiting_for is Wait.CLOSING
    client.hear("250 ok", "250 queued", "250 ok", "250 ok", "250 ok", "250 queued")
    assert client.engine.close is None
    client.engine.receive_eof()
    assert isinstance(client.error, ServerClosing), "the first cause"
    results = [outcomes(client.result(id)) for id in range(4)]
    assert results == [["deferred"], ["accepted"], ["unknown"], ["deferred"]]
    assert [client.result(id).resend for id in range(4)] == [False, False, False, True]


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
    client.engine.content_done()
    assert outcomes(client.result()) == ["deferred"]


# -- for whoever watches -------------------------------------------------------------------------


def test_replies_are_reported_where_that_is_asked_for() -> None:
    client = Client.ready(trace=True)
    assert [e.reply.code for e in client.events if isinstance(e, Replied)] == [220, 250]
    assert not [e for e in Client.ready().events if isinstance(e, Replied)]


def test_replies_are_counted() -> None:
    assert Client.ready().engine.replies == 2
