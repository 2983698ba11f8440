"""The progress bar moves with each message and leaves nothing behind."""

from __future__ import annotations

import re

import pytest

from smtpwire.core.transaction import Outcome
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


def test_it_tells_the_rate_who_failed_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from smtpwire.cli.progress import ProgressBar

    for name, value in {"TERM": "xterm", "FORCE_COLOR": "1", "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    clock = iter([0.0, 0.01, 0.02, 0.5])
    bar = ProgressBar(10, lambda: next(clock))
    refused, deferred = SENT.recipients[0], SENT.recipients[0]
    refused = refused._replace(outcome=Outcome.REFUSED)
    deferred = deferred._replace(outcome=Outcome.DEFERRED)
    bar.message(SENT._replace(recipients=(refused, refused)))
    bar.message(SENT._replace(recipients=(deferred,)))
    bar.message(SENT)  # one of its recipients was refused
    bar.close()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert re.search(r"3/10\s+6/s\s+3 refused, 1 deferred\s+0:00:00\s+[0-9:-]+", text)
