"""Processes by pid and start time, so that a pid used anew is never taken for the old process."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process, whoever is its parent."""

    pid: int
    started: str
    """Clock ticks since boot, field 22 of proc_pid_stat(5)."""

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this pid now; one that has ended is never `alive`."""
        return cls(pid, _start_time(pid) or "ended")

    @property
    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        _reap(self.pid)
        return _start_time(self.pid) == self.started

    def wait(self, seconds: float) -> bool:
        """Wait for the end; whether it came."""
        try:
            watched = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive:
                return True
            # A pidfd is readable once its process has ended.
            ended = bool(select.select([watched], [], [], seconds)[0])
        finally:
            os.close(watched)
        _reap(self.pid)
        return ended

    def kill(self) -> None:
        """End it at once."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(10)


def _start_time(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _reap(pid: int) -> None:
    """Let a child of ours that has ended go; the children of others are not ours to reap."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
