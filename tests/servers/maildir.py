"""Finding a delivered message: delivery comes after the reply, so a reader has to wait for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 30.0
_PAUSE = 0.02


class Maildir:
    """A Maildir that a server delivers into; a message is complete once it stands in new/."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[str, bytes] = {}

    def make(self) -> None:
        """Make it, so that every account can write into it."""
        for path in (self.path, *(self.path / name for name in ("new", "cur", "tmp"))):
            path.mkdir()
            path.chmod(0o777)

    def holding(self, mark: bytes) -> list[bytes]:
        """What has been delivered so far and holds these octets."""
        for file in (self.path / "new").iterdir():
            if file.name not in self._seen:
                self._seen[file.name] = file.read_bytes()
        return [content for content in self._seen.values() if mark in content]

    def wait_for(self, mark: bytes, count: int = 1) -> list[bytes]:
        """Wait until that many messages hold these octets.

        Raises:
            AssertionError: they did not come.
        """
        deadline = time.monotonic() + _LIMIT
        while len(found := self.holding(mark)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{len(found)} of {count} messages with {mark!r} in {self.path} "
                    f"after {_LIMIT:.0f} s"
                )
            time.sleep(_PAUSE)
        return found
