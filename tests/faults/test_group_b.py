"""Group B of the faults: EHLO and HELO, and what is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, submit, succeeded
from tests.faults.talk import MESSAGE, farewell
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    ModelServer,
    ReadData,
    Reset,
    Script,
    Send,
    Stall,
    multiline,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start

GREETED: tuple[Step, ...] = (Send("220 mail.example ESMTP"), Expect("EHLO "))
"""How every session begins."""

SUBMITTED: tuple[Step, ...] = (
    *(Expect("MAIL FROM:<s@x>"), Send("250 ok"), Expect("RCPT TO:<r@x>"), Send("250 ok")),
    *(Expect("DATA"), Send("354 go ahead"), ReadData(), Send("250 queued"), *farewell()),
)
"""The message, one command at a time, and the end."""


# -- EHLO refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", ["500 5.5.1 what?", "502 5.5.1 not here", "500", "502-no\n502 no"]
)
def test_fault_029_030_helo_follows_a_500_or_502_on_the_same_connection(
    start: Start, reply: str
) -> None:
    """RFC 5321 section 3.2; and no parameter of an extension is used then."""
    server = start(ModelServer(replies={"EHLO": reply}))
    done = submit(server, "-v", "-H", "client.example")
    assert (done.code, done.stderr) == (0, "")
    assert " SMTP\n" in done.stdout
    assert server.connections[0].commands == [
        *("EHLO client.example", "HELO client.example", "MAIL FROM:<s@x>", "RCPT TO:<r@x>"),
        *("DATA", "QUIT"),
    ]
    assert server.messages[0].content == MESSAGE


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("501 5.5.4 not a name", 69),
        ("504 5.5.4 not that name", 69),
        ("550 5.7.1 you are on a list", 69),
        ("554 5.7.1 no service for you", 69),
        ("530 5.7.0 STARTTLS first", 69),
        ("503 5.5.1 not now", 69),
        ("521 5.3.2 no mail here", 69),
        ("599 5.5.1 not implemented", 69),
        ("451 4.3.0 later", 75),
        ("450 4.7.1 greylisted", 75),
        ("400 4.0.0 what?", 75),
    ],
)
def test_fault_031_to_035_every_other_refusal_is_reported_and_followed_by_quit(
    start: Start, tmp_path: Path, reply: str, code: int
) -> None:
    """Once: another message or another connection would get the same answer."""
    server = start(ModelServer(replies={"EHLO": reply}))
    assert f"EHLO: {reply}" in failure(submit(server), code)
    names = [str(tmp_path / name) for name in ("one", "two")]
    for name in names:
        (tmp_path / name).write_bytes(MESSAGE)
    done = run_smtp("-s", server.address, "-f", "s@x", "-r", "r@x", *names)
    assert f"EHLO: {reply}" in failure(done, code)
    assert [connection.verbs for connection in server.connections] == [["EHLO", "QUIT"]] * 2


def test_fault_036_a_421_to_ehlo_is_answered_with_nothing(scripted: MakeScripted) -> None:
    server = scripted(
        Script("421 to EHLO, left open", *GREETED, Send("421 4.3.2 shutting down"), ExpectEnd())
    )
    assert "421 4.3.2 shutting down" in failure(submit(server), 75)
    assert len(server.connections) == 1


@pytest.mark.parametrize("reply", ["500 5.5.1 what?", "502 5.5.1 not here", "550 5.7.1 go away"])
@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_037_the_refusal_is_the_cause_though_the_server_then_closes(
    scripted: MakeScripted, reply: str, end: type[Close | Reset]
) -> None:
    server = scripted(Script("refuses EHLO and closes", *GREETED, end(reply)))
    line = failure(submit(server), 69)
    assert f"EHLO: {reply}" in line
    assert "Broken pipe" not in line
    assert len(server.connections) == 1


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_037_that_the_server_closed_is_told_as_well(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    """The 500 alone would have been followed by HELO."""
    server = scripted(Script("refuses EHLO and closes", *GREETED, end("500 5.5.1 what?")))
    assert "then the connection ended" in failure(submit(server), 69)


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_038_a_connection_that_ends_at_ehlo_is_no_reason_for_helo(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(Script("closes on EHLO", *GREETED, end()))
    line = failure(submit(server), 75)
    assert "connection" in line
    assert [connection.verbs for connection in server.connections] == [["EHLO"]]


@pytest.mark.parametrize(
    ("helo", "code"),
    [
        ("504 5.5.4 not that name", 69),
        ("500 5.5.1 what?", 69),
        ("550 5.7.1 go away", 69),
        ("451 4.3.0 later", 75),
    ],
)
def test_fault_039_both_refusals_are_reported_and_the_last_decides(
    start: Start, helo: str, code: int
) -> None:
    server = start(ModelServer(replies={"EHLO": "502 5.5.1 not here", "HELO": helo}))
    assert f"EHLO: 502 5.5.1 not here; HELO: {helo}" in failure(submit(server), code)
    assert [connection.verbs for connection in server.connections] == [["EHLO", "HELO", "QUIT"]]


def test_fault_039_a_421_to_helo_is_answered_with_nothing(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "502 to EHLO and 421 to HELO, left open",
            *GREETED,
            *(Send("502 5.5.1 not here"), Expect("HELO "), Send("421 4.3.2 bye"), ExpectEnd()),
        )
    )
    assert "EHLO: 502 5.5.1 not here; HELO: 421 4.3.2 bye" in failure(submit(server), 75)
    assert len(server.connections) == 1


# -- what is offered -------------------------------------------------------------------------------

CARELESS: dict[str, tuple[bytes, ...]] = {
    "empty": (b"", b" ", b"   "),
    "doubled": (b"SIZE", b"8BITMIME", b"SIZE 1000", b"8BITMIME"),
    "no-keywords": (b"-SIZE", b"=", b"X_Y", b"SIZE=9", b"8BITMIME!", b"*"),
    "octets": (b"\xfc\xff", b"\0", b"X\0SIZE 9", b"\x1b[2J", "\uff33\uff29\uff3a\uff25 9".encode()),
    "long": (b"X" * 5_000, b"X " * 5_000),
}
"""Lines that mean nothing; from none of them follows a limit of 9 octets."""


@pytest.mark.parametrize("kind", CARELESS)
def test_fault_040_lines_that_do_not_parse_are_passed_over(
    scripted: MakeScripted, kind: str
) -> None:
    lines = [*CARELESS[kind], b"SIZE 1000", *CARELESS[kind], b"8BITMIME", *CARELESS[kind]]
    hello = b"".join(b"250-" + line + b"\r\n" for line in (b"mail.example", *lines))
    server = scripted(
        Script("offers carelessly", *GREETED, Send(hello + b"250 HELP\r\n"), *SUBMITTED)
    )
    done = run_smtp(server.address, "s@x", "r@x", stdin=MESSAGE + b"\xc3\xbc\r\n")
    assert succeeded(done), done
    size = len(MESSAGE) + 4
    assert server.connections[0].commands[1] == f"MAIL FROM:<s@x> SIZE={size} BODY=8BITMIME"


@pytest.mark.parametrize(
    "limit",
    [
        *("1" + "0" * 40, "9" * 5_000, "0" * 5_000, "18446744073709551616", "-1", "abc", "1e1"),
        *("0x1", "+1", "1.5", "1_0", "\u0661", "1K", ""),
    ],
    ids=lambda limit: ascii(limit[:20]),
)
def test_fault_041_a_limit_that_is_no_number_or_a_huge_one_is_no_limit(
    start: Start, limit: str
) -> None:
    """CVE-2020-10735: more than 4300 digits are too many for int()."""
    server = start(ModelServer(offers=(f"SIZE {limit}", "8BITMIME")))
    assert succeeded(submit(server))
    assert server.connections[0].commands[1] == f"MAIL FROM:<s@x> SIZE={len(MESSAGE)}"


def test_fault_042_what_is_too_large_is_not_begun_and_the_next_message_is(
    start: Start, tmp_path: Path
) -> None:
    """The size that counts is that of the content with its line ends (RFC 1870 section 3)."""
    server = start(ModelServer(offers=(f"SIZE {len(MESSAGE)}", "8BITMIME")))
    large, exact = tmp_path / "large", tmp_path / "exact"
    large.write_bytes(MESSAGE.replace(b"\r\n", b"\n") + b"\n")
    exact.write_bytes(MESSAGE.replace(b"\r\n", b"\n"))
    to = ("-s", server.address, "-f", "s@x", "-r", "r@x")
    line = failure(run_smtp(*to, str(large), str(exact)), 65)
    assert str(large) in line
    assert str(len(MESSAGE)) in line
    assert server.connections[0].commands[1:] == [
        *(f"MAIL FROM:<s@x> SIZE={len(MESSAGE)}", "RCPT TO:<r@x>", "DATA", "QUIT"),
    ]


def test_fault_042_a_552_to_the_declared_size_is_obeyed(start: Start) -> None:
    reply = "552 5.3.4 too large"
    server = start(ModelServer(offers=("SIZE",), replies={"MAIL": reply}))
    assert reply in failure(submit(server), 65)
    assert server.connections[0].verbs == ["EHLO", "MAIL", "QUIT"]


@pytest.mark.parametrize("offer", ["SIZE 0", "SIZE", "SIZE 00", "SIZE  "])
def test_fault_043_zero_and_nothing_are_no_known_limit(start: Start, offer: str) -> None:
    server = start(ModelServer(offers=(offer,)))
    assert succeeded(submit(server))
    assert server.connections[0].commands[1] == f"MAIL FROM:<s@x> SIZE={len(MESSAGE)}"


def test_fault_044_keywords_are_known_in_lower_case(start: Start) -> None:
    offers = ("pipelining", "size 99999", "8bitMIME", "chunking")
    server = start(ModelServer(offers=offers))
    done = run_smtp(server.address, "s@x", "r@x", stdin=MESSAGE + b"\xc3\xbc\r\n")
    assert succeeded(done), done
    size = len(MESSAGE) + 4
    connection = server.connections[0]
    assert connection.commands[1] == f"MAIL FROM:<s@x> SIZE={size} BODY=8BITMIME"
    assert connection.commands[3:] == [f"BDAT {size} LAST", "QUIT"]


def test_fault_044_starttls_and_auth_are_known_in_lower_case(start: Start) -> None:
    server = start(ModelServer(offers=("starttls", "auth plain"), users={"u": "secret"}))
    assert succeeded(submit(server, "-M", "-U", "u", "-P", "secret", "-H", "client.example"))
    assert (server.messages[0].tls, server.messages[0].user) == (True, "u")


@pytest.mark.parametrize("first", ["STARTTLS", "STARTTLS mail.example", "AUTH PLAIN", "SIZE 9"])
@pytest.mark.parametrize("offers", [(), ("8BITMIME",)])
def test_fault_045_the_first_line_offers_nothing(
    start: Start, first: str, offers: tuple[str, ...]
) -> None:
    hello = multiline(f"250 {first}", *(f"250 {offer}" for offer in offers))
    server = start(ModelServer(replies={"GREETING": f"220 {first}", "EHLO": hello}))
    assert succeeded(submit(server, "-T"))
    assert server.connections[0].commands[1] == "MAIL FROM:<s@x>"
    assert "STARTTLS" in failure(submit(server, "-M"), 69)
    assert "AUTH" in failure(submit(server, "-U", "u", "-P", "secret"), 69)
    for connection in server.connections[1:]:
        assert connection.verbs == ["EHLO", "QUIT"]


SECOND_REPLIES = {
    "again": "250 mail.example",
    "refusal": "550 5.7.1 go away",
    "not-a-reply": "hello",
    "for-mail-and-recipient": "250 ok\n250 ok",
}


@pytest.mark.parametrize("second", SECOND_REPLIES)
@pytest.mark.parametrize(
    ("place", "first"),
    [
        ((), "220 mail.example ESMTP"),
        (GREETED, "250 mail.example"),
        (GREETED, "500 5.5.1 what?"),
        (GREETED, multiline("250 mail.example", "250 PIPELINING", "250 STARTTLS")),
    ],
    ids=["greeting", "EHLO", "refused", "STARTTLS"],
)
def test_fault_046_a_second_reply_ends_the_connection(
    scripted: MakeScripted, place: tuple[Step, ...], first: str, second: str
) -> None:
    """It would be taken for the answer to the next command, which is therefore not said."""
    script = Script(
        "replies twice", *place, Send(f"{first}\n{SECOND_REPLIES[second]}"), ExpectEnd()
    )
    server = scripted(script)
    failure(submit(server, "-T"), 76)
    assert len(server.connections) == 1


def test_fault_046_part_of_a_second_reply_is_waited_for_and_not_answered(
    scripted: MakeScripted,
) -> None:
    server = scripted(
        Script("begins a second reply", *GREETED, Send(b"250 mail.example\r\n250 o"), Stall())
    )
    done = submit(server, "--timeout=0.5")
    assert "waited 0.5 seconds" in failure(done, 75)
    assert server.connections[0].turns[-1].startswith(b"EHLO ")


def test_fault_046_a_421_behind_the_reply_is_what_it_says(scripted: MakeScripted) -> None:
    reply = "250 mail.example\n421 4.3.2 shutting down"
    server = scripted(Script("421 behind the reply to EHLO", *GREETED, Send(reply), ExpectEnd()))
    assert "421 4.3.2 shutting down" in failure(submit(server), 75)
