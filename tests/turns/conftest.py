"""What the tests of turns share: message files, and a command that submits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.command import run_smtp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import ModelServer


class SubmitFiles(Protocol):
    """What the fixture `submit` is."""

    def __call__(
        self, server: ModelServer, *options: str, messages: int = 1, to: tuple[str, ...] = ("b@y",)
    ) -> list[list[bytes]]:
        """Submit so many small messages; the turns of each connection."""
        raise NotImplementedError


@pytest.fixture
def submit(tmp_path: Path) -> SubmitFiles:
    """Submit message files by the installed command, which has to succeed unless `-a` is on."""

    def run(
        server: ModelServer, *options: str, messages: int = 1, to: tuple[str, ...] = ("b@y",)
    ) -> list[list[bytes]]:
        names = [str(tmp_path / f"{number}.eml") for number in range(messages)]
        for number, name in enumerate(names):
            with open(name, "w", encoding="ascii") as file:
                file.write(f"Subject: {number}\n\nhello\n")
        recipients = [word for address in to for word in ("-r", address)]
        done = run_smtp(
            "-s", server.address, "-f", "a@x", *recipients, "-H", "me.example", *options, *names
        )
        assert done.code == (67 if "bad@y" in to else 0), done
        return [connection.turns for connection in server.connections]

    return run
