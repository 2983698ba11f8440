"""A process as seen from outside: what it was given, and what it has begun.  Nothing is forked."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from smtpwire.client import ClientSettings
from smtpwire.errors import Interrupted
from smtpwire.net.loop import Loop
from smtpwire.net.poll import WRITE, Poller
from smtpwire.run.frames import Frames, frame
from smtpwire.run.member import Member, Owed
from smtpwire.run.messages import MessageSettings, Portion
from smtpwire.run.reporter import Told
from smtpwire.run.settings import RunSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.worker import OPENED, End, Left

if TYPE_CHECKING:
    from collections.abc import Iterator

PID = 4242
NOTE = Told("note", ("x",), {}, None)


class Office:
    """Writes down what it is told, and the process's end of the socket."""

    def __init__(self, there: socket.socket) -> None:
        self.there = there
        self.log: list[object] = []
        self.signals: list[int] = []

    def told(self, member: Member, told: Told) -> None:
        self.log.append(told)

    def gone(self, member: Member, status: int) -> None:
        self.log.append(status)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    here, there = socket.socketpair()
    spare = socket.socket()
    made = Office(there)
    monkeypatch.setattr("_socket.socketpair", lambda: (here, spare))
    monkeypatch.setattr(os, "fork", lambda: PID)
    monkeypatch.setattr(os, "waitpid", lambda pid, _options: (pid, 9))
    monkeypatch.setattr(os, "kill", lambda pid, number: made.signals.append(number))
    yield made
    here.close()
    there.close()


@pytest.fixture
def member(office: Office) -> Member:
    settings = RunSettings(ClientSettings(()), MessageSettings(()), jobs=2)
    stop = StopRequest()
    stop.signal = signal.SIGTERM
    return Member(office, settings, stop, 3, [])


def drive(member: Member) -> None:
    class Never:
        def error(self) -> None:
            return None

    loop = Loop(Poller(), Never())  # type: ignore[arg-type] # nothing here blocks
    loop.add(member)
    loop.run()


def test_it_has_what_is_not_settled(member: Member) -> None:
    member.give(5, "m", 2)
    member.settled(5)
    assert member.has("m")
    assert not member.has("mail.example:25")
    member.settled(6)
    assert not member.has("m")


def test_what_it_is_given_and_what_it_tells(office: Office, member: Member) -> None:
    member.give(5, "m", 2)
    member.finish(forget=False)
    member.finish(forget=False)  # once is enough
    member.finish(forget=True)
    member.finish(forget=False)
    office.there.sendall(frame([NOTE, NOTE]) + frame([Left(())]))
    office.there.shutdown(socket.SHUT_WR)
    while member._unwritten:
        member.ready(4)
    drive(member)
    assert office.log == [NOTE, NOTE, 9]
    assert member.left == Left(())
    portion, *ends = Frames().feed(office.there.recv(10_000))
    assert portion[:3] == Portion(5, "m", 2, 0)[:3]
    assert ends == [End(forget=False), End(forget=True)]


def test_what_it_owes_and_what_it_has_begun(member: Member) -> None:
    member.give(5, "m", 2)
    wants = [member.wants]
    member.give(7, "n", 1)
    wants.append(member.wants)
    assert wants == [True, False], "it has as many as it may have"
    mark = member._owed[5]
    member._marks[mark] = OPENED + 1
    assert member.owed() == [
        Owed(5, "m", opened=True, begun=True),
        Owed(6, "m", opened=True, begun=False),
        Owed(7, "n", opened=False, begun=False),
    ]
    states = [(member.useful, member.may_give_back)]
    member.settled(5)
    member.settled(6)
    assert member.owed() == [Owed(7, "n", opened=False, begun=False)]
    assert mark in member._free
    member._marks[member._owed[7]] = OPENED + 1
    states.append((member.useful, member.may_give_back))
    assert states == [(False, True), (True, False)]
    member.close()


def test_a_signal_is_passed_on_and_has_a_limit(office: Office, member: Member) -> None:
    deadlines = [member.deadline]
    member.interrupt(Interrupted("stopped"))
    deadlines.append(member.deadline)
    member.late()
    deadlines.append(member.deadline)
    assert [deadline is None for deadline in deadlines] == [True, False, True]
    assert office.signals == [signal.SIGTERM, signal.SIGKILL]
    member.detach()


def test_a_process_that_is_gone_can_be_told_nothing(office: Office, member: Member) -> None:
    member.give(0, "m", 1)
    office.there.close()
    drive(member)
    assert office.log == [9]
    assert member.left is None
    assert member.owed() == [Owed(0, "m", opened=False, begun=False)]


def test_what_it_told_before_its_end_is_heard(office: Office, member: Member) -> None:
    member.give(0, "m", 1)
    office.there.sendall(frame([NOTE]) + frame([Left(())]))
    office.there.close()
    member.ready(WRITE)  # the end came between the poll and the write
    assert not member.over
    drive(member)
    assert office.log == [NOTE, 9]
    assert member.left == Left(())
