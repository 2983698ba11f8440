"""The words of the command line, told apart by the rules of getopt(3).

This is not argparse, because that cannot keep those rules: it refuses `-P -secret` for the hyphen,
makes `secret` of `-P=secret`, and its answer to options behind arguments loses track of `--`.  The
rules are few, and this file is all of them:

- `-MV` is `-M -V`; `-p2525` and `-p 2525` give a value, `--port=2525` and `--port 2525` too;
- a value is the next word, whatever it looks like;
- options may stand before, between and behind arguments, and `--` ends them;
- `-` is an argument; a long name is never abbreviated.

It knows no option by name and checks no value.
"""

from __future__ import annotations

from smtpwire.cli.errors import UsageError
from smtpwire.cli.escape import QUOTED_LIMIT, shorten
from smtpwire.cli.options import BY_LONG, BY_SHORT, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NamedTuple

    from smtpwire.cli.options import Option
else:
    from smtpwire.record import NamedTuple


class Words(NamedTuple):
    """A command line, taken apart."""

    values: dict[str, list[str]]
    """For each option given, by its long name: its values in order; for a flag, empty."""
    arguments: tuple[str, ...]
    places: dict[str, list[tuple[int, int]]]
    """For each option with values, where each stands: which word, from which character to its
    end."""

    def flag(self, name: str) -> bool:
        """Return whether the option with this long name was given."""
        return name in self.values

    def value(self, name: str) -> str | None:
        """Return the value that counts, the last one, or None when the option was not given."""
        given = self.values.get(name)
        return given[-1] if given else None


def scan(argv: Sequence[str]) -> Words:
    """Tell options, their values and arguments apart.

    Args:
        argv: the words behind the program's name.

    Raises:
        UsageError: an option that does not exist, or a value that is missing or not wanted.
    """
    found = Words({}, (), {})
    arguments: list[str] = []
    words = iter(enumerate(argv))
    for place, word in words:
        if word == "--":
            arguments.extend(rest for _, rest in words)
        elif word.startswith("--"):
            _long(place, word[2:], words, found)
        elif word.startswith("-") and word != "-":
            _letters(place, word[1:], words, found)
        else:
            arguments.append(word)
    return found._replace(arguments=tuple(arguments))


def _long(place: int, word: str, words: Iterator[tuple[int, str]], found: Words) -> None:
    name, equals, value = word.partition("=")
    option = BY_LONG.get(name)
    if option is None:
        raise _no_such_option(f"--{name}")
    if option.kind is Kind.FLAG:
        if equals:
            raise UsageError(f"--{name}", "takes no value; leave out what follows the '='")
        found.values[name] = []
    elif equals:
        _add(option, value, (place, len(f"--{name}=")), found)
    else:
        _add_next(option, f"--{name}", words, found)


def _letters(place: int, letters: str, words: Iterator[tuple[int, str]], found: Words) -> None:
    for end, letter in enumerate(letters, 1):
        option = BY_SHORT.get(letter)
        if option is None:
            raise _no_such_option(f"-{letter}")
        if option.kind is Kind.FLAG:
            found.values[option.long] = []
            continue
        if letters[end:]:
            _add(option, letters[end:], (place, len("-") + end), found)
        else:
            _add_next(option, f"-{letter}", words, found)
        return


def _no_such_option(label: str) -> UsageError:
    where = shorten(label, QUOTED_LIMIT)
    return UsageError(where, "there is no such option; smtp --usage lists them")


def _add_next(option: Option, label: str, words: Iterator[tuple[int, str]], found: Words) -> None:
    """Take the next word for the value."""
    place, value = next(words, (0, None))
    if value is None:
        raise UsageError(label, f"needs a value: {label} {option.metavar}, {option.help}")
    _add(option, value, (place, 0), found)


def _add(option: Option, value: str, place: tuple[int, int], found: Words) -> None:
    found.values.setdefault(option.long, []).append(value)
    found.places.setdefault(option.long, []).append(place)
