"""A party of the loop that says what it was told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from smtpwire.net.poll import PIPED, READ

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError


class Reading:
    """A party that reads a pipe of its own, octet by octet, and writes down what it is told."""

    def __init__(self, *, wants: int = 1) -> None:
        self.fd, self.write = os.pipe()
        self.events = READ
        self.pipe: int | None = None
        self.deadline: float | None = None
        self.over = False
        self.told: list[str] = []
        self.at_end: Callable[[], object] = lambda: None
        self.at_pipe: Callable[[], object] = lambda: None
        self.at_read: Callable[[], object] = lambda: None
        self._wants = wants

    def start(self) -> None:
        self.told.append("start")

    def ready(self, events: int) -> None:
        if events & PIPED:
            self.told.append("piped")
            self.pipe = None
            self.at_pipe()
            return
        self.told.append(f"read {os.read(self.fd, 1).decode()}")
        self._wants -= 1
        self.over = not self._wants
        self.at_read()

    def go_on(self) -> None:
        self.told.append("go on")

    def late(self) -> None:
        self.told.append("late")
        self.over = True

    def interrupt(self, error: SMTPError) -> None:
        self.told.append("interrupt")
        self.over = True

    def end(self) -> None:
        self.told.append("end")
        self.close()
        self.at_end()

    def close(self) -> None:
        os.close(self.fd)
        os.close(self.write)
