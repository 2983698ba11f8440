"""The progress bar moves with each message and leaves nothing behind."""

from __future__ import annotations

import re

import pytest

from tests.unit.cli.results import SENT

pytest.importorskip("rich", reason="the bar needs the optional package rich")


@pytest.mark.parametrize(("total", "shown"), [(3, "2/3"), (None, "2/?")])
def test_it_counts_messages(
    total: int | None,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from smtpwire.cli.progress import ProgressBar

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    clock = iter([0.0, 0.01, 0.2])
    bar = ProgressBar(total, lambda: next(clock))
    bar.message(SENT)
    bar.message(SENT)
    bar.write("smtp: [bold]a line[/bold]")
    bar.close()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert shown in text
    assert "smtp: [bold]a line[/bold]" in text
    assert f"1/{total or '?'}" not in text  # too soon to be drawn again
