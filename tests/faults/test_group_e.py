"""Group E of the faults: the envelope, and what must not get into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.envelopes import is_one_clear_line, submit
from tests.faults.talk import MESSAGE
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from tests.scripted.fixtures import Start

INJECTIONS = ["a@b>\r\nRCPT TO:<c@d", "a@b\r", "a@b\n", "a\x01@b", "a\x7f@b", "a\x9b@b"]


@pytest.mark.parametrize("option", ["-f", "-r"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_fault_096_097_control_characters_in_an_address_never_reach_a_server(
    start: Start, option: str, text: str
) -> None:
    server = start(ModelServer())
    other = ["-f", "s@x"] if option == "-r" else ["-r", "r@x"]
    done = run_smtp("-s", server.address, *other, option, text, stdin=MESSAGE)
    assert done.code == 64
    assert is_one_clear_line(done)
    assert server.connections == []


@pytest.mark.parametrize("option", ["-H", "-s", "-p", "-C"])
def test_fault_096_control_characters_in_other_arguments_never_reach_a_server(
    start: Start, option: str
) -> None:
    server = start(ModelServer())
    done = run_smtp(
        *("-s", server.address, "-f", "s@x", "-r", "r@x", option, "x\r\nRCPT TO:<c@d>"),
        stdin=MESSAGE,
    )
    assert done.code == 64
    assert is_one_clear_line(done)
    assert server.connections == []


@pytest.mark.parametrize(
    "text", ["<a@b> SIZE=1", "a@b SIZE=1", "<a@b SIZE=1>", "a@b>", "a>@b", "a b@c", "<<a@b>>"]
)
def test_fault_098_a_path_is_an_address_and_nothing_more(start: Start, text: str) -> None:
    server = start(ModelServer())
    for sender, recipient in (("s@x", text), (text, "r@x")):
        done = submit(server.address, recipient, sender=sender)
        assert done.code == 64
        assert is_one_clear_line(done)
        assert repr(text) in done.stderr
    assert server.connections == []


def test_fault_099_a_quoted_local_part_stays_quoted(start: Start) -> None:
    server = start(ModelServer())
    done = submit(server.address, '"a b"@x', '"<c\\"d>"@x', sender='"@"@x')
    assert done.code == 0, done
    assert server.connections[0].commands[1:4] == [
        f'MAIL FROM:<"@"@x> SIZE={len(MESSAGE)}',
        'RCPT TO:<"a b"@x>',
        'RCPT TO:<"<c\\"d>"@x>',
    ]


def test_fault_099_the_limits_of_length_are_counted(start: Start) -> None:
    server = start(ModelServer())
    labels = ".".join(["d" * 63] * 3)
    longest = f"{'l' * 62}@{labels}"
    assert submit(server.address, f"{'l' * 64}@x", longest).code == 0
    assert server.messages[0].recipients == (f"{'l' * 64}@x", longest)
    for text in (f"{'l' * 65}@x", f"l{longest}", f"a@{'d' * 64}", f"a@{labels}.{labels}"):
        done = submit(server.address, text)
        assert done.code == 64
        assert is_one_clear_line(done)
    assert len(server.connections) == 1


@pytest.mark.parametrize("text", ["<@x,@y:a@b>", "@x:a@b"])
def test_fault_100_source_routes_are_refused_with_their_name(start: Start, text: str) -> None:
    server = start(ModelServer())
    done = submit(server.address, text)
    assert done.code == 64
    assert "source routes" in done.stderr
    assert server.connections == []


@pytest.mark.parametrize("sender", ["", "<>"])
def test_fault_101_the_null_reverse_path(start: Start, sender: str) -> None:
    server = start(ModelServer())
    first = submit(server.address, "r@x", sender=sender)
    second = run_smtp("-s", server.address, "-f", sender, "-r", "r@x", stdin=MESSAGE)
    assert (first.code, second.code) == (0, 0)
    for connection in server.connections:
        assert connection.commands[1] == f"MAIL FROM:<> SIZE={len(MESSAGE)}"


def test_fault_102_parameters_are_made_of_facts_whatever_the_server_offers(start: Start) -> None:
    server = start(
        ModelServer(
            offers=("SIZE 99999999 BODY=X", "8BITMIME X>", "AUTH=<> PLAIN", "DSN", "X RET=FULL")
        )
    )
    done = submit(server.address, "r@x")
    assert done.code == 0, done
    assert server.connections[0].commands[1:3] == [
        f"MAIL FROM:<s@x> SIZE={len(MESSAGE)}",
        "RCPT TO:<r@x>",
    ]


def test_fault_102_a_parameter_does_not_ride_on_an_address(start: Start) -> None:
    server = start(ModelServer())
    assert submit(server.address, "r@x", sender="s@x> AUTH=<").code == 64
    assert submit(server.address, "r@x> NOTIFY=NEVER ORCPT=<").code == 64
    assert server.connections == []


@pytest.mark.parametrize(("sender", "recipient"), [("s@x", "jürgen@x"), ("jürgen@x", "r@x")])
def test_fault_117_a_local_part_beyond_ascii_needs_smtputf8(
    start: Start, sender: str, recipient: str
) -> None:
    server = start(ModelServer())
    done = submit(server.address, recipient, sender=sender)
    assert done.code == 69, done
    assert "SMTPUTF8" in done.stderr
    assert server.connections[0].verbs == ["EHLO", "QUIT"]


def test_fault_117_a_local_part_beyond_ascii_goes_where_smtputf8_is_offered(start: Start) -> None:
    server = start(ModelServer(offers=("SMTPUTF8", "8BITMIME")))
    done = submit(server.address, "jürgen@bücher.example")
    assert done.code == 0, done
    assert "SMTPUTF8" in server.messages[0].parameters
    assert server.messages[0].recipients == ("jürgen@xn--bcher-kva.example",)


def test_fault_117_a_domain_beyond_ascii_needs_nothing(start: Start) -> None:
    server = start(ModelServer())
    done = submit(server.address, "r@bücher.example", sender="s@faß.example")
    assert done.code == 0, done
    assert server.messages[0].reverse_path == "s@xn--fa-hia.example"
    assert server.messages[0].recipients == ("r@xn--bcher-kva.example",)


def test_fault_118_a_look_alike_domain_is_shown_as_what_it_is(start: Start) -> None:
    """A Cyrillic letter among the Latin ones: the A-label says so, and it is what is sent."""
    server = start(ModelServer())
    done = submit(server.address, "r@x", sender="s@аpple.example", options=["-v"])  # noqa: RUF001 - on purpose
    assert done.code == 0, done
    assert "from <s@xn--pple-43d.example>" in done.stdout
    assert server.messages[0].reverse_path == "s@xn--pple-43d.example"


@pytest.mark.parametrize(
    "text",
    ["r\u202e@x", "r\u200b@x", "r@x\u202e", "R@Ａ.example"],  # noqa: RUF001 - full width
)
def test_fault_118_what_cannot_be_seen_or_would_be_mapped_is_refused(
    start: Start, text: str
) -> None:
    server = start(ModelServer())
    done = submit(server.address, text)
    assert done.code == 64, done
    assert is_one_clear_line(done)
    assert server.connections == []


def test_fault_119_recipients_keep_their_order_and_their_repetitions(start: Start) -> None:
    server = start(ModelServer())
    done = submit(server.address, "b@x", "a@x", "b@x", "B@x")
    assert done.code == 0, done
    assert server.messages[0].recipients == ("b@x", "a@x", "b@x", "B@x")
