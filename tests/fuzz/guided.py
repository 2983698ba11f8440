"""Inputs by atheris, which is led by the code that they reach; a program of its own.

    python -m tests.fuzz.guided TARGET [--mutant RULE] [OPTION OR DIRECTORY OF LIBFUZZER ...]

The first directory is where inputs that reach something new are kept; see libFuzzer's options
-max_total_time, -timeout and -artifact_prefix.  What fails belongs into the corpus, when the reason
is mended.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack

import atheris

instrumented = atheris.instrument_imports  # pyright: ignore[reportAttributeAccessIssue] - untyped
with instrumented(include=["smtpwire"]):
    from tests.fuzz.targets import CORPUS, TARGETS


def dictionary(tokens: tuple[bytes, ...]) -> str:
    """Tokens as libFuzzer reads them."""
    lines = ("".join(f"\\x{octet:02x}" for octet in token) for token in tokens)
    return "".join(f'"{line}"\n' for line in lines)


def main() -> None:
    """Fuzz until libFuzzer has had enough; it ends the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--mutant", default="")
    arguments, rest = parser.parse_known_args()
    target = TARGETS[arguments.target]
    with ExitStack() as stack:
        if arguments.mutant:
            from tests.fuzz.mutants import MUTANTS
            from tests.property.mutants import applied

            stack.enter_context(applied(MUTANTS[arguments.target, arguments.mutant]))
        words = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".dict"))
        words.write(dictionary(target.tokens))
        words.flush()
        options = [f"-dict={words.name}"] if target.tokens else []
        atheris.Setup([sys.argv[0], *options, *rest, str(CORPUS / target.name)], target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
