"""REQUIRETLS: what it demands before the first MAIL."""

from __future__ import annotations

from smtpwire.core.session import TLSMode
from smtpwire.errors import MissingExtension, StartTLSRefused
from tests.unit.core.test_opening import QUIT, failure, greeted


def test_requiretls_requires_tls_whatever_else_is_asked_for() -> None:
    """RFC 8689 section 4.2.1."""
    client, said = greeted("REQUIRETLS", require_tls_onward=True)
    assert said == [QUIT]
    assert isinstance(failure(client), MissingExtension)
    client, said = greeted("STARTTLS", require_tls_onward=True, tls=TLSMode.OPPORTUNISTIC)
    assert said == ["STARTTLS"]
    assert client.hear("454 not now") == [QUIT]
    assert isinstance(failure(client), StartTLSRefused)
