"""Group H of the faults: BDAT, with which every octet is counted and none is looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.command import run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.faults.transactions import envelope
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    ModelServer,
    ReadBdat,
    ReadData,
    ReadOctets,
    Reset,
    Script,
    Send,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start

CHUNKING = (*PIPELINING, "SIZE", "CHUNKING")
STRICT_CHUNKING = (*LOCKSTEP, "SIZE", "CHUNKING")
BOTH = pytest.mark.parametrize("offers", [CHUNKING, STRICT_CHUNKING], ids=["group", "strict"])


def chunk_sizes(server: ModelServer) -> list[tuple[int, bool]]:
    """The BDAT commands that a server got: octets, and whether it was the last."""
    words = [line.split() for line in server.connections[0].commands if line.startswith("BDAT ")]
    return [(int(word[1]), word[-1] == "LAST") for word in words]


# -- what is counted -------------------------------------------------------------------------------

HOSTILE = b"Subject: a\n\n.\n..\n.b\r\n\r.\r\r\n\nBDAT 0 LAST\nQUIT\n\0\xff" + b"x" * 1200
"""Everything that changes its length or its meaning on the way by DATA."""


@BOTH
@pytest.mark.parametrize("size", [0, 1, 7, 64, 100_000])
def test_fault_155_chunks_are_exactly_as_long_as_they_say(
    start: Start, offers: tuple[str, ...], size: int
) -> None:
    """RFC 3030 section 2: no transparency, and no octet more or less than announced."""
    server = start(ModelServer(offers=offers))
    options = ["--chunk-size", str(size)] if size else []
    done = submit(server.address, *options, message=HOSTILE)
    assert done.code == 0, done
    expected = reference.normalised(HOSTILE)
    assert [message.content for message in server.messages] == [expected]
    assert f"SIZE={len(expected)}" in server.messages[0].parameters
    *middle, last = chunk_sizes(server)
    assert middle == [(size, False)] * len(middle)
    assert last == (len(expected) - size * len(middle), True)
    assert 0 < last[0] <= (size or len(expected))


@pytest.mark.parametrize("message", [HOSTILE, b"a\r\n.", b".\r\n", b"\r"])
def test_fault_155_raw_not_one_octet_is_added(start: Start, message: bytes) -> None:
    server = start(ModelServer(offers=CHUNKING))
    done = submit(server.address, "-e", message=message)
    assert done.code == 0, done
    assert server.messages[0].content == message
    assert chunk_sizes(server) == [(len(message), True)]


def test_fault_155_what_is_prepended_is_counted(start: Start) -> None:
    server = start(ModelServer(offers=CHUNKING))
    done = submit(server.address, "-R", "--chunk-size", "50")
    assert done.code == 0, done
    (message,) = server.messages
    assert message.content.startswith(b"Received: ")
    assert message.content.endswith(MESSAGE)
    assert f"SIZE={len(message.content)}" in message.parameters
    assert sum(octets for octets, _ in chunk_sizes(server)) == len(message.content)


@BOTH
def test_fault_155_a_large_message_of_many_chunks(
    start: Start, tmp_path: Path, offers: tuple[str, ...]
) -> None:
    large = b"Subject: large\n\n" + b".a line of some length\n" * 200_000
    (tmp_path / "large").write_bytes(large)
    server = start(ModelServer(offers=offers))
    recipient = ["-s", server.address, "-f", "s@x", "-r", "r@x"]
    done = run_smtp(*recipient, "--chunk-size", "100000", tmp_path / "large")
    assert done.code == 0, done
    assert server.messages[0].content == reference.normalised(large)


# -- refused chunks --------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("refusal", "code", "outcome"),
    [
        ("554 5.7.1 spam", 65, "refused"),
        ("552 5.3.4 too large", 65, "refused"),
        ("452 4.3.1 disk full", 75, "deferred"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 4])
def test_fault_156_the_first_refused_chunk_is_the_cause_and_rset_clears_it(
    start: Start,
    tmp_path: Path,
    offers: tuple[str, ...],
    place: int,
    refusal: str,
    code: int,
    outcome: str,
) -> None:
    """RFC 3030 section 2: the state is indeterminate then, and the chunks behind it get a 503."""
    server = start(ModelServer(offers=offers, replies={"BDAT": [*[None] * place, refusal]}))
    done = submit_batch(server.address, tmp_path, "--chunk-size", "6")
    failure(done, code)
    assert refusal in done.stderr
    assert "RSET first" not in done.stderr + done.stdout
    assert said_of_messages(done) == [outcome, "sent"]
    assert [message.content for message in server.messages] == [content(2)]
    (connection,) = server.connections
    second = connection.verbs.index("MAIL", connection.verbs.index("MAIL") + 1)
    assert connection.verbs[second - 1] == "RSET"
    if offers is STRICT_CHUNKING:
        assert connection.verbs[:second].count("BDAT") == place + 1


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_156_a_refused_chunk_is_the_cause_though_the_server_then_closes(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(
        Script(
            "refuses the first chunk of several, and closes",
            *(*envelope(*STRICT_CHUNKING), ReadBdat(), end("554 5.7.1 spam")),
        )
    )
    done = submit(server.address, "--chunk-size", "10")
    assert "554 5.7.1 spam" in failure(done, 65)
    assert len(server.connections) == 1


def test_fault_156_a_chunk_that_is_taken_after_one_was_refused_makes_no_success(
    scripted: MakeScripted,
) -> None:
    """A server that forgot its own refusal has a message with a hole in it."""
    server = scripted(
        Script(
            "refuses the first chunk and takes the last one",
            *(*envelope(*CHUNKING), ReadBdat(), ReadBdat(), ReadBdat()),
            *(Expect("QUIT"), Close("554 5.7.1 spam\n250 ok\n250 2.0.0 queued\n221 bye")),
        )
    )
    done = submit(server.address, "--chunk-size", "10")
    assert done.code == 65, done
    assert "554 5.7.1 spam" in done.stderr
    assert said_of_messages(done) == ["refused"]


# -- CHUNKING that is only announced ---------------------------------------------------------------

COMMANDS_AS_CONTENT = (
    b"Subject: a\r\n\r\n"
    b"RSET\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<victim@x>\r\nDATA\r\nevil\r\n.\r\n" + b"QUIT\r\n" * 50
)


def unknown_bdat(offers: tuple[str, ...], line: str, refusal: str) -> tuple[Script, Script]:
    """A session that ends with a refused BDAT, and one that takes the message by DATA."""
    strict = offers is STRICT_CHUNKING
    turn = (Send("250 ok"),) if strict else ()
    return (
        Script(
            "offers CHUNKING and does not know BDAT",
            *(*envelope(*offers), ReadOctets(len(line)), Close(refusal, crossing=True)),
        ),
        Script(
            "offers CHUNKING again",
            *(*opening(*offers), Expect("MAIL"), *turn, Expect("RCPT"), *turn),
            *(Expect("DATA"), Send("354 go" if strict else "250 ok\n250 ok\n354 go")),
            *(ReadData(), Send("250 2.0.0 queued"), *farewell()),
        ),
    )


REFUSALS = pytest.mark.parametrize("refusal", ["500 5.5.2 what?", "502 5.5.1 not implemented"])


@REFUSALS
@pytest.mark.parametrize(
    ("offers", "options"),
    [(CHUNKING, ()), (STRICT_CHUNKING, ()), (STRICT_CHUNKING, ("--chunk-size", "10"))],
    ids=["group", "strict", "strict-chunks"],
)
def test_fault_157_where_bdat_is_unknown_the_message_goes_by_data_on_a_new_connection(
    scripted: MakeScripted, offers: tuple[str, ...], options: tuple[str, ...], refusal: str
) -> None:
    """Whoever does not know BDAT reads the content as commands: not a word more may be said."""
    line = "BDAT 10\r\n" if options else f"BDAT {len(COMMANDS_AS_CONTENT)} LAST\r\n"
    server = scripted(*unknown_bdat(offers, line, refusal))
    done = submit(server.address, *options, message=COMMANDS_AS_CONTENT)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"]
    assert len(server.connections) == 2
    assert server.connections[1].contents == [COMMANDS_AS_CONTENT]


@REFUSALS
def test_fault_157_with_more_chunks_of_it_out_it_goes_by_data_as_well(
    scripted: MakeScripted, refusal: str
) -> None:
    server = scripted(*unknown_bdat(CHUNKING, "BDAT 10\r\n", refusal))
    done = submit(server.address, "--chunk-size", "10", message=COMMANDS_AS_CONTENT)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"]
    assert server.connections[1].contents == [COMMANDS_AS_CONTENT]


def test_fault_157_no_word_follows_the_refused_bdat(scripted: MakeScripted) -> None:
    server = scripted(
        Script(
            "does not know BDAT, and answers each line of the content",
            *(*envelope(*STRICT_CHUNKING), ReadBdat()),
            *(Send("502 5.5.1 no BDAT" + "\n500 5.5.2 what?" * MESSAGE.count(b"\n")), ExpectEnd()),
        ),
        Script(
            "takes it by DATA",
            *(*envelope(*LOCKSTEP), Expect("DATA"), Send("354 go"), ReadData()),
            *(Send("250 2.0.0 queued"), *farewell()),
        ),
    )
    done = submit(server.address)
    assert succeeded(done), done
    assert server.connections[1].contents == [MESSAGE]


def test_fault_157_every_message_goes_once_and_in_order(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=CHUNKING, replies={"BDAT": "502 5.5.1 not implemented"}))
    done = submit_batch(server.address, tmp_path, count=5)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"] * 5
    assert [message.content for message in server.messages] == [content(n) for n in range(1, 6)]
    assert {message.by for message in server.messages} == {"DATA"}
    assert len(server.connections) == 2


def test_fault_157_without_waiting_no_message_goes_twice(start: Start, tmp_path: Path) -> None:
    """The contents of all were out when the first was refused; each has an answer of its own."""
    server = start(ModelServer(offers=CHUNKING, replies={"BDAT": "502 5.5.1 not implemented"}))
    done = submit_batch(server.address, tmp_path, "--no-wait", count=5)
    assert succeeded(done), done
    delivered = sorted(message.content for message in server.messages)
    outcomes = [line.split(" ")[:2] for line in done.stdout.splitlines()]
    sent = [name for word, name in outcomes if word == "sent:"]
    assert delivered == sorted(content(int(re.findall(r"([0-9]+)\.eml", n)[0])) for n in sent)
    assert content(1) in delivered
    assert {message.by for message in server.messages} == {"DATA"}


def test_fault_157_a_server_that_knows_neither_bdat_nor_data_ends_in_no_loop(start: Start) -> None:
    refusal = "502 5.5.1 not implemented"
    server = start(ModelServer(offers=CHUNKING, replies={"BDAT": refusal, "DATA": refusal}))
    done = submit(server.address)
    assert refusal in failure(done, 65)
    assert len(server.connections) == 2


@BOTH
def test_fault_157_a_502_after_a_chunk_was_taken_is_an_ordinary_refusal(
    start: Start, offers: tuple[str, ...]
) -> None:
    server = start(ModelServer(offers=offers, replies={"BDAT": [None, "502 5.5.1 enough"]}))
    done = submit(server.address, "--chunk-size", "10")
    assert done.code == 65, done
    assert "502 5.5.1 enough" in done.stderr
    assert len(server.connections) == 1


# -- the last chunk --------------------------------------------------------------------------------


def test_fault_158_an_empty_message_is_refused_by_bdat_too(start: Start) -> None:
    server = start(ModelServer(offers=CHUNKING))
    for options in ((), ("-e",)):
        done = submit(server.address, *options, message=b"")
        failure(done, 65)
    assert b"BDAT" not in b"".join(connection.received for connection in server.connections)


def test_fault_158_an_empty_last_chunk_ends_a_message(start: Start) -> None:
    """With -a the end is held back until every recipient is known to be accepted."""
    server = start(ModelServer(offers=CHUNKING, patience=0.05))
    done = submit(server.address, "-a", "--no-wait")
    assert done.code == 0, done
    assert server.messages[0].content == MESSAGE
    assert chunk_sizes(server) == [(len(MESSAGE), False), (0, True)]


@pytest.mark.parametrize("end", [Close(), Reset(), Close("421 4.3.2 going down")], ids=repr)
def test_fault_159_chunks_that_were_taken_are_no_message_before_the_last_one(
    scripted: MakeScripted, end: Step
) -> None:
    """Octets of it went out, so it is not sent again unasked; it cannot have been delivered."""
    server = scripted(
        Script(
            "takes the first chunk and closes",
            *(*envelope(*STRICT_CHUNKING), ReadBdat(), Send("250 2.0.0 ok"), ReadBdat(), end),
        )
    )
    done = submit(server.address, "--chunk-size", "10")
    failure(done, 75)
    assert said_of_messages(done) == ["deferred"]
    assert len(server.connections) == 1


@pytest.mark.parametrize("end", [Close, Reset])
def test_fault_159_a_last_chunk_that_was_out_leaves_it_in_doubt(
    scripted: MakeScripted, end: type[Close | Reset]
) -> None:
    server = scripted(
        Script(
            "takes the first chunk, and closes when it has them all",
            *(*envelope(*CHUNKING), ReadBdat(), ReadBdat(), ReadBdat(), Expect("QUIT")),
            end("250 2.0.0 ok"),
        )
    )
    done = submit(server.address, "--chunk-size", "10")
    failure(done, 79)
    assert said_of_messages(done) == ["unknown"]
    assert len(server.connections) == 1


# -- BINARYMIME ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("-e",)])
@pytest.mark.parametrize("chunking", ["CHUNKING", "X-NO-CHUNKING"])
def test_fault_160_binarymime_is_never_declared_unasked(
    start: Start, options: tuple[str, ...], chunking: str
) -> None:
    """It binds whoever relays the message on; 8BITMIME says what there is to say."""
    server = start(ModelServer(offers=("PIPELINING", "8BITMIME", "BINARYMIME", chunking)))
    done = submit(server.address, *options, message=HOSTILE)
    assert done.code == 0, done
    assert b"BINARYMIME" not in server.connections[0].received
    assert "BODY=8BITMIME" in server.messages[0].parameters
