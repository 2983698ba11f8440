"""Group A of the faults: replies that are none, too long, too late or two things at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import failure, submit, succeeded
from tests.faults.peak import MORE, measured, usual_peak
from tests.faults.talk import MESSAGE, PIPELINING, opening
from tests.scripted import (
    Close,
    Drip,
    Expect,
    ExpectEnd,
    Flood,
    ModelServer,
    ReadData,
    Script,
    Send,
    Stall,
    multiline,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command import Completed
    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start

TALK: dict[str, tuple[tuple[Step, ...], str]] = {
    "GREETING": ((), "220 mail.example ESMTP"),
    "EHLO": ((Expect("EHLO"),), "250 mail.example"),
    "MAIL": ((Expect("MAIL FROM:<s@x>"),), "250 ok"),
    "RCPT": ((Expect("RCPT TO:<r@x>"),), "250 ok"),
    "DATA": ((Expect("DATA"),), "354 go ahead"),
    "END": ((ReadData(),), "250 queued"),
    "QUIT": ((Expect("QUIT"),), "221 bye"),
}
"""A submission one command at a time: what is read before each reply, and what it usually is."""

ANYWHERE = pytest.mark.parametrize("place", TALK)


def answering(place: str, *steps: Step) -> Script:
    """A session that goes well up to the reply in `place`, instead of which `steps` follow."""
    before: list[Step] = []
    for name, (heard, usual) in TALK.items():
        before += heard
        if name == place:
            break
        before.append(Send(usual))
    return Script(f"does something else than reply to {place}", *before, *steps)


def saying(spoken: Callable[[str], Step]) -> Script:
    """A session that goes well, in which `spoken` decides how every reply is said."""
    steps: list[Step] = []
    for heard, usual in TALK.values():
        steps += (*heard, spoken(usual))
    return Script("says what is right in its own way", *steps)


def ends(done: Completed, place: str, code: int) -> str:
    """See that a run ended as it has to without a reply in `place`; what it said.

    With `code`, but after the end of data nobody knows what has become of the message, and at QUIT
    everything is settled.
    """
    if place == "QUIT":
        assert succeeded(done), done
        return ""
    line = failure(done, 79 if place == "END" else code)
    assert ("it may have been delivered" in line) == (place == "END")
    return line


# -- greetings -------------------------------------------------------------------------------------


def test_fault_001_a_greeting_of_many_lines_is_read_to_its_last(start: Start) -> None:
    greeting = multiline("220 mail.example ESMTP", "220 be good", "220 ", "220 or else")
    server = start(ModelServer(replies={"GREETING": Send(greeting, each=16)}))
    assert succeeded(submit(server))
    assert [message.content for message in server.messages] == [MESSAGE]


@pytest.mark.parametrize(
    ("greeting", "code"), [("554 5.7.1 not from there", 69), ("451 4.3.2 not now", 75)]
)
def test_fault_002_a_greeting_that_refuses_is_answered_with_quit_alone(
    scripted: MakeScripted, greeting: str, code: int
) -> None:
    """RFC 5321 section 3.1: the server waits for QUIT."""
    server = scripted(answering("GREETING", Send(greeting), Expect("QUIT"), Close("221 bye")))
    assert greeting in failure(submit(server), code)
    assert server.connections[0].commands == ["QUIT"]


def test_fault_003_a_421_greeting_is_answered_with_nothing(scripted: MakeScripted) -> None:
    server = scripted(answering("GREETING", Send("421 4.3.2 shutting down"), ExpectEnd()))
    assert "421 4.3.2 shutting down" in failure(submit(server), 75)
    assert server.connections[0].received == b""


@pytest.mark.parametrize(
    ("greeting", "shown"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH-2.0-OpenSSH_9.2p1 Debian-2"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (b"+OK POP3 ready\r\n", "+OK POP3 ready"),
        (b"\x15\x03\x01\x00\x02\x02\x50\n", r"\x15\x03\x01\x00\x02\x02P"),
        (b"\x1b]0;owned\x07\x1b[2J\r\n", r"\x1b]0;owned\x07\x1b[2J"),
    ],
    ids=ascii,
)
def test_fault_004_a_server_of_another_protocol_is_shown_and_not_answered(
    scripted: MakeScripted, greeting: bytes, shown: str
) -> None:
    server = scripted(answering("GREETING", Send(greeting), ExpectEnd()))
    line = failure(submit(server), 76)
    assert line.startswith(f"smtp: {server.address}: ")
    assert line.endswith(f"'{shown}'")
    assert server.connections[0].received == b""


def test_fault_004_a_long_first_line_is_shortened(scripted: MakeScripted) -> None:
    server = scripted(answering("GREETING", Send(b"SSH-2.0-" * 7_000 + b"\r\n"), ExpectEnd()))
    line = failure(submit(server), 76)
    assert "SSH-2.0-" in line
    assert len(line) < 1_000


# -- time ------------------------------------------------------------------------------------------


@ANYWHERE
def test_fault_005_silence_has_an_end(scripted: MakeScripted, place: str) -> None:
    server = scripted(answering(place, Stall()))
    line = ends(submit(server, "--timeout=0.5"), place, 75)
    assert place == "QUIT" or "waited 0.5 seconds" in line
    assert len(server.connections) == 1


@ANYWHERE
@pytest.mark.parametrize("length", [1, len("250-")], ids=["octets", "lines"])
def test_fault_006_007_the_deadline_is_for_a_whole_reply(
    scripted: MakeScripted, place: str, length: int
) -> None:
    """Octets without a line end, and lines without a last one, all of which come soon enough."""
    trickle = TALK[place][1][0] if length == 1 else f"{TALK[place][1][:3]}-and\r\n"
    server = scripted(answering(place, Drip(trickle.encode(), every=0.1)))
    line = ends(submit(server, "--timeout=0.5"), place, 75)
    assert place == "QUIT" or "waited 0.5 seconds" in line
    assert len(server.connections) == 1


# -- size ------------------------------------------------------------------------------------------

FLOODS = {
    "no-line-end": Flood(b"2", 256),
    "lines": Flood(b"220-\r\n", 256),
    "long-lines": Flood(b"220-" + b"x" * 60_000 + b"\r\n", 256),
    "one-line-of-10-MB": Drip(b"220 " + b"x" * 10_000_000 + b"\r\n", every=0),
}
"""Octets that come as fast as they are read: more than 256 MB, if the client stays."""


@pytest.mark.parametrize("place", ["GREETING", "RCPT", "END", "QUIT"])
@pytest.mark.parametrize("flood", FLOODS)
def test_fault_008_009_011_a_flood_ends_the_connection_and_takes_no_memory(
    scripted: MakeScripted, place: str, flood: str
) -> None:
    server = scripted(answering(place, FLOODS[flood]))
    done, peak = measured(server)
    line = ends(done, place, 76)
    assert place == "QUIT" or "longer than" in line
    assert len(line) < 1_000
    assert peak - usual_peak() < MORE
    assert [str(record).count("the client left") for record in server.connections] == [1]


def test_fault_010_an_ehlo_reply_of_2000_lines_is_refused(scripted: MakeScripted) -> None:
    hello = multiline("250 mail.example", *(f"250 X{number}" for number in range(2_000)))
    server = scripted(answering("EHLO", Send(hello), ExpectEnd()))
    assert "longer than 1000 lines" in failure(submit(server), 76)


def test_fault_010_long_replies_within_the_limits_are_read(start: Start) -> None:
    hello = multiline("250 mail.example", *(f"250 X{number}" for number in range(999)))
    line = f"250 {'x' * 65_000}"
    server = start(ModelServer(replies={"EHLO": hello, "RCPT": line, "END": line}))
    assert succeeded(submit(server))


# -- the grammar of a reply ------------------------------------------------------------------------

ARABIC_INDIC = {ord("0") + digit: 0x660 + digit for digit in range(10)}
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

NO_REPLIES: dict[str, Callable[[str], str]] = {
    "012-four-digits": lambda reply: f"{reply[:3]}0 ok",
    "012-no-separator": lambda reply: f"{reply[:3]}ok",
    "012-another-separator": lambda reply: f"{reply[:3]}\tok",
    "013-plus": lambda reply: f"+{reply[:2]} ok",
    "013-space-first": lambda reply: f" {reply[:2]} ok",
    "013-space-more": lambda reply: f" {reply}",
    "013-underscore": lambda reply: f"{reply[0]}_{reply[2]} ok",
    "014-arabic-indic": lambda reply: reply.translate(ARABIC_INDIC),
    "014-full-width": lambda reply: reply.translate(FULL_WIDTH),
    "015-two-digits": lambda reply: reply[:2],
    "015-two-digits-and-text": lambda reply: f"{reply[:2]} ok",
    "017-999": lambda reply: "999 ok",
    "017-600": lambda reply: "600 ok",
    "017-1yz": lambda reply: f"1{reply[1:]}",
    "017-0yz": lambda reply: f"0{reply[1:]}",
    "018-other-code-last": lambda reply: f"{reply[:3]}-ok\n550 no",
    "018-other-code-of-the-same-class": lambda reply: f"{reply[:3]}-ok\n{reply[0]}99 ok",
    "019-other-code-first": lambda reply: f"550-no\n{reply}",
    "019-malformed-last": lambda reply: f"{reply[:3]}-ok\n{reply[:2]} ok",
    "026-empty-line-first": lambda reply: f"\n{reply}",
    "026-empty-line-between": lambda reply: f"{reply[:3]}-ok\n\n{reply}",
}


@ANYWHERE
@pytest.mark.parametrize("kind", NO_REPLIES)
def test_fault_012_to_015_017_to_019_026_what_is_not_a_reply_ends_the_connection(
    scripted: MakeScripted, kind: str, place: str
) -> None:
    """RFC 5321 section 4.2: three digits, the same on all lines, and then a space or a hyphen."""
    server = scripted(answering(place, Send(NO_REPLIES[kind](TALK[place][1])), ExpectEnd()))
    ends(submit(server), place, 76)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("place", "reply"),
    [
        *(("GREETING", "354 what"), ("EHLO", "354 what"), ("MAIL", "354 what")),
        *(("RCPT", "354 what"), ("DATA", "250 what"), ("DATA", "334 what"), ("END", "354 what")),
    ],
)
def test_fault_017_a_reply_of_the_wrong_class_is_no_success(
    scripted: MakeScripted, place: str, reply: str
) -> None:
    server = scripted(answering(place, Send(reply), ExpectEnd()))
    assert reply in ends(submit(server), place, 76)
    assert len(server.connections) == 1


def test_fault_019_after_two_codes_in_one_no_other_reply_of_the_group_is_believed(
    scripted: MakeScripted,
) -> None:
    server = scripted(
        Script(
            "answers a pipelined group with a refusal that ends as a success",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            *(Send("250 ok\n550-no\n250 ok\n354 go ahead"), ExpectEnd()),
        )
    )
    assert "different codes" in failure(submit(server), 76)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    "spoken",
    [
        pytest.param(lambda reply: Send(reply[:3]), id="016-code-alone"),
        pytest.param(lambda reply: Send(reply[:4]), id="016-code-and-space"),
        pytest.param(lambda reply: Send(f"{reply[:3]}-\n{reply[:3]}"), id="016-two-lines"),
        pytest.param(lambda reply: Send(reply, at=(len(reply) + 1,)), id="020-between-cr-and-lf"),
        pytest.param(lambda reply: Send(reply, each=1), id="021-octet-by-octet"),
        pytest.param(lambda reply: Send(f"{reply}\n".encode()), id="022-lf-alone"),
        pytest.param(
            lambda reply: Send(f"{reply[:3]}-a\n{reply}\r\n".encode()), id="022-lf-and-crlf"
        ),
        pytest.param(
            lambda reply: Send(reply.encode() + b" \xfc\xe9\x80\xff\xc3\r\n"), id="025-latin-1"
        ),
        pytest.param(lambda reply: Send(reply.encode() + b" \0\x01\x7f\r\n"), id="025-nul"),
        pytest.param(lambda reply: Send(f"{reply} 550 5.1.1 no such user"), id="028-code-in-text"),
        pytest.param(lambda reply: Send(f"{reply[:4]}550 5.1.1 no"), id="028-code-for-text"),
        pytest.param(
            lambda reply: Send(f"{reply[:3]}-550 no\n{reply[:4]}421 bye"), id="028-codes-for-text"
        ),
    ],
)
def test_fault_016_020_021_022_025_028_replies_that_are_unusual_are_replies(
    scripted: MakeScripted, spoken: Callable[[str], Step]
) -> None:
    server = scripted(saying(spoken))
    assert succeeded(submit(server))
    assert server.connections[0].contents == [MESSAGE]


@ANYWHERE
@pytest.mark.parametrize("kind", ["023-half-a-line", "024-half-a-reply"])
def test_fault_023_024_an_unfinished_reply_is_none(
    scripted: MakeScripted, kind: str, place: str
) -> None:
    """Nothing is taken for said, and a message whose end of data was out is not sent again."""
    usual = TALK[place][1].encode()
    half = usual if kind == "023-half-a-line" else usual[:3] + b"-queued\r\n"
    server = scripted(answering(place, Close(half)))
    ends(submit(server), place, 75)
    assert sum(len(connection.contents) for connection in server.connections) == (
        place in {"END", "QUIT"}
    )


def test_fault_025_what_is_not_text_is_shown_escaped(scripted: MakeScripted) -> None:
    server = scripted(
        answering("RCPT", Send(b"550 5.1.1 \xfc \xff\0 \xc3\xbc\r\n"), Expect("QUIT"), Close("221"))
    )
    assert r"550 5.1.1 \xfc \xff\x00 ü" in failure(submit(server), 67)


def enhanced(done: Completed) -> dict[str, str | None]:
    """The enhanced codes of the message's and the recipient's replies, as JSON tells them."""
    records = map(json.loads, done.stdout.splitlines())
    return {record["record"]: record["enhanced"] for record in records if "enhanced" in record}


@pytest.mark.parametrize(
    "text", ["5.1.1", "4.0.0", "3.0.0", "2.1", "2.1.5x", "2.1.5.1", "2.1.1000"]
)
def test_fault_027_a_status_of_another_class_is_ignored(scripted: MakeScripted, text: str) -> None:
    """RFC 2034 section 4: the classes agree; on 3yz there is no status at all."""
    server = scripted(saying(lambda reply: Send(f"{reply[:4]}{text} text")))
    done = submit(server, "--json=-")
    assert succeeded(done), done
    assert enhanced(done) == {"message": None, "recipient": None}


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        ("550 2.1.5 ok", 67, None),
        ("550 5.1.1 no", 67, "5.1.1"),
        ("450 5.1.1 no", 75, None),
        ("450 4.2.1 later", 75, "4.2.1"),
    ],
)
def test_fault_027_the_code_decides_and_not_the_status(
    start: Start, reply: str, code: int, status: str | None
) -> None:
    server = start(ModelServer(replies={"RCPT": reply}))
    done = submit(server, "--json=-")
    assert reply in failure(done, code)
    assert enhanced(done)["recipient"] == status


def test_fault_027_a_status_is_not_kept_for_the_next_reply(start: Start) -> None:
    server = start(ModelServer(replies={"RCPT": "250 2.1.5 ok", "END": "250 queued"}))
    assert enhanced(submit(server, "--json=-"))["message"] is None


@pytest.mark.parametrize("text", ["250 2.0.0 ok", "ok 250", "2.0.0 queued", "354 go ahead"])
def test_fault_028_a_success_in_the_text_of_a_refusal_is_none(start: Start, text: str) -> None:
    server = start(ModelServer(replies={"RCPT": f"550 {text}"}))
    assert f"550 {text}" in failure(submit(server), 67)
    assert server.messages == []
