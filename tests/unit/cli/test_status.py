"""What `--status` takes, and what it shows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.arguments import scan
from smtpwire.cli.errors import CommandError, UsageError
from smtpwire.cli.status import show_status
from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome
from smtpwire.run.earlier import Known
from smtpwire.run.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

A, B = parse_address("a@y"), parse_address("b@y")


@pytest.fixture
def path(tmp_path: Path) -> str:
    made = str(tmp_path / "journal")
    with closing(Journal(made)) as journal:
        entry = journal.enter("m", b"1", "me@x", (A, B))
        no = Known(Outcome.REFUSED, Reply(550, (b"5.1.1 no",)), "RCPT")
        journal.settle(entry, 0, Known(Outcome.DEFERRED, None, ""))
        journal.settle(entry, 1, no)
        journal.commit()
    return made


def test_it_counts(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert show_status(scan(["--journal", path, "--status", "-v"])) == 0
    assert capfd.readouterr().out == (
        "deferred: m from <me@x> to 0 of 2, - octets, -\n"
        "messages: 1\naccepted: 0\nrefused: 1\ndeferred: 1\nunsent: 0\nunknown: 0\n"
    )


def test_a_full_disk_is_said(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert show_status(scan(["--journal", path, "--status", "--json", "/dev/full"])) == 74
    assert capfd.readouterr().err == "smtp: --status: cannot be written: No space left on device\n"


def test_no_journal(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file") as caught:
        show_status(scan(["--journal", str(tmp_path / "none"), "--status"]))
    assert caught.value.code == 66


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text" * 1000, encoding="ascii")
    with pytest.raises(CommandError, match="not a database") as caught:
        show_status(scan(["--journal", str(tmp_path / "text"), "--status"]))
    assert caught.value.code == 73


@pytest.mark.parametrize("args", [["-j2"], ["name"], ["-v", "--json", "-"]])
def test_what_it_does_not_take(path: str, args: list[str]) -> None:
    with pytest.raises(UsageError):
        show_status(scan(["--journal", path, "--status", *args]))
