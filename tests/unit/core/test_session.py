"""What one connection is to do."""

from __future__ import annotations

import pytest

from smtpwire.core.session import SessionOptions, TLSMode


@pytest.mark.parametrize(
    ("mode", "onward", "required"),
    [
        (TLSMode.NONE, False, False),
        (TLSMode.OPPORTUNISTIC, False, False),
        (TLSMode.REQUIRED, False, True),
        (TLSMode.NONE, True, True),
    ],
)
def test_whether_tls_is_required(mode: TLSMode, onward: bool, required: bool) -> None:
    options = SessionOptions("me.example", tls=mode, require_tls_onward=onward)
    assert options.tls_required is required
