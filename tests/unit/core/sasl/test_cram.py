"""CRAM-MD5, octet for octet."""

from __future__ import annotations

import hmac
from typing import NoReturn

import pytest

from smtpwire.core.sasl.cram import CramMD5
from smtpwire.errors import AuthFailed


def test_cram_md5_answers_the_example_of_rfc_2195_section_2() -> None:
    cram = CramMD5(b"tim", b"tanstaaftanstaaf")
    assert cram.initial() is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert cram.step(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_cram_md5_answers_once() -> None:
    cram = CramMD5(b"tim", b"secret")
    assert cram.step(b"<1@x>") is not None
    assert cram.step(b"<2@x>") is None


def test_a_system_without_md5_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key: bytes, *, digestmod: str) -> NoReturn:
        raise ValueError(f"[digital envelope routines] unsupported {digestmod} {key!r}")

    monkeypatch.setattr(hmac, "new", refuse)
    with pytest.raises(AuthFailed, match="needs MD5, which this system does not allow") as caught:
        CramMD5(b"tim", b"secret")
    assert caught.value.mechanism == "CRAM-MD5"
    assert caught.value.__cause__ is None
