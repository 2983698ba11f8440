"""Group I of the faults: names that have several addresses or none, and clocks that jump."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.faults.outcome import failure, succeeded
from tests.faults.talk import LOCKSTEP, MESSAGE, farewell, opening
from tests.faults.transactions import DATA, transaction
from tests.scripted import Close, Drip, ModelServer, ReadData, Reset, Script, Send, Stall

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Completed
    from tests.scripted import Server, Step
    from tests.scripted.fixtures import MakeScripted, Start

NAME = "mail.example"

RESOLVER = """
import _socket

look_up = _socket.getaddrinfo

def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if host != {name!r}.encode():
        return look_up(host, port, family, type, proto, flags)
    {answer}

_socket.getaddrinfo = getaddrinfo
"""
"""Python with another resolver."""


def answering(*hosts: str) -> str:
    """A resolver that gives these addresses, each with the port that was asked for."""
    answer = [
        f"({socket.AF_INET6 if ':' in host else socket.AF_INET:d}, 1, 6, '', ({host!r}, port"
        + (", 0, 0))" if ":" in host else "))")
        for host in hosts
    ]
    return f"return [{', '.join(answer)}]"


def failing(code: str) -> str:
    """A resolver that fails in one of its ways."""
    return f"raise _socket.gaierror(_socket.{code}, 'no')"


def submit(directory: Path, resolver: str, port: int, *options: str) -> Completed:
    """Submit a message to a name of which this is said."""
    source = RESOLVER.format(name=NAME, answer=resolver)
    (directory / "sitecustomize.py").write_text(source, encoding="ascii")
    line = (*options, f"{NAME}:{port}", "s@x", "r@x")
    return run_smtp(*line, stdin=MESSAGE, env={"PYTHONPATH": str(directory)})


def tried(done: Completed) -> list[str]:
    """The addresses that a trace tells of, in order."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("=== Trying ")]
    return [line.partition("[")[2].partition("]")[0] for line in lines]


# -- addresses -------------------------------------------------------------------------------------


def test_fault_173_each_address_is_tried_once_and_the_last_failure_is_told(tmp_path: Path) -> None:
    """The third is the first again; nobody listens at any of them."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        resolver = answering("127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.4")
        done = submit(tmp_path, resolver, port, "-t")
    assert tried(done) == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    said = failure(done, 75)
    assert "127.0.0.4: connection refused" in said
    assert NAME in said


@pytest.mark.parametrize(
    ("code", "status"), [("EAI_NONAME", 68), ("EAI_AGAIN", 75), ("EAI_FAIL", 75)]
)
def test_fault_173_a_name_that_cannot_be_looked_up(tmp_path: Path, code: str, status: int) -> None:
    """That there is no such name is for good; that nobody can say so now is not."""
    assert NAME in failure(submit(tmp_path, failing(code), 25), status)


def test_fault_173_174_an_address_of_a_family_that_is_not_there_is_passed_over(
    start: Start, tmp_path: Path
) -> None:
    """2001:db8::/32 is nowhere (RFC 3849), with IPv6 and without."""
    server = start(ModelServer())
    resolver = answering("2001:db8::25", server.host)
    assert succeeded(submit(tmp_path, resolver, server.port, "--connect-timeout", "1"))
    assert [message.content for message in server.messages] == [MESSAGE]


def test_fault_174_the_next_address_is_tried_where_the_first_does_not_answer(
    start: Start, tmp_path: Path
) -> None:
    server = start(ModelServer())
    done = submit(tmp_path, answering("127.0.0.2", server.host, "127.0.0.3"), server.port, "-t")
    assert succeeded(done)
    assert tried(done) == ["127.0.0.2", server.host]
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (Close(), 79),
        (Close(b"250 2.0.0 que"), 79),
        (Send("554 5.7.1 spam"), 65),
        (Send("451 4.3.0 later"), 75),
        (Reset(), 79),
    ],
    ids=repr,
)
def test_fault_174_once_the_content_is_out_no_other_address_gets_it(
    scripted: MakeScripted, tmp_path: Path, end: Step, code: int
) -> None:
    leaving = () if isinstance(end, Close | Reset) else farewell()
    first = scripted(Script("settles nothing", *DATA, Send("354 go"), ReadData(), end, *leaving))
    with closing(socket.create_server(("127.0.0.2", first.port))) as other:
        other.setblocking(False)
        done = submit(tmp_path, answering(first.host, "127.0.0.2"), first.port)
        failure(done, code)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert len(first.connections) == 1


# -- clocks ----------------------------------------------------------------------------------------

JUMPING = """
import time

day, now = 86_400.0, time.time

def jumping():
    global day
    day = -day * 2
    return now() + day

time.time = jumping
time.time_ns = lambda: int(jumping() * 1e9)
"""
"""Python with a calendar clock that is days off, each time in the other direction."""


def submit_with_jumps(directory: Path, server: Server, *options: str) -> Completed:
    (directory / "sitecustomize.py").write_text(JUMPING, encoding="ascii")
    line = ("--timeout", "2", *options, server.address, "s@x", "r@x")
    return run_smtp(*line, stdin=MESSAGE, env={"PYTHONPATH": str(directory)})


@pytest.mark.parametrize("options", [(), ("-R",), ("-t", "--trace-time")], ids=repr)
def test_fault_175_a_clock_that_jumps_ends_no_wait_early(
    scripted: MakeScripted, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Each reply comes in pieces, so that there are many times to look at the clock."""
    steps = (*opening(*LOCKSTEP), *transaction(Send("250 2.0.0 queued", each=1)))
    server = scripted(Script("speaks slowly", *steps, *farewell()))
    assert succeeded(submit_with_jumps(tmp_path, server, *options))
    assert len(server.connections[0].contents) == 1


@pytest.mark.parametrize("silence", [Stall(), Drip(b"2", every=0.2)], ids=repr)
def test_fault_175_a_clock_that_jumps_makes_no_wait_endless(
    scripted: MakeScripted, tmp_path: Path, silence: Step
) -> None:
    server = scripted(Script("never greets", silence))
    assert "waited 2 seconds" in failure(submit_with_jumps(tmp_path, server), 75)
