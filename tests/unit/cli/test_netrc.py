"""The machine's netrc."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.errors import CommandError
from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.netrc import netrc_password

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = """\
machine one.example login me password "of one"
machine two.example
    login me
    password same
machine three.example login me password same
machine any.example password anybodys
machine empty.example login me
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / ".netrc"
    path.touch(0o600)
    path.write_text(ENTRIES)
    return path


def never(where: str, text: str) -> None:
    pytest.fail(f"{where}: {text}")


def look(file: Path, *hosts: str, user: str = "me") -> str | None:
    return netrc_password(user, hosts, {"HOME": str(file.parent)}, never)


@pytest.mark.parametrize(
    ("hosts", "password"),
    [
        (["one.example"], "of one"),
        (["two.example"], "same"),
        (["two.example", "three.example"], "same"),
        (["one.example", "two.example"], None),
        (["two.example", "other.example"], None),
        (["other.example"], None),
        (["any.example"], "anybodys"),
        (["empty.example"], None),
    ],
)
def test_a_password_is_for_its_machine(file: Path, hosts: list[str], password: str | None) -> None:
    assert look(file, *hosts) == password


def test_a_password_is_for_its_user(file: Path) -> None:
    assert look(file, "one.example", user="you") is None
    assert look(file, "any.example", user="you") == "anybodys"


def test_the_default_is_for_every_machine(file: Path) -> None:
    file.write_text("default login me password everywhere\n")
    assert look(file, "one.example", "two.example") == "everywhere"


def test_the_variable_names_another_file(file: Path) -> None:
    environ = {"NETRC": str(file), "HOME": "/nonexistent"}
    assert netrc_password("me", ["one.example"], environ, never) == "of one"


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert netrc_password("me", ["one.example"], {"HOME": str(tmp_path)}, never) is None
    assert netrc_password("me", ["one.example"], {}, never) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_can_read_or_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(CommandError, match="chmod 600") as caught:
        look(file, "one.example")
    assert (caught.value.where, caught.value.code) == (str(file), ExitCode.CONFIG)


def test_a_file_of_somebody_else_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = file.stat()
    fields = list(mine)
    fields[4] = 12_345  # st_uid
    monkeypatch.setattr(os, "stat", lambda path: os.stat_result(fields))
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    with pytest.raises(CommandError, match="somebody else owns"):
        look(file, "one.example")


def test_what_is_not_used_may_be_read_by_others(file: Path) -> None:
    file.chmod(0o644)
    assert look(file, "other.example") is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"machine one.example\nlogin me passwort geheim\n", "line 2 is not one of a netrc file"),
        (b"machine one.example login me password geheim\xff\n", "cannot be read: it is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_understood_is_worth_a_warning(
    file: Path, content: bytes, text: str
) -> None:
    file.write_bytes(content)
    heard = []
    environ = {"HOME": str(file.parent)}

    def hear(where: str, what: str) -> None:
        heard.append((where, what))

    assert netrc_password("me", ["one.example"], environ, hear) is None
    ((where, what),) = heard
    assert where == str(file)
    assert text in what
    assert "geheim" not in what


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    heard = []
    environ = {"NETRC": str(tmp_path)}
    assert netrc_password("me", ["x"], environ, lambda where, what: heard.append(what)) is None
    assert heard == ["this netrc file cannot be read: Is a directory"]
