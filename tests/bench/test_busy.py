"""Others' work is told from the benchmark's own, and voids what was measured beside it."""

from __future__ import annotations

import os

import pytest

from benchmarks import busy
from benchmarks.busy import Reading

TICK = os.sysconf("SC_CLK_TCK")


def process(pid: int, parent: int, *used: int, name: str = "x") -> str:
    """A line of proc_pid_stat(5), with user, system, children's user and children's system time."""
    times = " ".join(str(each * TICK) for each in used)
    return f"{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 {times} 20 0 1 0 100 0 0"


def test_own_time_is_that_of_the_whole_tree() -> None:
    processes = [
        process(10, 1, 1, 2, 3, 4),
        process(20, 10, 5, 0, 0, 0),
        process(30, 20, 0, 6, 0, 0, name="a) R 99 (b"),
        process(40, 1, 100, 100, 100, 100),
        process(50, 40, 100, 0, 0, 0),
    ]
    assert busy.own_time(processes, 10) == 21


def test_the_machine_works_when_it_is_not_idle_and_does_not_wait() -> None:
    seconds = {"user": 1, "nice": 2, "system": 3, "idle": 100, "iowait": 100, "irq": 100}
    fields = [*seconds.values(), 100, 4, 0, 0]
    line = " ".join(str(field * TICK) for field in fields)
    assert busy.machine_time(f"cpu  {line}\ncpu0 {line}\n") == 10


def test_the_readings_of_this_process_grow() -> None:
    before = Reading.now()
    while Reading.now().own < before.own + 0.05:
        pass
    after = Reading.now()
    assert after.clock > before.clock
    assert after.machine > before.machine


def test_others_have_what_is_not_ours() -> None:
    before = Reading(clock=100, machine=1000, own=50)
    assert busy.others(before, Reading(clock=110, machine=1025, own=60)) == 1.5
    assert busy.others(before, Reading(clock=110, machine=1010, own=60)) == 0
    # Ticks are coarse: there is no negative work.
    assert busy.others(before, Reading(clock=110, machine=1005, own=60)) == 0


@pytest.mark.parametrize(
    ("at_start", "meanwhile", "reason"),
    [
        (0.0, 0.0, ""),
        (1.0, 1.0, ""),
        (1.2, 0.0, "1.2 processors were busy with other work when it began"),
        (0.0, 2.0, "2.0 processors were busy with other work while it ran"),
    ],
)
def test_more_than_one_busy_processor_voids_a_suite(
    at_start: float, meanwhile: float, reason: str
) -> None:
    assert busy.void(at_start, meanwhile) == reason
