"""NTLM and GSSAPI.

pyspnego's own server is at the other end.  Kerberos needs a realm, tickets and a package that is
not pure Python, so the exchange of GSSAPI is shown with NTLM's tokens in the place of Kerberos's:
both are contexts of the GSS-API, and RFC 4752 does not tell them apart.  Kerberos itself is in
tests/real/test_kerberos.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
import spnego
from spnego.exceptions import SpnegoError

from smtpwire.errors import AuthFailed
from smtpwire.net import spnego as module
from smtpwire.net.spnego import Gssapi, Ntlm, available

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "geheim-1"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    accounts = tmp_path / "accounts"
    accounts.write_text(f"DOMAIN:alice:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(accounts))
    return spnego.server(protocol="ntlm")


def test_the_right_password(server: Any) -> None:
    ntlm = Ntlm("DOMAIN\\alice", PASSWORD, "localhost")
    proof = ntlm.step(server.step(ntlm.initial()))
    server.step(proof)
    ntlm.accepted()
    assert server.complete
    assert server.client_principal == "DOMAIN\\alice"
    assert ntlm.step(b"") is None


def test_a_wrong_password(server: Any) -> None:
    ntlm = Ntlm("DOMAIN\\alice", "another", "localhost")
    proof = ntlm.step(server.step(ntlm.initial()))
    with pytest.raises(SpnegoError):
        server.step(proof)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "SpnegoError (7): Major (4): None, Minor (25): No such key, Context: Tickets",
            "No such key",
        ),
        ("SpnegoError (9): Invalid token, Context: NTLM", "Invalid token"),
        ("no words of its own", "no words of its own"),
        ("", "Failure"),
    ],
)
def test_of_an_error_the_words_that_say_something_are_shown(
    monkeypatch: pytest.MonkeyPatch, said: str, reason: str
) -> None:
    class Failure(Exception):
        message = said

    def fail(*_args: object, **_options: object) -> None:
        raise Failure

    monkeypatch.setattr(spnego, "client", fail)
    with pytest.raises(AuthFailed) as caught:
        Ntlm("alice", PASSWORD, "localhost")
    assert str(caught.value) == f"NTLM does not come about: {reason}"


@pytest.mark.parametrize("garbage", [b"", b"x", b"NTLMSSP\0\x02\0\0\0"])
def test_what_is_no_token_ends_the_login(garbage: bytes) -> None:
    ntlm = Ntlm("alice", PASSWORD, "localhost")
    ntlm.initial()
    with pytest.raises(AuthFailed, match="NTLM does not come about") as caught:
        ntlm.step(garbage)
    assert caught.value.mechanism == "NTLM"
    assert PASSWORD not in str(caught.value)


def test_a_yes_in_the_middle_is_none() -> None:
    ntlm = Ntlm("alice", PASSWORD, "localhost")
    ntlm.initial()
    with pytest.raises(AuthFailed, match="before it is complete"):
        ntlm.accepted()


class OverNtlm(Gssapi):
    """GSSAPI with another mechanism of the GSS-API under it."""

    protocol = "ntlm"

    def __init__(self, authzid: str = "") -> None:
        super().__init__("DOMAIN\\alice", "localhost", authzid)


@pytest.fixture
def gssapi(server: Any) -> tuple[OverNtlm, Any]:
    """A client and a server, when the context is there: the layer is next."""
    client = OverNtlm("joe")
    server.step(client.step(server.step(client.initial())))
    assert server.complete
    return client, server


def test_no_security_layer_is_chosen(gssapi: tuple[OverNtlm, Any]) -> None:
    client, server = gssapi
    answer = client.step(server.wrap(b"\x07\x00\x10\x00", encrypt=False).data)
    assert server.unwrap(answer).data == b"\x01\x00\x00\x00joe"
    client.accepted()
    assert client.step(b"") is None


@pytest.mark.parametrize("offer", [b"\x06\x00\x10\x00", b"\x01", b""])
def test_a_server_that_insists_on_a_layer_is_left(
    gssapi: tuple[OverNtlm, Any], offer: bytes
) -> None:
    client, server = gssapi
    with pytest.raises(AuthFailed, match="wants a security layer"):
        client.step(server.wrap(offer, encrypt=False).data)


def test_an_offer_that_is_not_signed_ends_the_login(gssapi: tuple[OverNtlm, Any]) -> None:
    client, _ = gssapi
    with pytest.raises(AuthFailed, match="GSSAPI does not come about"):
        client.step(b"\x07\x00\x10\x00")


def test_a_yes_before_the_layer_is_none(gssapi: tuple[OverNtlm, Any]) -> None:
    client, _ = gssapi
    with pytest.raises(AuthFailed, match="before it is complete"):
        client.accepted()


def test_without_kerberos_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        assert options["protocol"] == "kerberos"
        assert (options["service"], options["hostname"]) == ("smtp", "mail.example")
        assert args == (None, None)
        raise ImportError("GSSAPIProxy requires the Python gssapi library")

    monkeypatch.setattr(spnego, "client", refuse)
    with pytest.raises(AuthFailed) as caught:
        Gssapi("", "mail.example")
    assert str(caught.value) == (
        "GSSAPI does not come about:"
        " it needs more than is installed: pip install 'pyspnego[kerberos]'"
    )


def test_whether_the_extra_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available()
    monkeypatch.setitem(sys.modules, "spnego", None)
    assert not available()
    assert "smtpwire[gssapi]" in module.EXTRA
