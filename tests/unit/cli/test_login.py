"""From the options about a login to the login."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.errors import UsageError
from smtpwire.cli.login import make_login
from smtpwire.cli.parse import LoginOptions
from smtpwire.errors import AuthFailed
from smtpwire.run.stop import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

    from smtpwire.cli.masking import Mask
    from smtpwire.client import Login


def make(asked: LoginOptions) -> tuple[Login, Mask]:
    return make_login(asked, ["mail.example"], {}, _never, StopRequest())


def _never(where: str, text: str) -> None:
    pytest.fail(f"{where}: {text}")


def test_a_password() -> None:
    login, mask = make(LoginOptions("me", "geheim", None, ("PLAIN",), True, authzid="you"))
    assert login.user == "me"
    assert login.password() == "geheim"
    assert login.renew is None
    assert (login.mechanisms, login.allow_cleartext, login.authzid) == (("PLAIN",), True, "you")
    assert mask.octets(b"no geheim") == b"no (hidden)"


@pytest.mark.parametrize("mechanisms", [("EXTERNAL",), ("EXTERNAL", "GSSAPI")])
def test_without_a_secret_none_is_looked_for(mechanisms: tuple[str, ...]) -> None:
    login, mask = make(LoginOptions("me", None, None, mechanisms, False))
    assert login.password() == ""
    assert mask.octets(b"text") == b"text"


def test_a_token_is_asked_for_each_time(tmp_path: Path) -> None:
    count = tmp_path / "count"
    command = f"echo >>{count}; echo \" token$(wc -l <{count} | tr -d ' ') \""
    asked = LoginOptions("me", None, None, ("XOAUTH2",), False, token_command=command)
    login, _ = make(asked)
    assert not count.exists()
    assert login.password() == "token1"
    assert login.renew is not None
    assert login.renew() == "token2"


def test_a_token_that_cannot_be_had() -> None:
    asked = LoginOptions("me", None, None, ("XOAUTH2",), False, token_command="exit 1")
    login, _ = make(asked)
    with pytest.raises(AuthFailed) as caught:
        login.password()
    assert str(caught.value) == (
        "there is no access token: --oauth-token-command: the command ended with status 1"
    )


def test_a_mechanism_of_the_extra_is_made_for_the_server() -> None:
    asked = LoginOptions("me", "geheim", None, ("NTLM", "PLAIN"), False)
    login, mask = make(asked)
    assert set(login.brought) == {"NTLM"}
    assert login.brought["NTLM"]("mail.example").name == "NTLM"
    assert mask.octets(b"geheim") == b"(hidden)"


def test_without_the_extra_that_is_said_before_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(UsageError, match=r"GSSAPI needs the extra gssapi.*smtpwire\[gssapi\]"):
        make(LoginOptions("", None, None, ("GSSAPI",), False))
