"""The list of faults and the tests that hold it: each case of the one has its number in the other.

A test carries the numbers of its cases in its name, behind `test_fault_`: one or more of three
digits, of which two with `to` between them stand for all from one to the other.  Unit tests do not
count: what is promised is what the command does.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise

import pytest

from tests.house.project import ROOT, TESTS, UNIT_TESTS

PAGE = ROOT / "docs" / "faults.md"

_ROW = re.compile(r"\| (\d+) \| (.+) \| (.+) \| (.+) \|")
_NAME = re.compile(r"test_fault_(\d{3}(?:_(?:to_|and_)?\d{3})*)_[a-z]")


def rows(text: str) -> list[tuple[str, ...]]:
    """Return the rows of the page that are cases: number, fault, what is done, status."""
    lines = (line for line in text.splitlines() if line.startswith("| "))
    return [match.groups() for line in lines if (match := _ROW.fullmatch(line))]


def cases(name: str) -> set[int]:
    """Return the cases that a test holds by its name.

    Raises:
        ValueError: the name begins as one that has numbers, and has none.
    """
    match = _NAME.match(name)
    if match is None:
        raise ValueError(name)
    words = match[1].replace("_and_", "_").split("_")
    numbers = {int(word) for word in words if word != "to"}
    ranges = (place for place, word in enumerate(words) if word == "to")
    for place in ranges:
        first, last = int(words[place - 1]), int(words[place + 1])
        if not first < last:
            raise ValueError(name)
        numbers.update(range(first, last))
    return numbers


def held() -> set[int]:
    """Return the cases that tests hold by their names."""
    names = (
        node.name
        for path in TESTS.rglob("test_*.py")
        if UNIT_TESTS not in path.parents
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return set().union(*(cases(name) for name in names if name.startswith("test_fault_")))


LISTED = [int(number) for number, *_ in rows(PAGE.read_text(encoding="utf-8"))]


def test_the_cases_are_numbered_from_one_without_a_gap() -> None:
    assert LISTED[0] == 1
    assert all(after == before + 1 for before, after in pairwise(LISTED))


def test_every_row_of_a_table_is_a_case() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    others = {line for line in lines if line.startswith("|") and not _ROW.fullmatch(line)}
    assert others == {
        "| case | what goes wrong | what smtp does | ends with |",
        "| --- | --- | --- | --- |",
    }


def test_every_case_has_a_test_that_runs_the_command() -> None:
    assert set(LISTED) - held() == set()


def test_every_test_of_a_fault_has_its_case() -> None:
    assert held() - set(LISTED) == set()


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("test_fault_007_a_reply_of_354", {7}),
        ("test_fault_139_140_141_a_word", {139, 140, 141}),
        ("test_fault_012_to_015_017_what", {12, 13, 14, 15, 17}),
        ("test_fault_069_to_071_and_073_a_name", {69, 70, 71, 73}),
        ("test_fault_137_no_250_is_a_354", {137}),
    ],
)
def test_how_a_name_is_read(name: str, numbers: set[int]) -> None:
    assert cases(name) == numbers


@pytest.mark.parametrize(
    "name", ["test_fault_7_x", "test_fault_x", "test_fault_015_to_012_x", "test_fault_007"]
)
def test_a_name_without_numbers_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        cases(name)
