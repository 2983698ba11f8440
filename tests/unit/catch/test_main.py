"""The command line of smtp-catch; tests/catch has what it does as a process."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from smtpwire import __version__
from smtpwire.catch.main import entry, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("port", ["-1", "65536", "smtp", "", "٢٥"])
def test_a_port_is_a_number_up_to_65535(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])
    assert ended.value.code == 64
    assert capsys.readouterr().err.startswith("smtp-catch: argument --port: ")


@pytest.mark.parametrize("argv", [["--prot", "1"], ["stray"], ["--maildir"], ["--por", "1"]])
def test_a_command_line_that_cannot_be_used_is_one_line(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 64
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"smtp-catch {__version__}\n"


def test_entry_takes_the_process_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["smtp-catch", "--version"])
    with pytest.raises(SystemExit):
        entry()
    assert capsys.readouterr().out.startswith("smtp-catch ")


def test_a_maildir_that_cannot_be_made_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["--port=0", f"--maildir={tmp_path}/file/maildir"]) == 73
    reason = "cannot be made a Maildir: Not a directory"
    assert capfd.readouterr().err == f"smtp-catch: {tmp_path}/file/maildir: {reason}\n"


def test_without_the_extra_it_says_how_to_have_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "smtpwire.catch.server", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Without("aiosmtpd"), *sys.meta_path])
    for name in [name for name in sys.modules if name.split(".")[0] == "aiosmtpd"]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["--port=0"]) == 69
    assert capfd.readouterr().err == (
        "smtp-catch: needs aiosmtpd, which is not installed: pip install 'smtpwire[catch]'\n"
    )


def test_a_defect_in_an_import_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "smtpwire.catch.handler", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Without("smtpwire.catch.handler"), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match=r"smtpwire\.catch\.handler"):
        main(["--port=0"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EADDRINUSE, "x"), "the port is in use; name another with --port"),
        (OSError(errno.EACCES, "x"), "cannot be listened on: Permission denied"),
        (OSError(-2, "Name or service not known"), "cannot be listened on: Name or service"),
        (UnicodeError("label empty"), "not a host name"),
    ],
)
def test_what_cannot_be_listened_on_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    expected: str,
) -> None:
    async def serve(*_: object) -> int:
        raise error

    server = importlib.import_module("smtpwire.catch.server")
    monkeypatch.setattr(server, "serve", serve)
    assert main(["--host=::1", "--port=25"]) == 69
    assert capfd.readouterr().err.startswith(f"smtp-catch: [::1]:25: {expected}")


def test_an_interrupt_before_it_listens_ends_it_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def serve(*_: object) -> int:
        raise KeyboardInterrupt

    server = importlib.import_module("smtpwire.catch.server")
    monkeypatch.setattr(server, "serve", serve)
    assert main([]) == 130
    assert capfd.readouterr().err == ""


class _Without:
    """A finder for which one package does not exist."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == self._name or fullname.startswith(f"{self._name}."):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
