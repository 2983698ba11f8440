"""Stands in for whoever may ask for the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from smtpwire.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Stop:
    """Asks for the end once `now` is set."""

    def __init__(self) -> None:
        self.now = False

    def error(self) -> Interrupted | None:
        """Why to end, once that is so."""
        return Interrupted("stopped by a test") if self.now else None

    def during(self, blocking: Callable[[], Result]) -> Result:
        """Call it, unless the end was asked for."""
        if (error := self.error()) is not None:
            raise error
        return blocking()
