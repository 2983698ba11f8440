"""The engine and the byte transforms know no input, no output and no clock.

import-linter sees the imports that are written; what those bring along is seen only when they run,
so here they run, in a process that has nothing else loaded.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.project import PACKAGE, dotted, modules

FORBIDDEN = {
    "_socket",
    "_ssl",
    "asyncio",
    "logging",
    "select",
    "selectors",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
CORE = [name for name in map(dotted, modules()) if name.startswith("smtpwire.core")]
TRANSFORMS = ["smtpwire.message.eol", "smtpwire.message.dots"]

_PROGRAM = """\
import importlib, sys
sys.path.insert(0, sys.argv.pop(1))
for name in sys.argv[1:]:
    sys.modules.pop(name, None)  # `time`: the interpreter's own start loads it
loaded = set(sys.modules)
for line in sys.stdin:
    importlib.import_module(line.strip())
print(*sorted(set(sys.modules) - loaded))
"""


def brought_along(names: list[str]) -> set[str]:
    """Return all modules that importing these brings, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, str(PACKAGE.parent), *sorted(FORBIDDEN)],
        input="\n".join(names),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def test_all_of_core_together_brings_nothing_that_does_input_or_output() -> None:
    brought = brought_along(CORE)
    assert set(CORE) <= brought
    assert brought & FORBIDDEN == set()


@pytest.mark.parametrize("name", [*CORE, *TRANSFORMS])
def test_each_module_can_be_imported_first_and_brings_none_either(name: str) -> None:
    assert brought_along([name]) & FORBIDDEN == set()


def test_what_is_looked_for_would_be_seen() -> None:
    assert {"asyncio", "selectors", "socket", "ssl", "time"} <= brought_along(["asyncio", "time"])
