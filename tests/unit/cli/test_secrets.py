"""Where the password comes from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli import keyring, prompt, secrets
from smtpwire.cli.errors import UsageError
from smtpwire.cli.parse import LoginOptions
from smtpwire.run.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Warnings:
    """Collects warnings."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __call__(self, where: str, text: str) -> None:
        self.heard.append((where, text))


def login(
    password: str | None = None, file: Path | None = None, command: str | None = None
) -> LoginOptions:
    name = None if file is None else str(file)
    return LoginOptions("me", password, name, (), False, password_command=command)


def find_password(
    asked: LoginOptions, environ: Mapping[str, str], warn: Warnings, stop: StopRequest
) -> str:
    return secrets.find_password(asked, ["mail.example"], environ, warn, stop)


@pytest.fixture
def private_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.touch(0o600)
    return file


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have one."""
    monkeypatch.setitem(sys.modules, "keyring", None)


ENVIRONMENT = {"SMTP_PASSWORD": "of the environment"}


def test_the_command_line_comes_first() -> None:
    assert (
        find_password(login("of the line"), ENVIRONMENT, Warnings(), StopRequest()) == "of the line"
    )


def test_fault_93_an_empty_password_is_one() -> None:
    assert find_password(login(""), ENVIRONMENT, Warnings(), StopRequest()) == ""
    assert find_password(login(), {"SMTP_PASSWORD": ""}, Warnings(), StopRequest()) == ""


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret\n", "secret"),
        (b"secret", "secret"),
        (b"secret\r\nsecond line\n", "secret"),
        (b" s\xc3\xbc\n", " sü"),
        (b"", ""),
        (b"\nsecret", ""),
        (b"x" * 200_000, "x" * 65_536),
    ],
)
def test_a_file_comes_before_the_environment(
    private_file: Path, content: bytes, password: str
) -> None:
    private_file.write_bytes(content)
    warnings = Warnings()
    assert find_password(login(file=private_file), ENVIRONMENT, warnings, StopRequest()) == password
    assert warnings.heard == []


def test_a_file_that_others_can_read_is_worth_a_warning(private_file: Path) -> None:
    private_file.write_text("secret\n")
    private_file.chmod(0o640)
    warnings = Warnings()
    assert find_password(login(file=private_file), {}, warnings, StopRequest()) == "secret"
    ((where, text),) = warnings.heard
    assert where == str(private_file)
    assert "chmod 600" in text


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="password': No such file or directory"):
        find_password(login(file=tmp_path / "password"), ENVIRONMENT, Warnings(), StopRequest())


@pytest.mark.parametrize("content", [b"gehe\0im\n", b"gehe\xffim\n"])
def test_a_file_that_holds_no_password(private_file: Path, content: bytes) -> None:
    private_file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        find_password(login(file=private_file), {}, Warnings(), StopRequest())
    assert "gehe" not in str(caught.value)


def test_the_environment() -> None:
    assert find_password(login(), ENVIRONMENT, Warnings(), StopRequest()) == "of the environment"


def test_a_command_comes_before_the_environment() -> None:
    command = "echo of the command; echo and more"
    found = find_password(login(command=command), ENVIRONMENT, Warnings(), StopRequest())
    assert found == "of the command"


def test_a_command_that_fails() -> None:
    with pytest.raises(UsageError, match="the command ended with status 3") as caught:
        find_password(login(command="exit 3"), ENVIRONMENT, Warnings(), StopRequest())
    assert caught.value.where == "--password-command"


def test_a_command_that_prints_no_password() -> None:
    command = r"printf 'gehe\000im'"
    with pytest.raises(UsageError) as caught:
        find_password(login(command=command), ENVIRONMENT, Warnings(), StopRequest())
    assert "gehe" not in str(caught.value)


def test_the_netrc_comes_behind_the_environment(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.touch(0o600)
    netrc.write_text("machine mail.example login me password kept")
    place = {"NETRC": str(netrc)}
    assert find_password(login(), place, Warnings(), StopRequest()) == "kept"
    assert find_password(login(), ENVIRONMENT | place, Warnings(), StopRequest()) == (
        "of the environment"
    )


def test_the_keyring_comes_behind_the_netrc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "keyring_password", lambda user, hosts, warn: "")
    assert find_password(login(), {}, Warnings(), StopRequest()) == ""


def test_without_a_terminal_the_ways_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prompt, "TERMINAL", str(tmp_path / "none"))
    with pytest.raises(UsageError) as caught:
        find_password(login(), {}, Warnings(), StopRequest())
    for way in ("--password-file", "--password-command", "SMTP_PASSWORD", "-P", "a terminal"):
        assert way in str(caught.value)
