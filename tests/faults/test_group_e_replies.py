"""Group E of the faults: what a server says to an envelope, and who gets the message then."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.envelopes import is_one_clear_line, submit
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.scripted import Close, Expect, ExpectEnd, ModelServer, Reset, Script, Send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start
    from tests.scripted.model import Reply


def two_messages(tmp_path: Path) -> list[str]:
    """Names of two messages that can be told apart."""
    names = []
    for name in ("one", "two"):
        path = tmp_path / name
        path.write_bytes(b"Subject: %b\r\n\r\nhello\r\n" % name.encode())
        names.append(str(path))
    return names


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, (*PIPELINING, "CHUNKING")])
def test_fault_103_after_a_refused_sender_only_the_next_message_goes(
    start: Start, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"MAIL": ["550 5.7.1 not you"]}))
    one, two = two_messages(tmp_path)
    done = run_smtp("-s", server.address, "-f", "s@x", "-r", "r@x", one, two)
    assert done.code == 65, done
    assert done.stderr.count("\n") == 1
    assert "550 5.7.1 not you" in done.stderr
    assert [message.content[:12] for message in server.messages] == [b"Subject: two"]
    assert len(server.connections) == 1
    assert server.messages[0].recipients == ("r@x",)
    if offers is LOCKSTEP:
        assert server.connections[0].verbs == ["EHLO", "MAIL", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING])
def test_fault_104_nothing_is_said_after_a_421_to_mail(
    scripted: MakeScripted, offers: tuple[str, ...]
) -> None:
    group = (Expect("RCPT"), Expect("DATA")) if offers is PIPELINING else ()
    server = scripted(
        Script(
            "421 to MAIL, and the connection stays open",
            *opening(*offers),
            *(Expect("MAIL"), *group, Send("421 4.3.2 shutting down"), ExpectEnd()),
        )
    )
    done = submit(server.address, "r@x")
    assert done.code == 75, done
    assert "421 4.3.2 shutting down" in done.stderr
    assert len(server.connections) == 2  # nothing was sent of it, so it had one more try


@pytest.mark.parametrize("end", [Close, Reset])
@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING])
def test_fault_105_a_refused_sender_is_the_cause_though_the_server_then_closes(
    scripted: MakeScripted, offers: tuple[str, ...], end: type[Close | Reset]
) -> None:
    group = (Expect("RCPT"), Expect("DATA")) if offers is PIPELINING else ()
    server = scripted(
        Script(
            "550 to MAIL, and the end of the connection",
            *opening(*offers),
            *(Expect("MAIL"), *group, end("550 5.7.1 your address is on a list")),
        )
    )
    done = submit(server.address, "r@x")
    assert done.code == 65, done
    assert "550 5.7.1 your address is on a list" in done.stderr
    assert len(server.connections) == 1


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_106_a_refused_recipient_is_the_cause_though_the_server_then_closes(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(
        Script(
            "refuses the recipient of a pipelined group, and closes",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            end("250 2.1.0 ok\n554 5.7.1 blocked"),
        )
    )
    done = submit(server.address, "r@x")
    assert done.code == 67, done
    assert "554 5.7.1 blocked" in done.stderr
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("offers", "content"),
    [(LOCKSTEP, "DATA"), (("PIPELINING", "CHUNKING"), "BDAT"), (("CHUNKING",), "BDAT")],
)
def test_fault_107_no_content_when_every_recipient_was_refused(
    start: Start, offers: tuple[str, ...], content: str
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": "550 5.1.1 no such user"}))
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 67, done
    assert content not in server.connections[0].verbs
    assert server.messages == []


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, ("PIPELINING", "CHUNKING")])
def test_fault_107_with_continue_the_answer_to_the_content_is_reported(
    start: Start, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": "550 5.1.1 no such user"}))
    done = submit(server.address, "a@x", "b@x", options=["-c", "-v"])
    assert done.code == 65, done
    assert {"DATA", "BDAT"} & set(server.connections[0].verbs)
    assert "554 5.5.1 no valid recipients" in done.stdout
    assert server.messages == []


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, ("PIPELINING", "CHUNKING")])
def test_fault_108_one_refused_recipient_does_not_keep_the_others_from_theirs(
    start: Start, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": {"bad@x": "550 5.1.1 no"}}))
    done = submit(server.address, "a@x", "bad@x", "c@x")
    assert done.code == 67, done
    assert "bad@x" in done.stderr
    assert "550 5.1.1 no" in done.stderr
    assert [message.recipients for message in server.messages] == [("a@x", "c@x")]
    assert server.messages[0].content == MESSAGE


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, ("PIPELINING", "CHUNKING")])
def test_fault_108_with_require_all_nobody_gets_it_and_the_next_message_follows(
    start: Start, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": [None, "550 5.1.1 no"]}))
    one, two = two_messages(tmp_path)
    to = ["-r", "a@x", "-r", "b@x"]
    done = run_smtp("-a", "-s", server.address, "-f", "s@x", *to, one, two)
    assert done.code == 67, done
    assert [message.content[:12] for message in server.messages] == [b"Subject: two"]
    assert server.messages[0].recipients == ("a@x", "b@x")
    verbs = server.connections[0].verbs
    assert "RSET" in verbs[: verbs.index("MAIL", verbs.index("MAIL") + 1)]


def test_fault_109_nothing_is_said_after_a_421_to_a_recipient(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "421 to the second recipient, and the connection stays open",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send("250 ok"), Expect("RCPT TO:<a@x>"), Send("250 ok")),
            *(Expect("RCPT TO:<b@x>"), Send("421 4.7.0 too many"), ExpectEnd()),
        )
    )
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 75, done
    assert "421 4.7.0 too many" in done.stderr
    assert len(server.connections) == 2  # nothing was sent of it, so it had one more try


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_110_a_421_is_the_cause_though_the_server_then_closes(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(
        Script(
            "421 inside a pipelined group, and the end of the connection",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("RCPT"), Expect("DATA")),
            end("250 ok\n250 ok\n421 4.7.0 too many"),
        )
    )
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 75, done
    assert "421 4.7.0 too many" in done.stderr


def recipients(count: int) -> list[str]:
    return [f"r{number}@x" for number in range(count)]


@pytest.mark.parametrize(
    "reply", ["452 4.5.3 too many recipients", "552 too many recipients", "552 5.5.3 too many"]
)
def test_fault_111_112_the_recipients_beyond_the_limit_get_it_next(
    start: Start, reply: str
) -> None:
    """RFC 5321 section 4.5.3.1.10: beyond the limit they are to be tried again, not refused."""
    limit: list[Reply | None] = [*[None] * 100, *[reply] * 5]
    server = start(ModelServer(replies={"RCPT": limit}))
    done = submit(server.address, *recipients(105))
    assert done.code == 0, done
    first, second = (message.recipients for message in server.messages)
    assert (*first, *second) == tuple(recipients(105))
    assert len(first) == 100


def test_fault_111_as_many_transactions_follow_as_it_takes(start: Start) -> None:
    def accept_two_a_transaction(argument: str) -> str | None:
        place = int(re.findall(r"[0-9]+", argument)[0])
        return None if place < 2 * (len(server.messages) + 1) else "452 4.5.3 too many recipients"

    server = start(ModelServer(offers=LOCKSTEP, replies={"RCPT": accept_two_a_transaction}))
    done = submit(server.address, *recipients(5))
    assert done.code == 0, done
    assert [message.recipients for message in server.messages] == [
        *(("r0@x", "r1@x"), ("r2@x", "r3@x"), ("r4@x",)),
    ]
    assert {message.content for message in server.messages} == {MESSAGE}


def test_fault_111_a_452_to_the_first_recipient_ends_in_no_loop(start: Start) -> None:
    server = start(ModelServer(replies={"RCPT": "452 4.5.3 too many recipients"}))
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 75, done
    assert server.connections[0].verbs.count("MAIL") == 1


@pytest.mark.parametrize("reply", ["552 too many recipients", "552 5.5.3 too many"])
def test_fault_112_a_552_to_the_first_recipient_is_what_it_says(start: Start, reply: str) -> None:
    """There cannot be too many where there is none."""
    server = start(ModelServer(replies={"RCPT": reply}))
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 67, done
    assert server.messages == []


def test_fault_112_a_full_mailbox_is_a_refusal(start: Start) -> None:
    server = start(ModelServer(replies={"RCPT": {"b@x": "552 5.2.2 mailbox full"}}))
    done = submit(server.address, "a@x", "b@x")
    assert done.code == 67, done
    assert server.messages[0].recipients == ("a@x",)


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, ("PIPELINING", "CHUNKING")])
@pytest.mark.parametrize("reply", ["251 2.1.5 will forward to <y@z>", "252 2.1.5 cannot verify"])
def test_fault_113_every_2yz_to_a_recipient_accepts_it(
    start: Start, reply: str, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"RCPT": reply}))
    done = submit(server.address, "a@x", options=["-v"])
    assert done.code == 0, done
    assert "to 1 of 1" in done.stdout
    assert server.messages[0].recipients == ("a@x",)


@pytest.mark.parametrize("reply", ["250 ok", "251 2.1.5 will forward", "252 2.1.5 cannot verify"])
def test_fault_113_every_2yz_accepts_beside_a_refusal_too(start: Start, reply: str) -> None:
    server = start(ModelServer(replies={"RCPT": {"a@x": reply, "b@x": "550 5.1.1 no"}}))
    done = submit(server.address, "a@x", "b@x", options=["-v"])
    assert done.code == 67, done
    assert "to 1 of 2" in done.stdout
    assert server.messages[0].recipients == ("a@x",)


def test_fault_114_a_551_is_not_followed(start: Start) -> None:
    server = start(ModelServer(replies={"RCPT": "551 5.1.6 user not local; try <y@z>"}))
    done = submit(server.address, "a@x")
    assert done.code == 67, done
    assert len(server.connections) == 1
    assert b"y@z" not in server.connections[0].received


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("reply", ["354 go ahead", "334 "])
def test_fault_115_a_3yz_to_mail_or_rcpt_is_a_protocol_error(
    scripted: MakeScripted, verb: str, reply: str
) -> None:
    before = () if verb == "MAIL" else (Expect("MAIL"), Send("250 ok"))
    server = scripted(
        Script(
            "asks for more where there is no more",
            *(*opening(*LOCKSTEP), *before, Expect(verb), Send(reply), ExpectEnd()),
        )
    )
    done = submit(server.address, "a@x")
    assert done.code == 76, done
    assert is_one_clear_line(done)


def test_fault_116_two_replies_to_mail_are_a_desync_before_data(scripted: MakeScripted) -> None:
    """A client that reads one reply a command would take the second one for RCPT's."""
    server = scripted(
        Script(
            "answers MAIL twice, in one segment",
            *opening(*LOCKSTEP),
            *(Expect("MAIL"), Send("250 2.1.0 ok\n250 2.1.0 ok"), ExpectEnd()),
        )
    )
    done = submit(server.address, "a@x")
    assert done.code == 76, done
    assert is_one_clear_line(done)


def test_fault_116_one_reply_too_many_in_a_group_is_a_desync(scripted: MakeScripted) -> None:
    """Four replies to three commands: whose is which cannot be known, but nobody accepted it."""
    server = scripted(
        Script(
            "answers MAIL twice, and refuses the recipient",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            *(Send("250 ok\n250 ok\n550 5.1.1 no\n503 no recipients"), ExpectEnd()),
        )
    )
    done = submit(server.address, "a@x")
    assert done.code == 65, done
    assert "550 5.1.1 no" in done.stderr
    assert server.connections[0].contents == []
    assert len(server.connections) == 1


@pytest.mark.parametrize("offers", [LOCKSTEP, ("PIPELINING", "CHUNKING")])
def test_fault_120_ten_thousand_recipients_each_get_their_own_result(
    start: Start, offers: tuple[str, ...]
) -> None:
    def refuse_every_third(argument: str) -> str | None:
        number = int(re.findall(r"\d+", argument)[0])
        return f"550 5.1.1 no {number}" if number % 3 == 0 else None

    server = start(ModelServer(offers=offers, replies={"RCPT": refuse_every_third}))
    everyone = recipients(10_000)
    done = submit(server.address, *everyone, options=["--json", "-"])
    assert done.code == 67
    records = [json.loads(line) for line in done.stdout.splitlines()]
    outcomes = {record["recipient"]: record["outcome"] for record in records if "outcome" in record}
    assert outcomes == {
        address: "refused" if number % 3 == 0 else "accepted"
        for number, address in enumerate(everyone)
    }
    accepted = tuple(address for number, address in enumerate(everyone) if number % 3)
    assert server.messages[0].recipients == accepted


def test_a_session_that_meets_no_fault_is_as_the_scripts_expect(scripted: MakeScripted) -> None:
    """What the scripts of this group take for granted."""
    server = scripted(
        Script(
            "takes one message by DATA",
            *opening(*LOCKSTEP),
            *(Expect("MAIL FROM:<s@x>"), Send("250 ok"), Expect("RCPT TO:<r@x>"), Send("250 ok")),
            *(Expect("DATA"), Send("550 5.7.1 not today"), *farewell()),
        )
    )
    assert submit(server.address, "r@x").code == 65
