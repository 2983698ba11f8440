"""What a caller may ask of a connection."""

from __future__ import annotations

from smtpwire.client import endpoint


def test_endpoints() -> None:
    assert endpoint("mail.example", 25) == "mail.example:25"
    assert endpoint("::1", 25) == "[::1]:25"
