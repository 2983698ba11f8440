"""The desktop's keyring, by a backend of this test's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from smtpwire.cli.keyring import keyring_password
from smtpwire.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kept(KeyringBackend):
    """Has three passwords."""

    def get_password(self, service: str, username: str) -> str | None:
        if username == "locked":
            raise KeyringLocked("geheim")
        if username == "broken":
            raise RuntimeError("geheim")
        if username == "stopped":
            raise Interrupted("stopped by a signal")
        kept = {"smtp://one": "of one", "smtp://two": "same", "smtp://three": "same"}
        return kept.get(service) if username == "me" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def kept() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Kept())  # type: ignore[no-untyped-call]  # keyring's is untyped
    yield
    keyring.set_keyring(before)


def never(where: str, text: str) -> None:
    pytest.fail(f"{where}: {text}")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("user", "hosts", "password"),
    [
        ("me", ["one"], "of one"),
        ("me", ["two", "three"], "same"),
        ("me", ["one", "two"], None),
        ("me", ["one", "other"], None),
        ("me", ["other"], None),
        ("you", ["one"], None),
    ],
)
def test_a_password_is_for_its_user_and_server(
    user: str, hosts: list[str], password: str | None
) -> None:
    assert keyring_password(user, hosts, never) == password


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("user", "name"), [("locked", "KeyringLocked"), ("broken", "RuntimeError")]
)
def test_a_keyring_that_cannot_be_read_is_worth_a_warning(user: str, name: str) -> None:
    heard = []
    assert keyring_password(user, ["one"], lambda *said: heard.append(said)) is None
    assert heard == [("keyring", f"it cannot be read ({name})")]


@pytest.mark.usefixtures("kept")
def test_a_signal_is_no_fault_of_the_keyring() -> None:
    with pytest.raises(Interrupted):
        keyring_password("stopped", ["one"], never)


def test_without_a_keyring_there_is_none() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # keyring's is untyped
    try:
        assert keyring_password("me", ["one"], never) is None
    finally:
        keyring.set_keyring(before)


def test_without_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keyring_password("me", ["one"], never) is None
