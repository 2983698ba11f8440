"""Asking on the terminal; with a real one in tests/cli/test_passwords.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpwire.cli import prompt
from smtpwire.run.stop import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_without_a_terminal_there_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prompt, "TERMINAL", str(tmp_path / "none"))
    assert prompt.ask("Password: ", StopRequest()) is None
