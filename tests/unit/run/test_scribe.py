"""A thread that writes, and a loop that goes on."""

from __future__ import annotations

import os
import threading
from typing import cast

import pytest

from smtpwire.errors import Interrupted, JournalError
from smtpwire.net.loop import Loop
from smtpwire.net.poll import Poller
from smtpwire.run.journal import Batch, Journal
from smtpwire.run.scribe import Scribe
from smtpwire.run.stop import StopRequest

BATCH, ANOTHER = Batch([(1,)], []), Batch([(2,)], [])
LIMIT = 20
"""Seconds for what happens at once."""


class Slow:
    """A journal that writes when it may, and says in which thread."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.written: list[Batch] = []
        self.threads: set[int] = set()
        self.breaks: Exception | None = None

    def write(self, batch: Batch) -> None:
        assert self.may.wait(LIMIT)
        self.threads.add(threading.get_ident())
        if self.breaks is not None:
            raise self.breaks
        self.written.append(batch)


class Desk:
    """A scribe and all around it."""

    def __init__(self) -> None:
        self.journal = Slow()
        self.loop = Loop(Poller(-1), StopRequest())
        self.told: list[JournalError | None] = []
        self.next: list[Batch] = []
        self.scribe = Scribe(cast("Journal", self.journal), self.loop, self._written)

    def _written(self, error: JournalError | None) -> None:
        self.told.append(error)
        if self.next:
            self.scribe.write(self.next.pop())


def test_the_loop_goes_on_meanwhile() -> None:
    desk = Desk()
    desk.scribe.write(BATCH)
    desk.loop.call(desk.journal.may.set)
    assert desk.scribe.busy
    desk.loop.run()
    assert (desk.journal.written, desk.told, desk.scribe.busy) == ([BATCH], [None], False)
    assert desk.journal.threads == {desk.scribe._thread.ident}
    assert desk.scribe.stop() is None


def test_the_next_may_follow_at_once_or_later() -> None:
    desk = Desk()
    desk.journal.may.set()
    desk.next.append(ANOTHER)
    desk.scribe.write(BATCH)
    desk.loop.run()
    desk.scribe.write(BATCH)
    desk.loop.run()
    assert desk.journal.written == [BATCH, ANOTHER, BATCH]
    desk.scribe.stop()


@pytest.mark.parametrize("error", [JournalError("it broke"), ValueError("it broke")])
def test_why_it_cannot_be_written_is_told(error: Exception) -> None:
    desk = Desk()
    desk.journal.may.set()
    desk.journal.breaks = error
    desk.scribe.write(BATCH)
    desk.loop.run()
    (told,) = desk.told
    assert "it broke" in str(told)
    assert desk.scribe.stop() is None


def test_what_is_being_written_outlives_an_interruption() -> None:
    desk = Desk()
    desk.scribe.write(BATCH)
    desk.loop.interrupt(Interrupted("now"))
    desk.loop.call(desk.journal.may.set)
    desk.loop.run()
    assert desk.journal.written == [BATCH]
    desk.scribe.stop()


def test_the_end_waits_for_it() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for breaks in (None, JournalError("it broke")):
        desk = Desk()
        desk.journal.breaks = breaks
        desk.scribe.write(BATCH)
        desk.journal.may.set()
        error = desk.scribe.stop()
        assert error is breaks
        desk.loop.close()
        assert not desk.scribe._thread.is_alive()
    assert len(os.listdir("/proc/self/fd")) == before
