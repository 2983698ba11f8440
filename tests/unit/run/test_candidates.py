"""The servers of a run, found once and tried in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from smtpwire.client import Server
from smtpwire.errors import HostNotFound
from smtpwire.run.candidates import Candidates
from tests.unit.run.conftest import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError
    from smtpwire.run.session import Sessions

    Failures = list[tuple[str, SMTPError]]

A, B = Server("a.example", 25), Server("b.example", 25)
MISSING = HostNotFound("the domain does not exist")


class Found:
    """In the place of Sessions: it finds what a test says, at once."""

    def __init__(self, servers: list[Server], failures: Failures) -> None:
        self._answer = servers, failures
        self.asked = 0

    def find(
        self, done: Callable[[list[Server], Failures], None], _failed: Callable[[object], object]
    ) -> None:
        self.asked += 1
        done(*self._answer)


def seek(found: Found, times: int = 1) -> tuple[Candidates, Watcher, list[object]]:
    watcher, told = Watcher(), list[object]()
    candidates = Candidates(cast("Sessions", found), watcher)
    assert not candidates
    for _ in range(times):
        candidates.seek(lambda: told.append("found"), told.append)
    return candidates, watcher, told


def test_they_are_looked_for_once() -> None:
    found = Found([A, B], [])
    candidates, watcher, told = seek(found, times=2)
    assert (found.asked, told, watcher.warnings) == (1, ["found"], [])
    assert len(candidates) == 2


def test_each_has_its_turn() -> None:
    candidates, _, _ = seek(Found([A, B], []))
    turns = []
    for _ in range(3):
        turns.append(candidates.first)
        candidates.pass_over()
    assert turns == [A, B, A]


def test_a_domain_without_servers_is_told_of_where_another_has_some() -> None:
    failures: Failures = [("gone.example", MISSING)]
    candidates, watcher, told = seek(Found([A], failures))
    assert told == ["found"]
    assert len(watcher.warnings) == 1
    assert candidates.not_found == failures


def test_of_domains_that_all_have_none_the_last_is_left_to_the_caller() -> None:
    failures: Failures = [("gone.example", MISSING), ("lost.example", MISSING)]
    candidates, watcher, told = seek(Found([], failures))
    assert told == [failures]
    assert len(watcher.warnings) == 1
    assert not candidates
