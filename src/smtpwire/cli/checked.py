"""One value of the command line, called by the name that the user gave it when it is wrong."""

from __future__ import annotations

from smtpwire.cli.options import BY_LONG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from smtpwire.cli.arguments import Words

    T = TypeVar("T")


def label(name: str) -> str:
    """Return an option as the user would type it."""
    return BY_LONG[name].label


def checked(words: Words, name: str, check: Callable[[str, str], T]) -> T | None:
    """Return the value of an option, None when it was not given.

    Args:
        words: the command line.
        name: the option's long name.
        check: reads the value, given the option's label and its text.

    Raises:
        UsageError: as `check` does.
    """
    text = words.value(name)
    return None if text is None else check(label(name), text)
