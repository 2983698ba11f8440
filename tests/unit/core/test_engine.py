"""One connection: what may be said when; its ends are in `test_engine_ends`."""

from __future__ import annotations

import pytest

from smtpwire.core import sender
from smtpwire.core.command import Wait
from smtpwire.core.event import Replied
from smtpwire.core.session import TLSMode
from smtpwire.errors import (
    ConnectionLost,
    LocalProtocolError,
    RemoteProtocolError,
)
from tests.unit.core.helpers import (
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
    monkeypatch.setattr(sender, "COMMAND_WINDOW", 100)
    client = Client.ready(*PIPELINED)
    assert len(client.submit(submission(recipients=100))) == 4
    assert client.hear("250 ok") == [f"RCPT TO:<{addresses(4)[3]}>"]


def test_chunk_lines_count_as_commands_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "COMMAND_WINDOW", 20)
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


@pytest.mark.parametrize("code", [250, 354])
def test_neither_is_it_where_quit_is_behind_the_content(code: int) -> None:
    client = quit_behind_the_content()
    client.engine.content_begun()
    client.hear(f"{code} early")
    assert isinstance(client.error, RemoteProtocolError)
    assert client.error.reply == reply(f"{code} early")
    result = client.result()
    assert (outcomes(result), result.error) == (["deferred"], client.error)


def test_fault_142_354_to_the_dot() -> None:
    client = quit_behind_the_content()
    client.hand_over()
    client.hear("354 more")
    assert isinstance(client.error, RemoteProtocolError)
    result = client.result()
    assert (outcomes(result), result.error) == (["unknown"], client.error)


def quit_behind_the_content() -> Client:
    client = Client.ready(*PIPELINED)
    client.submit(submission(), last=True)
    assert client.hear("250 ok", "250 ok", "354 go") == ["<0: all>", "QUIT"]
    return client


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


# -- for whoever watches -------------------------------------------------------------------------


def test_replies_are_reported_where_that_is_asked_for() -> None:
    client = Client.ready(trace=True)
    assert [e.reply.code for e in client.events if isinstance(e, Replied)] == [220, 250]
    assert not [e for e in Client.ready().events if isinstance(e, Replied)]


def test_replies_are_counted() -> None:
    assert Client.ready().engine.replies == 2


def test_replies_to_a_group_are_shown_one_by_one() -> None:
    client = Client.ready("PIPELINING", trace=True)
    client.submit(submission())
    client.hear("250 sender", "250 recipient", "354 go")
    shown = [e.reply.text for e in client.events if isinstance(e, Replied)]
    assert shown[-3:] == ["sender", "recipient", "go"]
