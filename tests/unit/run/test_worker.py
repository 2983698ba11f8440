"""What one process of several is given, and what it leaves."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings, Server
from smtpwire.core.address import parse_address
from smtpwire.errors import ConnectError
from smtpwire.run.frames import Frames, frame
from smtpwire.run.messages import MessageSettings, Portion
from smtpwire.run.settings import RunSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.worker import OPENED, End, Left, Portions, work
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scripted.fixtures import Start


@pytest.fixture
def marks() -> memoryview:
    return memoryview(bytearray(4 * 8)).cast("I")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_portions_are_dealt_out_in_order_until_the_end(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks)
    assert not portions.ready()
    assert portions.fd == theirs.fileno()
    given = [Portion(0, "a", 1, 0), Portion(5, "b", 2, 1)]
    ours.sendall(b"".join(map(frame, given)))
    assert portions.ready()
    assert next(portions) == given[0]
    ours.sendall(frame(End(forget=False)))
    assert list(portions) == given[1:]
    assert portions.ready()
    assert portions.fd is None


def test_what_is_to_be_forgotten_is(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks, eager=True)
    ours.sendall(frame(Portion(0, "a", 1, 0)) + frame(Portion(1, "b", 1, 1)))
    assert next(portions).name == "a"
    ours.sendall(frame(End(forget=True)))
    assert list(portions) == []


def test_what_is_to_be_forgotten_may_be_said_behind_the_end(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks, eager=True)
    ours.sendall(frame(Portion(0, "a", 1, 0)) + frame(Portion(1, "b", 1, 1)))
    ours.sendall(frame(End(forget=False)))
    assert next(portions).name == "a"
    ours.sendall(frame(End(forget=True)))
    assert list(portions) == []


def test_what_is_still_to_be_told_is_told_before_a_wait(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks)
    told: list[str] = []
    portions.pausing = lambda: told.append("told")
    ours.sendall(frame(Portion(0, "a", 1, 0)))
    assert (portions.ready(), told) == (True, [])
    next(portions)
    assert (portions.ready(), told) == (False, ["told"])


def test_nothing_is_sent_for_whoever_is_gone(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks, eager=True)
    ours.sendall(frame(Portion(0, "a", 1, 0)))
    ours.close()
    assert list(portions) == []


def test_what_is_begun_is_written_down(
    ends: tuple[socket.socket, socket.socket], marks: memoryview
) -> None:
    ours, theirs = ends
    portions = Portions(theirs.fileno(), marks)
    ours.sendall(frame(Portion(10, "a", 3, 5)))
    next(portions)
    assert marks[5] == OPENED
    portions.begun(11)
    assert marks.tolist() == [0, 0, 0, 0, 0, OPENED + 2, 0, 0]
    portions.begun(10)
    assert marks[5] == OPENED + 2, "it is never less"
    portions.settled(10)
    portions.begun(12)
    assert marks[5] == OPENED + 3


def settings(port: int) -> RunSettings:
    client = ClientSettings(servers=(Server("127.0.0.1", port),), helo="me.example")
    recipients = (parse_address("b@y"),)
    return RunSettings(client, MessageSettings((), recipients=recipients), processes=2)


def test_it_submits_and_says_that_it_is_done(
    start: Start, ends: tuple[socket.socket, socket.socket], marks: memoryview, tmp_path: Path
) -> None:
    server = start(ModelServer())
    ours, theirs = ends
    message = tmp_path / "m"
    message.write_bytes(b"Subject: x\n\nhello\n")
    ours.sendall(frame(Portion(3, str(message), 2, 1)) + frame(End(forget=False)))
    work(theirs.fileno(), settings(server.port), marks, StopRequest())
    told = [value for values in Frames().feed(ours.recv(1 << 20)) for value in values]
    assert [value.arguments[0].number for value in told if _is_message(value)] == [3, 4]
    assert told[-1] == Left(())
    assert marks[1] == OPENED + 2
    assert len(server.messages) == 2


def test_without_a_session_it_gives_back_what_it_has(
    ends: tuple[socket.socket, socket.socket], marks: memoryview, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ours, theirs = ends
    message = tmp_path / "m"
    message.write_bytes(b"Subject: x\n\nhello\n")
    ours.sendall(frame(Portion(0, str(message), 1, 0)))
    worker = threading.Thread(
        target=work, args=(theirs.fileno(), settings(port), marks, StopRequest())
    )
    worker.start()
    worker.join(20)
    assert not worker.is_alive(), "it does not wait for more"
    told = [value for values in Frames().feed(ours.recv(1 << 20)) for value in values]
    assert not any(map(_is_message, told))
    ((where, error),) = told[-1].failures
    assert where == f"127.0.0.1:{port}"
    assert isinstance(error, ConnectError)
    assert marks[0] == OPENED, "nothing is begun"


def _is_message(value: object) -> bool:
    return getattr(value, "method", "") == "message"
