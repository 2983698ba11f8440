"""Which writers a run has, and what they could not write."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import CommandError
from smtpwire.cli.masking import Mask
from smtpwire.cli.outputs import Outputs
from smtpwire.cli.parse import CliOptions, parse
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectError, MissingExtension, StartTLSRefused
from smtpwire.run.report import Problem
from smtpwire.run.stop import StopRequest
from tests.unit.cli.results import CERTIFICATE, CONNECTION, NO_USER, SENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smtpwire.errors import SMTPError

PROBLEM = Problem("m", None, NO_USER, "RCPT", Outcome.REFUSED, "c@y")
ECHO = Reply(535, (b"secret is wrong",))


def options(line: str) -> CliOptions:
    return parse(scan(shlex.split(line)))


def outputs_of(line: str) -> Outputs:
    return Outputs(options(line), StopRequest())


def show(line: str, mask: Mask | None = None) -> Outputs:
    made = outputs_of(f"-s mail.example -F {line}")
    observer = made.observer(mask)
    try:
        observer.connected(CONNECTION)
        observer.sent(b"AUTH PLAIN AG1lAHNlY3JldA==\r\n", tls=False, secret=True)
        observer.received(ECHO, tls=False, failure=True)
        observer.message(SENT)
        observer.problem(PROBLEM)
        observer.warning("m", "odd\x1b")
    finally:
        made.close()
    return made


ERRORS = "smtp: m: <c@y> refused: RCPT: 550 5.1.1 no such user\nsmtp: m: warning: odd\\x1b\n"
PLAIN_TRACE = " -> AUTH PLAIN AG1lAHNlY3JldA=="


def test_problems_and_warnings_only(capfd: pytest.CaptureFixture[str]) -> None:
    made = show("")
    assert capfd.readouterr() == ("", ERRORS)
    assert made.code == 0


def test_the_lines_of_v(capfd: pytest.CaptureFixture[str]) -> None:
    show("-v")
    printed = capfd.readouterr()
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["connected", "sent"]
    assert printed.err == ERRORS


def test_the_trace(capfd: pytest.CaptureFixture[str]) -> None:
    show("-t")
    assert capfd.readouterr().out.splitlines() == [
        f"=== TLSv1.3 TLS_AES_256_GCM_SHA384, verified (CA){CERTIFICATE}",
        PLAIN_TRACE,
        "<** 535 secret is wrong",
        "*** m: <c@y> refused: RCPT: 550 5.1.1 no such user",
        r"=== m: odd\x1b",
    ]


def test_the_trace_with_time(capfd: pytest.CaptureFixture[str]) -> None:
    show("-t --trace-time")
    assert capfd.readouterr().out.startswith("    0.")


def test_a_mask_stands_before_everything(capfd: pytest.CaptureFixture[str]) -> None:
    show("-tv", Mask("me", "secret"))
    shown = capfd.readouterr()
    assert " -> AUTH PLAIN (hidden)\n<** 535 (hidden) is wrong\n" in shown.out
    assert "secret" not in shown.out + shown.err


def test_trace_auth_goes_round_it_for_the_trace_alone(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    made = outputs_of(f"-s h -F -t --trace-auth --json {log}")
    observer = made.observer(Mask("me", "secret"))
    observer.received(ECHO, tls=False, failure=True)
    observer.connected(CONNECTION._replace(hello=ECHO))
    observer.problem(Problem("h", None, ECHO, "AUTH", None, None))
    made.close()
    printed = capfd.readouterr()
    assert "<** 535 secret is wrong" in printed.out
    assert "secret" not in printed.err
    assert "secret" not in log.read_text()


OFFERS_NO_TLS = MissingExtension("TLS is not offered", name="STARTTLS")
REFUSES_TLS = StartTLSRefused("TLS is refused")


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("-V", OFFERS_NO_TLS, True),
        ("-V", REFUSES_TLS, True),
        ("-V", MissingExtension("no login", name="AUTH"), False),
        ("-V", ConnectError("nobody there"), False),
        ("-MV", OFFERS_NO_TLS, False),
        ("-TV", REFUSES_TLS, False),
        ("-M", OFFERS_NO_TLS, False),
    ],
)
def test_that_v_alone_requires_tls_is_said_when_it_cannot_be_had(
    line: str, error: SMTPError, said: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    made = outputs_of(f"-s h -F {line}")
    made.observer(None).problem(Problem("h:25", error, None, "", None, None))
    hint = " (-V implies -M)" if said else ""
    assert capfd.readouterr().err == f"smtp: h:25: {error}{hint}\n"


def test_records_are_appended_to_a_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    show(f"--json {log}")
    before, *records = log.read_text().splitlines()
    assert before == "before"
    kinds = [json.loads(record)["record"] for record in records]
    assert kinds == ["connection", "message", "recipient", "recipient", "recipient"]


def test_records_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    show("--json -")
    assert len(capfd.readouterr().out.splitlines()) == 5


def test_a_file_that_cannot_be_opened_ends_the_command_before_anything_is_sent() -> None:
    with pytest.raises(CommandError) as caught:
        outputs_of("-s h -F --json /nonexistent/log")
    assert (caught.value.code, caught.value.where) == (73, "--json")


def test_a_file_that_is_full_is_73_and_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    made = show("--json /dev/full")
    assert made.code == 73
    assert capfd.readouterr().err.count("/dev/full: No space left on device") == 1


@contextmanager
def broken_stdout() -> Iterator[None]:
    """Standard output is a pipe that nobody reads (a fixture would do so too early for capfd)."""
    kept = os.dup(1)
    read_end, write_end = os.pipe()
    os.dup2(write_end, 1)
    os.close(read_end)
    os.close(write_end)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def test_standard_output_that_is_closed_is_74_and_said_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with broken_stdout():
        made = show("-v")
    assert made.code == 74
    assert capfd.readouterr().err.count("standard output: Broken pipe") == 1


class TestBar:
    """A progress bar is drawn where it is of use."""

    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 2)

    @pytest.mark.parametrize(
        ("line", "drawn"),
        [
            ("", False),
            ("one", False),
            ("one two", True),
            ("--files-from list", True),
            ("-v one two", False),
            ("-t one two", False),
            ("--no-progress one two", False),
            ("--progress one", True),
            ("--progress -v one two", True),
        ],
    )
    def test_when(self, line: str, drawn: bool) -> None:
        made = outputs_of(f"-s h -F {line}")
        assert made._bar_is_of_use() == drawn
        made.close()

    def test_never_without_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "isatty", lambda descriptor: False)
        assert not outputs_of("-s h -F --progress one two")._bar_is_of_use()

    @pytest.mark.parametrize(("line", "warned"), [("", False), ("--progress ", True)])
    def test_without_rich_there_is_none(
        self,
        line: str,
        warned: bool,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        for module in ("rich", "rich.console", "rich.progress"):
            monkeypatch.setitem(sys.modules, module, None)
        show(f"{line}one two")
        warning = "smtp: --progress: warning: needs the package rich, which is not installed\n"
        assert capfd.readouterr().err == (warning if warned else "") + ERRORS

    def test_lines_of_standard_error_go_above_it(self, capfd: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("rich", reason="the bar needs the optional package rich")
        show("one two")
        printed = capfd.readouterr()
        assert printed.out == ""
        for line in ERRORS.splitlines():
            assert line in printed.err


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    log = tmp_path / "log"
    before = os.umask(0o027)
    try:
        show(f"--json {log}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(log.stat().st_mode) == 0o640
