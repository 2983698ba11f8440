"""The one place where exceptions become exit codes."""

from __future__ import annotations

import pytest

from smtpwire.cli import app, main
from smtpwire.cli.main import DEBUG_VARIABLE

LINE = ["mail.example", "a@x", "b@y"]


def test_a_page(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"], {}) == 0
    assert capfd.readouterr().out.startswith("smtp (smtpwire) ")


def test_a_command_line_that_cannot_be_used(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["-Z"], {}) == 64
    assert capfd.readouterr().err.startswith("smtp: -Z: there is no such option")


def test_the_run_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "submit", lambda options, environ: 67)
    assert main.main(LINE, {}) == 67


def test_an_interrupt_before_the_run_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(options: object, environ: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "submit", interrupted)
    assert main.main(LINE, {}) == 130


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
    assert main.main(LINE, environ) == 70
    assert ("Traceback" in capfd.readouterr().err) == traceback


def test_the_process_gives_its_words_and_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["smtp", "--version"])
    assert main.entry() == 0
