"""Runs a command and writes its peak memory, in KiB, to a file; a program of its own.

    python measured.py FILE DESCRIPTORS COMMAND [ARG ...]

It has to stand between the tests and the command: a process's peak counts what its parent had at
the moment of exec, and the tests' interpreter is larger than anything they measure.
"""

from __future__ import annotations

import os
import resource
import sys


def main() -> int:
    """Run it with so many descriptors; its exit status."""
    path, descriptors, *command = sys.argv[1:]
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), int(descriptors)))
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    _, status, usage = os.wait4(child, 0)
    with open(path, "w", encoding="ascii") as file:
        file.write(str(usage.ru_maxrss))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
