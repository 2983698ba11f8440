"""Group G of the faults: replies to a group are known by their order, and by nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import failure
from tests.faults.talk import MESSAGE, PIPELINING, farewell, opening
from tests.faults.transactions import group
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
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
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import MakeScripted, Start

ONLY_A_DOT = Expect(re.compile(r"\."))


# -- refusals inside a group -----------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["554 5.5.1 no valid recipients", "250 2.0.0 queued"])
@pytest.mark.parametrize(
    ("refusals", "code"),
    [("550 5.1.1 no a\n550 5.1.1 no b", 67), ("450 4.2.1 no a\n450 4.2.1 no b", 75)],
)
def test_fault_147_a_lone_dot_when_every_recipient_was_refused(
    scripted: MakeScripted, answer: str, refusals: str, code: int
) -> None:
    """RFC 2920 section 3.1; a server that takes nothing for nobody has delivered nothing."""
    server = scripted(
        Script(
            "asks for the content though there is nobody to get it",
            *opening(*PIPELINING),
            *(*group(2), Send(f"250 ok\n{refusals}\n354 go"), ONLY_A_DOT, Send(answer)),
            *farewell(),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    assert done.code == code, done
    assert "no a" in done.stderr
    assert "no b" in done.stderr
    assert answer not in done.stderr
    assert said_of_messages(done) != ["sent"]


def test_fault_147_after_a_lone_dot_the_next_message_goes(start: Start, tmp_path: Path) -> None:
    server = start(
        ModelServer(
            offers=PIPELINING,
            replies={"RCPT": ["550 5.1.1 no", "550 5.1.1 no"], "DATA": ["354 go"]},
        )
    )
    done = submit_batch(server.address, tmp_path, to=("a@x", "b@x"))
    assert done.code == 67, done
    assert said_of_messages(done) == ["refused", "sent"]
    assert [message.content for message in server.messages] == [content(2)]
    (connection,) = server.connections
    assert connection.contents == [b"", content(2)]
    assert connection.verbs.count("RSET") == 1


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_147_a_connection_that_ends_before_the_lone_dot_changes_nothing(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(
        Script(
            "asks for the content of nobody's message, and closes",
            *(*opening(*PIPELINING), *group(), end("250 ok\n550 5.1.1 no\n354 go")),
        )
    )
    done = submit(server.address)
    assert done.code == 67, done
    assert "550 5.1.1 no" in done.stderr
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("refusal", "code"),
    [("550 5.7.1 not you", 65), ("451 4.7.1 not now", 75), ("530 5.7.0 login first", 77)],
)
@pytest.mark.parametrize(
    "rest", ["503 need MAIL\n503 need MAIL\n503 need RCPT", "250 ok\n250 ok\n554 no transaction"]
)
def test_fault_148_the_refused_sender_is_the_cause_of_all_the_refusals_behind_it(
    scripted: MakeScripted, refusal: str, code: int, rest: str
) -> None:
    server = scripted(
        Script(
            "refuses the sender, and everything that came behind it",
            *(*opening(*PIPELINING), *group(2), Send(f"{refusal}\n{rest}"), *farewell()),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    assert refusal in failure(done, code)
    assert not re.search("503 need|554 no", done.stderr + done.stdout)


def test_fault_148_no_content_is_sent_under_a_sender_that_was_refused(
    scripted: MakeScripted,
) -> None:
    """A 354 then is for an envelope that is not ours: a lone dot would end a message under it."""
    server = scripted(
        Script(
            "refuses the sender and asks for the content",
            *opening(*PIPELINING),
            *(*group(), Send("550 5.7.1 not you\n250 ok\n354 go"), ExpectEnd()),
        )
    )
    done = submit(server.address)
    assert "550 5.7.1 not you" in failure(done, 65)
    assert said_of_messages(done) == ["refused"]


# -- too few replies, and too many -----------------------------------------------------------------


@pytest.mark.parametrize(
    "replies", ["250-ok", "250 ok\n250-ok", "250 ok\n250 ok\n250", "250 ok\n250 ok\n550 5.1.1 no"]
)
def test_fault_150_after_a_reply_that_never_comes_nobody_is_taken_for_accepted(
    scripted: MakeScripted, replies: str
) -> None:
    server = scripted(
        Script(
            "leaves out the last replies to a group",
            *(*opening(*PIPELINING), *group(3), Send(replies), Stall()),
        )
    )
    done = submit(server.address, "--timeout", "1", to=("a@x", "b@x", "c@x"))
    assert done.code == 75, done
    assert said_of_messages(done) == ["deferred"]
    assert " to 0 of 3," in done.stdout
    assert server.connections[0].received.endswith(b"DATA\r\n")
    assert len(server.connections) == 1


def test_fault_150_a_reply_left_out_in_the_middle_is_a_desync(scripted: MakeScripted) -> None:
    """The 354 stands where the second recipient's answer is due."""
    server = scripted(
        Script(
            "answers one recipient of two",
            *(*opening(*PIPELINING), *group(2), Send("250 ok\n250 ok\n354 go"), ExpectEnd()),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    failure(done, 76)
    assert said_of_messages(done) != ["sent"]


def test_fault_150_a_group_that_is_never_answered_leaves_the_message_before_it_sent(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    server = scripted(
        Script(
            "answers the first message, and then no more",
            *(*opening(*PIPELINING), *group(), Send("250 ok\n250 ok\n354 go"), ReadData()),
            *(Expect("RSET"), *group(), Send("250 2.0.0 queued"), Stall()),
        )
    )
    done = submit_batch(server.address, tmp_path, "--timeout", "1")
    assert done.code == 75, done
    assert said_of_messages(done) == ["sent", "deferred"]
    assert server.connections[0].contents == [content(1)]


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ("250 ok\n250 ok\n250 ok\n250 ok\n354 go", 76),
        ("250 ok\n250 ok\n550 5.1.1 no b\n354 go\n250 queued", 76),
        ("250 ok\n250 ok\n550 5.1.1 no b\n354 go\n354 go", 76),
        # A 550 stands where the answer to DATA is due: that message has failed, either way.
        ("250 ok\n250 ok\n250 ok\n550 5.1.1 no b\n354 go", 65),
        ("250 ok\n250 ok\n250 ok\n550 5.1.1 no b\n503 no recipients", 65),
        ("250 ok\n250 ok\n550 5.1.1 no b\n550 5.1.1 no b\n354 go", 65),
    ],
)
def test_fault_151_one_reply_too_many_is_a_desync(
    scripted: MakeScripted, replies: str, code: int
) -> None:
    """Five replies to four commands: none of them can be told from the others."""
    server = scripted(
        Script(
            "answers a group once too often",
            *(*opening(*PIPELINING), *group(2), Send(replies), ExpectEnd()),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    assert done.code == code, done
    assert " to 0 of 2," in done.stdout
    assert said_of_messages(done) != ["sent"]
    assert len(server.connections) == 1


def test_fault_151_a_354_that_comes_late_is_not_followed_by_content(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "answers a group once too often, in two segments",
            *(*opening(*PIPELINING), *group(2)),
            *(Send("250 ok\n250 ok\n250 ok\n550 5.1.1 no b"), Send("354 go"), Stall()),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    assert done.code == 65, done
    assert b"hello" not in server.connections[0].received


@pytest.mark.parametrize(
    ("replies", "code", "outcome"),
    [
        ("250 ok\n250 ok\n250 ok\n354 go", 76, "deferred"),
        # One of these refusals is for it, whichever that was.
        ("250 ok\n250 ok\n550 5.1.1 no\n503 no recipients", 65, "refused"),
        ("250 ok\n550 5.7.1 no\n503 no MAIL\n503 no MAIL", 67, "refused"),
    ],
)
def test_fault_151_one_reply_too_many_to_a_message_is_a_desync_in_the_next_group(
    scripted: MakeScripted, tmp_path: Path, replies: str, code: int, outcome: str
) -> None:
    server = scripted(
        Script(
            "answers the end of data twice, with the next group behind it",
            *(*opening(*PIPELINING), *group(), Send("250 ok\n250 ok\n354 go"), ReadData()),
            *(Expect("RSET"), *group(), Send(f"250 queued\n250 queued\n{replies}"), ExpectEnd()),
        )
    )
    done = submit_batch(server.address, tmp_path)
    assert done.code == code, done
    assert said_of_messages(done) == ["sent", outcome]
    assert [connection.contents for connection in server.connections] == [[content(1)]]


@pytest.mark.parametrize("each", [1, 2, 3, 5, 7, 11, 13])
def test_fault_152_replies_cut_at_odd_places_are_the_same_replies(
    scripted: MakeScripted, each: int
) -> None:
    hello = "250-mail.example\n250-PIPELINING\n250 8BITMIME"
    replies = "250 2.1.0 ok\n250-2.1.5 ok\n250 2.1.5 ok\n550 5.1.1 no b\n354 go"
    server = scripted(
        Script(
            "sends every reply in pieces, each of which is read alone",
            *(Send("220 mail.example", each=each), Expect("EHLO"), Send(hello, each=each)),
            *(*group(2), Send(replies, each=each), ReadData(), Expect("QUIT")),
            *(Send("250 2.0.0 queued\n221 2.0.0 bye", each=each), Close()),
        )
    )
    done = submit(server.address, to=("a@x", "b@x"))
    assert done.code == 67, done
    assert said_of_messages(done) == ["sent"]
    assert "<b@x> refused: RCPT: 550 5.1.1 no b" in done.stderr
    assert server.connections[0].contents == [MESSAGE]
