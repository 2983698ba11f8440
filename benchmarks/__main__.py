"""`python -m benchmarks`: run suites, print their tables and the targets', keep both."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import benchmarks
from benchmarks import record
from benchmarks.report import judged, suite_table, targets_table
from benchmarks.result import run_suite
from benchmarks.suites import SUITES
from benchmarks.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Never

_SMOKE_SCALE = 0.005


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; the command under test is split into words."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=(benchmarks.__doc__ or "").split("\n", 1)[0],
        epilog="benchmarks/README.md says how to read the tables.",
    )
    parser.add_argument(
        "--suite",
        action="append",
        choices=list(SUITES),
        metavar="NAME",
        help="only this one; may be given again (--list shows them)",
    )
    parser.add_argument(
        "--rounds", type=_positive(int), metavar="N", help="rounds after the warm-up (7 or more)"
    )
    parser.add_argument(
        "--scale", type=_positive(float), metavar="F", help="factor on counts and sizes (1)"
    )
    parser.add_argument(
        "--client",
        default=str(Path(sys.executable).with_name("smtp")),
        metavar="COMMAND",
        help="the command under test (the one installed beside this interpreter)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where to keep results (benchmarks/results)"
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help=f"one round, a scale of {_SMOKE_SCALE}, results only with --output: does all run?",
    )
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    found = parser.parse_args(arguments)
    found.client = shlex.split(found.client)
    if not found.client or not Path(found.client[0]).is_file():
        parser.error("--client must name a command by its path")
    return found


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; 0 unless that is impossible, whatever was measured."""
    asked = options(arguments)
    if asked.list:
        for suite in SUITES.values():
            print(f"{suite.name:12} {suite.title}{' (only when named)' if suite.slow else ''}")
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    names = asked.suite or [suite.name for suite in SUITES.values() if not suite.slow]
    scale = asked.scale or (_SMOKE_SCALE if asked.smoke else 1.0)
    lines = record.circumstances(asked.client)
    lines.append(record.Circumstance("scale", f"{scale:g}"))
    text = record.head(lines)
    print(text, flush=True)
    results = {}
    with tempfile.TemporaryDirectory(prefix="smtpwire-bench-") as built:
        tools = Tools(Path(built))
        for name in dict.fromkeys(names):
            suite = SUITES[name]
            results[name] = run_suite(
                suite,
                tools,
                asked.client,
                rounds=asked.rounds or (1 if asked.smoke else suite.rounds),
                scale=scale,
                told=_tell,
            )
            shown = suite_table(results[name])
            print(shown, flush=True)
            text += f"\n{shown}"
    # A part is judged as a part; the whole also says what it does not have.
    found = [each for each in judged(results) if not asked.suite or each.target.suite in results]
    shown = targets_table(found)
    print(shown, flush=True)
    directory: Path | None = asked.output or (None if asked.smoke else record.RESULTS)
    if directory is not None:
        path = record.save(directory, lines, f"{text}\n{shown}", list(results.values()), found)
        print(f"kept in {path} and {path.with_suffix('.json').name}")
    return 0


def _positive(kind: type[int | float]) -> Callable[[str], float]:
    """A type for argparse: a number above zero."""

    def number(word: str) -> float:
        value = kind(word)
        if value <= 0:
            raise ValueError
        return value

    number.__name__ = f"positive {kind.__name__}"
    return number


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _terminate(*_: object) -> Never:
    """End as after Ctrl-C, so that every server and every directory goes."""
    sys.exit(143)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
