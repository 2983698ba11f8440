"""Group I of the faults: connections that end too early, or are never had."""

from __future__ import annotations

import re
import socket
from threading import Event
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import LOCKSTEP, MESSAGE, PIPELINING, farewell, opening
from tests.faults.transactions import CHUNKING, DATA, MAIL, RCPT, delivery, envelope, transaction
from tests.faults.verbose import content, said_of_messages, submit, submit_batch
from tests.scripted import (
    Close,
    Expect,
    ExpectEnd,
    Hold,
    ModelServer,
    ReadData,
    ReadOctets,
    Reset,
    Script,
    Send,
    Stall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted, Start

ENDS = pytest.mark.parametrize("end", [Close, Reset])


def contents(server: ModelServer) -> list[bytes]:
    """In the order of the connections: a session books a message after it has answered it."""
    return [content for connection in server.connections for content in connection.contents]


# -- the server is gone before anything was sent of the message ------------------------------------


def test_fault_161_nothing_is_written_to_a_server_that_greets_and_leaves(
    scripted: MakeScripted,
) -> None:
    server = scripted(Script("220 and FIN in one segment", Close("220 mail.example ESMTP")))
    done = submit(server.address)
    failure(done, 75)
    assert len(server.connections) == 1
    assert server.connections[0].received == b""


EHLO = (Send("220 mail.example"), Expect("EHLO"))
PHASES = [(EHLO, "250 mail.example"), (MAIL, "250 ok"), (RCPT, "250 ok"), (DATA, "354 go")]
PHASE_NAMES = ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize(("phase", "reply"), PHASES, ids=PHASE_NAMES)
def test_fault_161_170_nothing_is_written_after_a_reply_and_fin_and_the_message_goes_anew(
    scripted: MakeScripted, phase: tuple[Step, ...], reply: str
) -> None:
    """Not one octet of content was sent, so sending it again risks no duplicate."""
    server = scripted(Script("a reply and FIN in one segment", *phase, Close(reply)), delivery())
    done = submit(server.address)
    assert done.code == 0, done
    assert said_of_messages(done) == ["sent"]
    first, second = server.connections
    assert first.contents == []
    assert second.contents == [MESSAGE]


@pytest.mark.parametrize(
    ("phase", "last"),
    [
        *((phase, Close(reply)) for phase, reply in PHASES),
        # A reset behind a 354 would meet the content on its way.
        *((phase, Reset(reply)) for phase, reply in PHASES[:-1]),
    ],
    ids=[*PHASE_NAMES, *(f"{name}-reset" for name in PHASE_NAMES[:-1])],
)
def test_fault_161_170_a_server_that_always_leaves_gets_one_more_connection_and_no_third(
    scripted: MakeScripted, phase: tuple[Step, ...], last: Step
) -> None:
    server = scripted(Script("a reply and the end, each time", *phase, last))
    done = submit(server.address)
    failure(done, 75)
    assert said_of_messages(done) == ["deferred"]
    assert len(server.connections) == 2
    assert all(b"hello" not in connection.received for connection in server.connections)


def test_fault_170_after_a_354_and_fin_the_content_stays_here(scripted: MakeScripted) -> None:
    message = MESSAGE + b"much more of it\r\n" * 100_000
    server = scripted(
        Script(
            "answers the group with 354, and leaves",
            *(*opening(*PIPELINING), Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            Close("250 ok\n250 ok\n354 go"),
        )
    )
    done = submit(server.address, message=message)
    assert done.code == 75, done
    assert all(c.received.endswith(b"DATA\r\n") for c in server.connections)


# -- the server is gone between two messages -------------------------------------------------------


@pytest.mark.parametrize("behind", ["", "\n421 4.4.2 idle"], ids=["FIN", "421 and FIN"])
def test_fault_162_163_after_250_and_fin_the_next_message_goes_on_a_new_connection(
    scripted: MakeScripted, tmp_path: Path, behind: str
) -> None:
    server = scripted(
        Script(
            "takes one message, and leaves in the segment of its answer",
            *(*opening(*LOCKSTEP), *transaction(Close(f"250 2.0.0 queued{behind}"))),
        ),
        delivery(),
    )
    done = submit_batch(server.address, tmp_path)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent", "sent"]
    assert [c.contents for c in server.connections] == [[content(1)], [content(2)]]


@pytest.mark.parametrize("offers", [LOCKSTEP, PIPELINING, CHUNKING], ids=" ".join)
@pytest.mark.parametrize("leave", [Close(), Close("421 4.4.2 enough"), Reset()], ids=repr)
def test_fault_162_163_a_server_that_leaves_after_each_message_gets_all_of_them_once(
    start: Start, tmp_path: Path, offers: tuple[str, ...], leave: Close | Reset
) -> None:
    crossing = Close(leave.text, crossing=True) if isinstance(leave, Close) else leave
    server = start(ModelServer(offers=offers, replies={"END": ("250 2.0.0 queued", crossing)}))
    done = submit_batch(server.address, tmp_path, count=4)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent"] * 4
    assert contents(server) == [content(number) for number in (1, 2, 3, 4)]
    assert len(server.connections) == 4


def test_fault_163_a_421_that_waits_is_obeyed_though_the_connection_is_open(
    scripted: MakeScripted, tmp_path: Path
) -> None:
    server = scripted(
        Script(
            "takes one message, says 421 with its answer, and leaves the connection open",
            *opening(*LOCKSTEP),
            *(*transaction(Send("250 2.0.0 queued\n421 4.4.2 enough")), ExpectEnd()),
        ),
        delivery(),
    )
    done = submit_batch(server.address, tmp_path)
    assert succeeded(done), done
    assert [c.contents for c in server.connections] == [[content(1)], [content(2)]]


@pytest.mark.parametrize("ends", [Close("421 4.3.2 busy"), Reset("421 4.3.2 busy")], ids=repr)
def test_fault_164_a_421_to_the_second_mail_sends_that_message_elsewhere_once(
    scripted: MakeScripted, tmp_path: Path, ends: Step
) -> None:
    server = scripted(
        Script(
            "takes one message and is busy then",
            *(*opening(*LOCKSTEP), *transaction(Send("250 2.0.0 queued")), Expect("MAIL"), ends),
        ),
        delivery(),
    )
    done = submit_batch(server.address, tmp_path)
    assert succeeded(done), done
    assert said_of_messages(done) == ["sent", "sent"]
    assert [c.contents for c in server.connections] == [[content(1)], [content(2)]]


def test_fault_164_a_421_to_each_second_mail_is_followed_once(start: Start, tmp_path: Path) -> None:
    busy = ("421 4.3.2 busy", Close(crossing=True))
    server = start(ModelServer(replies={"MAIL": [None, busy, busy]}))
    done = submit_batch(server.address, tmp_path, count=3)
    assert done.code == 75, done
    assert "421 4.3.2 busy" in done.stderr
    assert said_of_messages(done) == ["sent", "deferred", "sent"]
    assert contents(server) == [content(1), content(3)]


# -- the server is gone, or stuck, in the middle ---------------------------------------------------

LARGE = b"Subject: large\r\n\r\n" + (b"x" * 62 + b"\r\n") * 1024 * 256
"""16 MB, more than the buffers on the way will hold."""


@pytest.mark.parametrize("by", ["DATA", "BDAT"])
def test_fault_171_a_server_that_does_not_read_the_content_is_left(
    scripted: MakeScripted, by: str
) -> None:
    over = Event()
    wants: tuple[Step, ...] = (*DATA, Send("354 go"))
    if by == "BDAT":
        wants = (*envelope(*LOCKSTEP, "CHUNKING"), ReadOctets(4))
    # With its window shut it cannot even see the client's end, until it reads again.
    server = scripted(Script("wants the content and does not read it", *wants, Hold(over), Stall()))
    done = submit(server.address, "--timeout", "1", message=LARGE)
    over.set()
    failure(done, 75)
    assert said_of_messages(done) == ["deferred"]
    assert len(server.connections) == 1
    assert len(server.connections[0].received) < len(LARGE)


@ENDS
def test_fault_171_a_connection_lost_in_mid_content_settles_that_message_alone(
    scripted: MakeScripted, tmp_path: Path, end: type[Close | Reset]
) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    (tmp_path / "small").write_bytes(MESSAGE)
    lost = Close(crossing=True) if end is Close else Reset()
    server = scripted(
        Script("leaves in mid-content", *DATA, Send("354 go"), ReadOctets(100_000), lost),
        delivery(),
    )
    names = (tmp_path / "large", tmp_path / "small")
    done = run_smtp("-v", "-s", server.address, "-f", "s@x", "-r", "r@x", *names)
    failure(done, 75)
    assert said_of_messages(done) == ["deferred", "sent"]
    assert server.connections[1].contents == [MESSAGE]
    assert not server.connections[0].received.endswith(b"\r\n.\r\n")


def test_fault_172_a_reset_at_rcpt_is_temporary(scripted: MakeScripted) -> None:
    server = scripted(Script("resets the connection at RCPT", *RCPT, Reset()))
    done = submit(server.address)
    failure(done, 75)
    assert said_of_messages(done) == ["deferred"]
    assert len(server.connections) == 2


# -- no connection ---------------------------------------------------------------------------------


@pytest.fixture
def dead() -> Iterator[str]:
    """An address that is taken, and that refuses every connection."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def full() -> Iterator[str]:
    """An address that neither accepts a connection nor refuses it: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address):
            yield f"127.0.0.1:{address[1]}"


def test_fault_173_a_server_that_refuses_connections(dead: str) -> None:
    done = submit(dead)
    failure(done, 75)
    assert dead in done.stderr
    assert "refused" in done.stderr.lower()


@pytest.mark.parametrize("option", ["--connect-timeout", "--timeout"])
def test_fault_173_a_server_that_does_not_accept(full: str, option: str) -> None:
    done = submit(full, option, "1")
    assert full in failure(done, 75)


def test_fault_174_the_next_server_is_tried_where_the_first_cannot_be_reached(
    start: Start, tmp_path: Path, dead: str
) -> None:
    server = start(ModelServer())
    done = submit_batch(dead, tmp_path, "-s", server.address)
    assert done.code == 0, done
    assert re.fullmatch(rf"smtp: {re.escape(dead)}: .*; trying the next server\n", done.stderr)
    assert contents(server) == [content(1), content(2)]


def test_fault_174_what_the_first_server_said_is_shortened_and_escaped_like_any_reply(
    scripted: MakeScripted, start: Start, tmp_path: Path
) -> None:
    away = scripted(Script("sends everybody away", Close("554-C:\\temp\n554 " + "x" * 25_000)))
    done = submit_batch(away.address, tmp_path, "-s", start(ModelServer()).address)
    assert done.code == 0, done
    assert r": 554 C:\\temp / xxx" in done.stderr
    assert done.stderr.endswith("; trying the next server\n")
    assert len(done.stderr) < 1_000


@pytest.mark.parametrize(
    "greeting",
    [
        (Close("421 4.3.2 busy"),),
        (Send("554 5.3.2 no service"), *farewell()),
        (Close("220 mail.example"),),
        (Reset(),),
    ],
    ids=["421", "554", "220 and FIN", "reset"],
)
def test_fault_174_the_next_server_is_tried_where_the_first_does_not_serve(
    scripted: MakeScripted, start: Start, tmp_path: Path, greeting: tuple[Step, ...]
) -> None:
    first = scripted(Script("does not serve", *greeting))
    second = start(ModelServer())
    done = submit_batch(first.address, tmp_path, "-s", second.address)
    assert done.code == 0, done
    assert contents(second) == [content(1), content(2)]
    assert len(first.connections) == 1


@pytest.mark.parametrize("after", [(), (Send(b"250 2.0"),)], ids=["nothing", "half a reply"])
def test_fault_174_a_message_that_may_be_delivered_does_not_go_to_the_next_server(
    scripted: MakeScripted, start: Start, after: tuple[Step, ...]
) -> None:
    first = scripted(
        Script("takes it and leaves", *DATA, Send("354 go"), ReadData(), *after, Close())
    )
    second = start(ModelServer())
    done = run_smtp(
        *("-s", first.address, "-s", second.address, "-f", "s@x", "-r", "r@x"), stdin=MESSAGE
    )
    assert done.code == 79, done
    assert second.connections == []
