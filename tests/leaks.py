"""Whether a command showed a secret that it was given: plain, in base64, in hexadecimal, quoted.

`run_smtp` and `run_on_terminal` ask this of every run of the whole suite, about each octet of its
standard output, its standard error, and the files that it wrote.  The secrets are found where the
command finds them: on its command line, in the file it names, in its environment.  What a command
of the user's prints cannot be found so; a test that uses one names it.

The forms are made here by the standard library, not by the code that hides them.
"""

from __future__ import annotations

import base64
import html
import json
import os
import quopri
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smtpwire.cli.arguments import Words

_SHORTEST = 4
"""Octets of a secret that can be looked for: anything shorter is in every text by chance."""
_WRITTEN = ("json", "journal", "report")
"""Options that name a file which the command writes."""


def assert_nothing_leaked(
    args: Sequence[str | bytes | Path],
    env: Mapping[str, str],
    outputs: Mapping[str, bytes],
    *,
    cwd: Path | None = None,
    secrets: Sequence[str] = (),
) -> None:
    """Fail the test where an output of a run holds a secret.

    Args:
        args: the command line after the command.
        env: the whole environment of the run.
        outputs: what it wrote, by the name of where.
        cwd: where it ran.
        secrets: more of them, which the command was not given openly.
    """
    try:
        words = scan([os.fsdecode(word) for word in args])
    except UsageError:
        return
    if words.flag("trace-auth"):
        return
    found = [*secrets, *_given(words, env, cwd)]
    shown = {**outputs, **dict(_files(words, cwd))}
    others = " ".join(os.fsdecode(word) for word in args if os.fsdecode(word) not in found)
    for secret in found:
        if len(secret.encode()) < _SHORTEST or secret in others:
            continue
        for how, form in _forms(secret):
            for where, octets in shown.items():
                # Not `assert form not in octets`: pytest would repeat both.
                if form in octets:
                    raise AssertionError(f"a secret is in {where}, {how}: {form!r}")


def _given(words: Words, env: Mapping[str, str], cwd: Path | None) -> Iterator[str]:
    yield from words.values.get("password", ())
    if "SMTP_PASSWORD" in env:
        yield env["SMTP_PASSWORD"]
    file = words.value("password-file")
    if file is not None and os.path.isfile(path := Path(cwd or ".", file)):
        yield path.read_bytes().split(b"\n")[0].decode(errors="ignore")


def _files(words: Words, cwd: Path | None) -> Iterator[tuple[str, bytes]]:
    for option in _WRITTEN:
        name = words.value(option)
        for beside in ("", "-wal") if name else ():
            if os.path.isfile(path := Path(cwd or ".", f"{name}{beside}")):
                yield f"the file of --{option}{beside}", path.read_bytes()


def _forms(secret: str) -> Iterator[tuple[str, bytes]]:
    octets = secret.encode()
    yield "plain", octets
    for offset in range(3):
        # Of its first and last characters, those that also depend on what stands around it are out.
        encoded = base64.b64encode(bytes(offset) + octets + bytes(-(offset + len(octets)) % 3))
        inner = encoded[-(-offset * 8 // 6) : (offset + len(octets)) * 8 // 6]
        yield f"in base64 at {offset}", inner
        yield f"in base64 for URLs at {offset}", inner.translate(bytes.maketrans(b"+/", b"-_"))
    for joint in ("", " ", ":"):
        dump = octets.hex(joint) if joint else octets.hex()
        yield "in hexadecimal", dump.encode()
        yield "in HEXADECIMAL", dump.upper().encode()
    for how, text in (
        ("repr", repr(secret)[1:-1]),
        ("JSON", json.dumps(secret)[1:-1]),
        ("percent-encoded", quote(secret, safe="")),
        ("form-encoded", quote_plus(secret)),
        ("HTML", html.escape(secret)),
        ("a quoted string", secret.replace("\\", "\\\\").replace('"', '\\"')),
    ):
        yield how, text.encode()
    yield "quoted-printable", quopri.encodestring(octets)
