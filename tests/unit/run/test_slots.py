"""What is known of all slots: who keeps a message, and for whom it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from smtpwire.run.slots import Slots

if TYPE_CHECKING:
    from smtpwire.run.job import Job
    from smtpwire.run.slot import Slot


class Given:
    """A slot as far as `Slots` looks at it."""

    def __init__(
        self, job: str | None = None, *, used: bool = False, divided: bool = False
    ) -> None:
        self.job = job
        self.connected = False
        self.divided = divided
        self.closed = False
        self._used = used

    def may_carry(self, job: str) -> bool:
        return not (self._used and job == "returned")

    def close(self) -> None:
        self.closed = True


def slots(*given: Given) -> Slots:
    made = Slots()
    for slot in given:
        made.add(slot_of(slot))
    return made


def slot_of(given: Given) -> Slot:
    return cast("Slot", given)


def test_what_a_slot_keeps_is_taken_once() -> None:
    one = Given("first")
    made = slots(one)
    before = made.keeping
    assert made.take(slot_of(one)) == cast("Job", "first")
    assert (before, made.keeping) == (True, False)
    assert made.take(slot_of(one)) is None
    assert len(made) == 1


def test_a_slot_leaves_behind_what_it_kept() -> None:
    one, other = Given("first"), Given("second")
    made = slots(one, other)
    assert made.remove(slot_of(one)) == cast("Job", "first")
    assert len(made) == 1
    assert made.keeping


def test_the_last_that_may_go_there_is_taken_for_another() -> None:
    asking = Given("its own", used=True)
    made = slots(asking, Given("a"), Given("b"), Given("returned"))
    made.take(slot_of(asking))
    taken = [made.take_for(slot_of(asking)) for _ in range(3)]
    assert taken == [cast("Job", "b"), cast("Job", "a"), None]
    assert made.take_for(slot_of(Given())) == cast("Job", "returned")


def test_whether_others_may_bring_something() -> None:
    used = slot_of(Given(used=True))
    assert slots(Given("a")).may_bring(used)
    assert not slots(Given("returned")).may_bring(used)
    assert slots(Given("returned"), Given("returned", divided=True)).may_bring(used)


def test_whether_any_is_connected_and_all_are_closed() -> None:
    one, other = Given("a"), Given("b")
    made = slots(one, other)
    before = made.connected
    other.connected = True
    assert (before, made.connected) == (False, True)
    made.close()
    assert (one.closed, other.closed) == (True, True)
