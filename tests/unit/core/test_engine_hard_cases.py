"""Hard cases: replies that must not be or come early, what follows a 421, and many recipients."""

from __future__ import annotations

import pytest

from smtpwire.errors import ConnectionLost, RemoteProtocolError, ServerClosing
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


def test_a_reply_that_nothing_asked_for() -> None:
    client = Client.ready()
    client.hear("250 ok")
    assert isinstance(client.error, RemoteProtocolError)
    assert client.error.reply == reply("250 ok")


def test_the_beginning_of_one_stops_the_next_command() -> None:
    client = Client.ready()
    client.engine.receive(b"25")
    assert client.submit(submission()) == []


def test_fault_116_two_replies_to_mail() -> None:
    client = Client.ready()
    client.submit(submission())
    assert client.hear("250 ok", "250 ok") == []
    assert isinstance(client.error, RemoteProtocolError)
    assert client.result().resend


def test_a_reply_to_what_was_not_handed_over() -> None:
    client = Client.ready()
    client.engine.submit(submission())
    assert client.engine.output() == [b"MAIL FROM:<s@example.org>\r\n"]
    client.engine.receive(b"250 ok\r\n")
    assert isinstance(client.error, RemoteProtocolError)
    assert client.result().resend


def test_a_421_that_crosses_a_command_is_no_answer_to_it() -> None:
    client = Client.ready()
    client.engine.submit(submission())
    client.engine.receive(b"421 idle too long\r\n")
    assert isinstance(client.error, ServerClosing)
    result = client.result()
    assert (outcomes(result), result.command, result.resend) == (["deferred"], "", True)


@pytest.mark.parametrize("code", [334, 354])
def test_fault_115_3yz_to_mail(code: int) -> None:
    client = Client.ready()
    client.submit(submission())
    client.hear(f"{code} go")
    assert isinstance(client.error, RemoteProtocolError)
    assert str(client.error) == "MAIL was answered with a reply that cannot answer it"


def test_354_where_mail_was_refused() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission())
    assert client.hear("550 no", "250 ok", "354 go") == []
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result()) == ["refused"]


def test_nor_is_one_that_began_before() -> None:
    client = in_content()
    client.engine.receive(b"250 que")
    client.end_content()
    client.engine.receive(b"ued\r\n")
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result()) == ["unknown"]


def test_a_reply_to_what_is_still_behind_a_content() -> None:
    client = Client.ready(*ALL)
    client.submit(submission(0), submission(1))
    client.hear("250 ok", "250 ok")
    client.hear("554 no", "250 RSET?")
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result(0)) == ["refused"]
    assert client.result(1).resend


def test_a_second_chunk_is_not_answered_before_the_first_is_out() -> None:
    client = Client.ready(*ALL, chunk_size=5)
    client.submit(submission())
    client.hear("250 ok", "250 ok")
    client.hear("552 no", "552 no")
    assert isinstance(client.error, RemoteProtocolError)


def test_fault_142_354_after_the_dot() -> None:
    client = behind_the_dot()
    client.hear("354 go")
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result()) == ["unknown"]


@pytest.mark.parametrize("text", ["garbage", "250-a\n550 b"])
def test_faults_18_and_143_no_reply_is_skipped(text: str) -> None:
    client = behind_the_dot()
    client.hear(text, "250 queued")
    assert isinstance(client.error, RemoteProtocolError)
    assert outcomes(client.result()) == ["unknown"]


def test_a_chunk_refused_in_mid_content_is_sent_to_its_end() -> None:
    client = Client.ready("CHUNKING")
    client.submit(submission(0), submission(1))
    client.hear("250 ok")
    client.hear("250 ok")
    client.hand_over(whole=False)
    assert client.hear("552 no") == ["RSET"]
    assert client.results == [], "a driver still needs its content"
    client.end_content()
    assert outcomes(client.result()) == ["refused"]


def test_a_content_that_was_out_when_the_421_came_is_in_doubt() -> None:
    client = Client.ready(*ALL, no_wait=True)
    client.submit(submission(0), submission(1))
    client.hand_over()
    client.hear("421 no")
    assert [outcomes(client.result(id)) for id in (0, 1)] == [["unknown"], ["deferred"]]


def test_many_recipients_are_settled_each() -> None:
    client = Client.ready(*PIPELINED)
    client.submit(submission(recipients=3000), last=True)
    for _ in range(3000):
        client.hear("250 ok")
    client.hear("250 ok")
    client.hear("354 go")
    client.hand_over()
    client.hear("250 queued")
    assert outcomes(client.result()) == ["accepted"] * 3000
