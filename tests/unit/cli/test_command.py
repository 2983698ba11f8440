"""The one place where exceptions become exit codes."""

from __future__ import annotations

import pytest

from smtpwire.cli import app
from smtpwire.cli.command import DEBUG_VARIABLE, run

LINE = ["mail.example", "a@x", "b@y"]


def test_a_page(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], {}) == 0
    assert capfd.readouterr().out.startswith("smtp (smtpwire) ")


def test_a_command_line_that_cannot_be_used(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-Z"], {}) == 64
    assert capfd.readouterr().err.startswith("smtp: -Z: there is no such option")


def test_the_run_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "submit", lambda options, environ: 67)
    assert run(LINE, {}) == 67


@pytest.mark.parametrize(("environ", "traceback"), [({}, False), ({DEBUG_VARIABLE: "1"}, True)])
def test_a_defect_is_70_and_one_line(
    environ: dict[str, str],
    traceback: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def defect(options: object, environ: object) -> int:
        raise ZeroDivisionError("really")

    monkeypatch.setattr(app, "submit", defect)
    assert run(LINE, environ) == 70
    assert ("Traceback" in capfd.readouterr().err) == traceback
