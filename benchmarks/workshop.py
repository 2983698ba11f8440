"""Where one suite works: its files, its servers, its clients; all gone when it ends."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.farm import Farm

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Self, TypeVar

    from benchmarks.tools import Tools

    T = TypeVar("T")

_MEMORY = Path("/dev/shm")
_ROOM = 3_000_000_000
"""Octets: the files of the largest suite."""


class Workshop:
    """What a suite makes its rows of; a context manager.

    Args:
        tools: the programs of this run.
        client: the command under test.
        scale: factor on counts and sizes; below 1 for parts of a second.

    Attributes:
        directory: a directory for small files.
        data: one for message files, in memory where there is room, so that no disk is measured.
    """

    def __init__(self, tools: Tools, client: list[str], scale: float = 1.0) -> None:
        self.tools = tools
        self.client = client
        self.scale = scale
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Make the directories."""
        self.directory = self._new_directory(None)
        memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
        self.data = self._new_directory(_MEMORY if memory else None)
        self.home = self.directory / "home"
        self.home.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        """End what was begun, the last first."""
        self._stack.close()

    def keep(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context that ends with the suite."""
        return self._stack.enter_context(manager)

    def count(self, full: int, least: int = 1) -> int:
        """A number of things, scaled."""
        return max(least, int(full * self.scale))

    @cached_property
    def farm(self) -> Farm:
        """The real servers of this suite."""
        farm = Farm.lead()
        self._stack.callback(farm.end)
        return farm

    @cached_property
    def python(self) -> str:
        """The interpreter of the command under test: a script pays for the same packages."""
        with open(self.client[0], "rb") as file:
            first = file.readline().decode(errors="replace").split()
        named = first[0].removeprefix("#!") if first and first[0].startswith("#!") else ""
        return named if "python" in Path(named).name else sys.executable

    @cached_property
    def environment(self) -> dict[str, str]:
        """For clients: nobody's configuration, and no variable that one of them might read."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "TMPDIR": str(self.data),
            "LC_ALL": "C.UTF-8",
        }

    def _new_directory(self, parent: Path | None) -> Path:
        made = tempfile.TemporaryDirectory(prefix="smtpwire-bench-", dir=parent)
        return Path(self._stack.enter_context(made))
