"""Whoever silences a checker says why, on the same line."""

from __future__ import annotations

import re

import pytest

from tests.house.project import ROOT, files

_MARK = r"#\s*(?:noqa(?::[\w, ]*)?|(?:type|pyright):\s*ignore(?:\[[^]]*\])?|pragma:[\w ]*)"
UNEXPLAINED = re.compile(rf"{_MARK}\s*(?:$|#\s*(?:noqa|type|pyright|pragma)\b)")


def test_every_mark_has_its_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files()
        if path.suffix == ".py" and path.name != "test_marks.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNEXPLAINED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: S108",
        "x = 1  # noqa: S108, ARG002",
        "x = 1  # type: ignore[misc]",
        "x = 1  # type: ignore[method-assign, assignment]",
        "x = 1  # type: ignore[misc] # noqa: S108",
        "x = 1  # pyright: ignore[reportX]",
        "if x:  # pragma: no cover",
    ],
)
def test_a_mark_without_one_would_be_seen(line: str) -> None:
    assert UNEXPLAINED.search(line)


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa: S108 - why", "x = 1  # type: ignore[misc] # why", "# typed: so"]
)
def test_a_mark_with_one_is_let_be(line: str) -> None:
    assert not UNEXPLAINED.search(line)
