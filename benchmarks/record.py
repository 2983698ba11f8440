"""What is kept: the tables as text, and every run as JSON, with the machine and the versions."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.errors import Unavailable
from benchmarks.machine import description, version
from benchmarks.tools import HERE, Program, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from benchmarks.report import Judged
    from benchmarks.result import Result

RESULTS = HERE / "results"


class Circumstance(NamedTuple):
    """One line of the head."""

    name: str
    value: str


def circumstances(client: list[str]) -> list[Circumstance]:
    """When, what and on which machine."""
    now = datetime.now(UTC)
    lines = [Circumstance("date", f"{now:%Y-%m-%d %H:%M} UTC")]
    lines.append(Circumstance("commit", _commit()))
    lines += [Circumstance(*item) for item in description().items()]
    lines.append(Circumstance("smtp", version(Program(client[0]), *client[1:], "--version")))
    lines.append(Circumstance("Postfix", _postfix_version()))
    for name in ("curl", "msmtp", "swaks"):
        lines.append(Circumstance(name, _peer_version(name)))
    lines.append(Circumstance("aiosmtplib", _aiosmtplib_version()))
    return lines


def head(lines: Sequence[Circumstance]) -> str:
    """The head of the text."""
    width = max(len(name) for name, _ in lines) + 2
    return "".join(f"{name + ':':{width}}{value}\n" for name, value in lines)


def save(
    directory: Path,
    lines: Sequence[Circumstance],
    text: str,
    results: Sequence[Result],
    found: Sequence[Judged],
) -> Path:
    """Write both files, named by date and time.

    Returns:
        The text's path; that of the JSON differs only in its suffix.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}.txt"
    path.write_text(text, encoding="utf-8")
    content = {
        "circumstances": dict(lines),
        "suites": [_suite(result) for result in results],
        "targets": [_target(each) for each in found],
    }
    path.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def _suite(result: Result) -> dict[str, Any]:
    told = result.circumstances
    return {
        "name": result.suite.name,
        "unit": result.suite.unit,
        "rounds": result.rounds,
        "scale": result.scale,
        "void": result.void,
        "reason": result.reason,
        **dataclasses.asdict(told),
        "rows": [
            {
                "case": measured.row.case,
                "client": measured.row.client,
                "units": measured.row.units,
                "against": measured.row.against,
                "error": measured.error,
                "unavailable": measured.unavailable,
                "runs": [dataclasses.asdict(run) for run in measured.runs],
            }
            for measured in result.rows
        ],
    }


def _target(found: Judged) -> dict[str, Any]:
    target = found.target
    return {
        "what": target.what,
        "peer": target.peer,
        "suite": target.suite,
        "must": target.must,
        "stretch": target.stretch,
        "at_least": target.at_least,
        "value": found.value,
        "verdict": found.verdict.value,
        "reason": found.reason,
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _peer_version(name: str) -> str:
    try:
        return version(program(name), "--version")
    except Unavailable as error:
        return str(error)


def _postfix_version() -> str:
    """Of the packages that smtp-source and smtp-sink come from; they do not say it themselves."""
    try:
        return version(program("postconf"), "-d", "mail_version")
    except Unavailable as error:
        return str(error)


def _aiosmtplib_version() -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("aiosmtplib")
    except PackageNotFoundError:
        return "not installed"
