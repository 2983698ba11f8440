"""Nothing in the project says where it was written, or where its packages came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.house.project import ROOT, files

if TYPE_CHECKING:
    from pathlib import Path

FORBIDDEN = {
    "a file outside the project": r"\.\./shar" r"ed",
    "somebody's directory": r"(?<![\w.$}-])/(?:home|root|work|Users)/\w",
    "an index of packages": r"(?i)pypi\.(?:org|python)|pythonhosted|--(?:extra-)?index-"
    r"url|/simp"
    r"le/",
}


def text_files() -> list[Path]:
    """Return the project's files without those that are not text."""
    return [path for path in files() if b"\0" not in path.read_bytes()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in text_files()
        if path.name != "test_text.py"
        for match in re.finditer(FORBIDDEN[what], path.read_text(errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a file outside the project", "see ../shared/x"),
        ("somebody's directory", 'open("/home/me/x")'),
        ("somebody's directory", "in /root/x"),
        ("an index of packages", "https://pypi.org/simple"),
        ("an index of packages", "--extra-index-url x"),
    ],
)
def test_what_is_looked_for_would_be_seen(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)
