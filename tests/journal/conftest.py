"""What the tests of the journal share: where it is, and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import message_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return message_files(tmp_path, 6)
