"""`make demo`: submit the messages of examples/ to the catcher, and show what arrived.

The catcher listens on a free port of the loopback interface and stores into a temporary Maildir;
both are gone at the end, however it comes.  The exit code is 0 only when every message arrived with
its envelope and its octets.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).parents[1]
COMMANDS = Path(sysconfig.get_path("scripts"))
PATIENCE = 60
"""Seconds after which a command that says nothing is stuck."""

ALICE, BOB, CAROL = "alice@example.org", "bob@example.net", "carol@example.net"


class Submission(NamedTuple):
    """One use of the command."""

    form: str
    options: tuple[str, ...]
    """What goes behind `smtp -p PORT`."""
    examples: tuple[str, ...]
    """The messages, in the order in which they arrive."""
    recipients: tuple[str, ...]
    stdin: bool = False


SUBMISSIONS = (
    Submission(
        "First form: one message from standard input, the envelope as arguments",
        ("127.0.0.1", ALICE, BOB, CAROL),
        ("lf.eml",),
        (BOB, CAROL),
        stdin=True,
    ),
    Submission(
        "Second form: several messages with one envelope, here with -v and -t",
        ("-v", "-t", "-s", "127.0.0.1", "-f", ALICE, "-r", BOB),
        ("crlf.eml", "dots.eml", "eight-bit.eml"),
        (BOB,),
    ),
    Submission(
        "Third form: the envelope from the message's own header",
        ("-v", "-s", "127.0.0.1", "-F"),
        ("bcc.eml",),
        (BOB, CAROL, "dave@example.net", "eve@example.net", "frank@example.net"),
    ),
)


class Failure(Exception):
    """Something did not come out as it must."""


def main() -> int:
    """Run the demonstration and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    with tempfile.TemporaryDirectory(prefix="smtpwire-demo-") as directory:
        try:
            caught, stored = submit_all(Path(directory))
            show_and_compare(caught, stored)
        except (Failure, OSError, subprocess.TimeoutExpired) as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
    return 0


def submit_all(directory: Path) -> tuple[list[str], list[bytes]]:
    """Submit everything to a catcher; return its lines and the messages it stored."""
    maildir = directory / "maildir"
    print(f"$ smtp-catch --port 0 --maildir {maildir}")
    with subprocess.Popen(
        [COMMANDS / "smtp-catch", "--port", "0", "--maildir", maildir],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for the demonstration, which then ends the catcher
    ) as catcher:
        try:
            port = listening_port(catcher.stdout)
            for submission in SUBMISSIONS:
                submit(submission, port)
        finally:
            catcher.terminate()
        lines = catcher.communicate(timeout=PATIENCE)[0].splitlines()
    return lines, [path.read_bytes() for path in sorted((maildir / "new").iterdir())]


def listening_port(stdout: IO[str] | None) -> int:
    """Read where the catcher listens."""
    line = stdout.readline() if stdout else ""
    print(line, flush=True)
    if not line:
        raise Failure("smtp-catch did not start")
    return int(line.rpartition(":")[2])


def submit(submission: Submission, port: int) -> None:
    """Run the command as a user would type it."""
    files = [f"examples/{name}" for name in submission.examples]
    words = ["smtp", "-p", str(port), *submission.options, *([] if submission.stdin else files)]
    source = files[0] if submission.stdin else os.devnull
    print(f"{submission.form}:\n")
    print(f"$ {shlex.join(words)}" + (f" < {source}" if submission.stdin else ""), flush=True)
    with (ROOT / source).open("rb") as stdin:
        ended = subprocess.run(
            [COMMANDS / words[0], *words[1:]], check=False, cwd=ROOT, stdin=stdin, timeout=PATIENCE
        )
    if ended.returncode != 0:
        raise Failure(f"smtp ended with {ended.returncode}")
    print(flush=True)


def show_and_compare(caught: list[str], stored: list[bytes]) -> None:
    """Show each message that arrived, and hold it against its example."""
    expected = [(name, s.recipients) for s in SUBMISSIONS for name in s.examples]
    if not len(caught) == len(stored) == len(expected):
        raise Failure(f"{len(expected)} messages were submitted, and {len(caught)} arrived")
    print("What arrived:")
    for line, content, (name, recipients) in zip(caught, stored, expected, strict=True):
        print(f"\n{line}")
        print("".join(f"  | {text}\n" for text in content.decode().splitlines()), end="")
        envelope = f"from <{ALICE}> to {', '.join(f'<{r}>' for r in recipients)} "
        if envelope not in line:
            raise Failure(f"{name}: the envelope should have been: {envelope}")
        if content != on_the_wire((ROOT / "examples" / name).read_bytes()):
            raise Failure(f"{name}: other octets arrived than were to be submitted")
    print(f"\nAll {len(expected)} messages arrived, octet for octet as they should.")


def on_the_wire(message: bytes) -> bytes:
    """Return what must arrive: every line with CRLF, the last one too, and no Bcc field."""
    lines = re.sub(rb"\r?\n", b"\r\n", message)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"^Bcc:.*\n(?:[ \t].*\n)*", b"", lines, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
