"""Whether somebody else uses the machine.

The load average cannot tell: it has the benchmark's own work of the last minutes in it.  So CPU
time is counted instead.  `/proc/stat` says how long all processors worked since boot, and
`/proc/PID/stat` how long this process and everything that descends from it did (clients, sinks, a
whole Postfix; what has ended is in its parent's account).  The rest is others' work.

It is looked at twice: for a moment before a suite begins, when the benchmark itself is idle, and
over the whole suite.  More than `LIMIT` processors busy with others' work, at either look, makes
the suite void: its figures are shown, and prove nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT = 1.0
"""Processors."""

MOMENT = 1.0
"""Seconds: a hundred ticks of the clock that CPU time is counted with."""

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reading:
    """What the clocks said at one moment, in seconds.

    Attributes:
        clock: of a clock that never goes back.
        machine: CPU time of all processors.
        own: CPU time of this process and its descendants.
    """

    clock: float
    machine: float
    own: float

    @classmethod
    def now(cls) -> Reading:
        """Read the clocks."""
        processes = (
            _text(path / "stat") for path in Path("/proc").iterdir() if path.name.isdigit()
        )
        own = own_time([text for text in processes if text], os.getpid())
        return cls(time.monotonic(), machine_time(Path("/proc/stat").read_text()), own)


def others(before: Reading, after: Reading) -> float:
    """How many processors were busy with others' work between two readings."""
    elapsed = max(after.clock - before.clock, 1 / _TICKS)
    theirs = (after.machine - before.machine) - (after.own - before.own)
    return max(0.0, theirs / elapsed)


def now_busy(moment: float = MOMENT) -> float:
    """How many processors others use right now; nothing of ours may run meanwhile."""
    before = Reading.now()
    time.sleep(moment)
    return others(before, Reading.now())


def void(at_start: float, meanwhile: float) -> str:
    """Why a suite proves nothing, or "" if it does."""
    if at_start > LIMIT:
        return f"{at_start:.1f} processors were busy with other work when it began"
    if meanwhile > LIMIT:
        return f"{meanwhile:.1f} processors were busy with other work while it ran"
    return ""


def machine_time(stat: str) -> float:
    """CPU seconds of all processors, from the text of proc_stat(5).

    User, nice, system and stolen time; that of interrupts belongs to whoever caused them, and on
    loopback that is the benchmark.
    """
    _, user, nice, system, _idle, _iowait, _irq, _softirq, steal, *_ = stat.split("\n", 1)[
        0
    ].split()
    return (int(user) + int(nice) + int(system) + int(steal)) / _TICKS


def own_time(processes: list[str], root: int) -> float:
    """CPU seconds of a process and its descendants, from the texts of proc_pid_stat(5)."""
    used: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for text in processes:
        # The name of the program, in parentheses, may have spaces and parentheses in it.
        pid, fields = int(text.split(" ", 1)[0]), text.rpartition(")")[2].split()
        children.setdefault(int(fields[1]), []).append(pid)
        used[pid] = sum(int(field) for field in fields[11:15])
    total, found = 0, [root]
    while found:
        pid = found.pop()
        total += used.get(pid, 0)
        found += children.get(pid, ())
    return total / _TICKS


def _text(path: Path) -> str:
    """A file of /proc; empty when its process has just ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
