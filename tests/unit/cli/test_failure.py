"""What is said when the command ends by an exception."""

from __future__ import annotations

import pytest

from smtpwire.cli.errors import CommandError, UsageError
from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.failure import failed
from smtpwire.errors import ConnectError, MessageNotFound

HINT = " (SMTPWIRE_DEBUG=1 shows where)"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("-p", "is wrong"), 64, "smtp: -p: is wrong"),
        (CommandError("--json", "x", ExitCode.CANTCREAT), 73, "smtp: --json: x"),
        (MessageNotFound("not there", where="a\nb"), 66, r"smtp: a\x0ab: not there"),
        (ConnectError("nobody there"), 75, "smtp: nobody there"),
        (
            ZeroDivisionError("by\nzero"),
            70,
            r"smtp: a defect of this program: ZeroDivisionError: by\x0azero" + HINT,
        ),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_one_line_and_a_code(
    error: Exception, code: int, line: str, debug: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    assert failed(error, debug=debug) == code
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1] == line
    assert len(lines) == 1 or (debug and code == 70)


def test_a_defect_shows_where_it_is_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    failed(caught.value, debug=True)
    printed = capfd.readouterr().err
    assert printed.startswith("Traceback")
    assert "_ = 1 / 0" in printed
