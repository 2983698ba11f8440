"""Every section of an RFC that the project cites exists.

A citation is `RFC 5321 section 4.2` or `RFC 5321 sections 3.2 and 4.2.4`, with or without a comma
behind the number, and may go over the end of a line.  rfc_sections.txt holds what may be cited.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.house.project import ROOT, files

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = Path(__file__).with_name("rfc_sections.txt")

_GAP = r"[ \t]*(?:\s|\n[ \t]*#?)[ \t]*"
_SECTION = r"\d+(?:\.\d+)*"
_CITATION = re.compile(
    rf"RFC{_GAP}(?P<rfc>\d+),?{_GAP}(?:[Ss]ections?|§){_GAP}"
    rf"(?P<sections>{_SECTION}(?:(?:,|{_GAP}(?:and|or|to)){_GAP}{_SECTION})*)"
)


def index() -> set[tuple[str, str]]:
    """Return all sections that may be cited: the RFC's number, and the section's."""
    lines = INDEX.read_text(encoding="utf-8").splitlines()
    rows = (line.split(" ", 2) for line in lines if not line.startswith("#"))
    return {(rfc, section) for rfc, section, _ in rows}


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Return all sections that a text cites."""
    for citation in _CITATION.finditer(text):
        for section in re.findall(_SECTION, citation["sections"]):
            yield citation["rfc"], section


def test_every_section_cited_exists() -> None:
    known = index()
    sources = [path for path in files() if path.suffix in {".py", ".md", ".1"}]
    missing = {
        f"{path.relative_to(ROOT)}: RFC {rfc} section {section}"
        for path in sources
        for rfc, section in citations(path.read_text(encoding="utf-8"))
        if (rfc, section) not in known
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(RFC 5321 section 4.5.3.2).", [("5321", "4.5.3.2")]),
        ("RFC 5321, section 2.", [("5321", "2")]),
        ("# as RFC 5321\n    # section 4.4 says", [("5321", "4.4")]),
        ("RFC 5321 sections 3.2 and\n4.2.4", [("5321", "3.2"), ("5321", "4.2.4")]),
        ("RFC 2920 sections 3.1, 3.2", [("2920", "3.1"), ("2920", "3.2")]),
        ("RFC 1870", []),
        ("section 3 of this file", []),
    ],
)
def test_how_a_citation_looks(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(citations(text)) == expected


def test_a_section_that_does_not_exist_is_not_in_the_index() -> None:
    assert ("5321", "4.5.3.2") in index()
    assert ("5321", "9.9") not in index()
