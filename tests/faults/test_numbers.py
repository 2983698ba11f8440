"""Each case of groups C and D has a test whose name says its number."""

from __future__ import annotations

import re

from tests.house.project import TESTS

TRUST = range(49, 96)
"""STARTTLS, TLS and AUTH."""

_TEST = re.compile(r"^def test_fault((?:_[0-9]{3})+)_", re.MULTILINE)


def test_each_has_one() -> None:
    named = {
        int(number)
        for file in TESTS.rglob("test_*.py")
        for numbers in _TEST.findall(file.read_text(encoding="utf-8"))
        for number in numbers[1:].split("_")
    }
    assert sorted(set(TRUST) - named) == []
