"""What a server was sent, read back from what it delivered.

A server adds what its entry here says (tests/servers/README.md) and may change nothing else; so
what remains without that is compared octet by octet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.farm import Server

_PREPENDED: dict[str, tuple[bytes, ...]] = {
    "aiosmtpd": (),
    "exim": (),
    "opensmtpd": (b"Return-Path", b"Delivered-To", b"Received"),
    "postfix": (b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received"),
    "smtp-sink": (
        b"X-Client-Addr",
        b"X-Client-Proto",
        b"X-Helo-Args",
        b"X-Mail-Args",
        b"X-Rcpt-Args",
        b"Received",
    ),
}
"""The fields that each server puts in front of every message, in this order."""

_APPENDED = {"smtp-sink": b"\n"}
_KEEPS_CRLF = {"aiosmtpd", "exim"}


def arrived(server: Server, mark: str, count: int = 1) -> list[bytes]:
    """Wait for the messages that hold a mark, and give what the client must have sent.

    Args:
        server: where they were sent.
        mark: what they hold.
        count: how many there must be, neither less nor more.
    """
    found = server.mail.wait_for(mark.encode(), count)
    assert len(found) == count
    return [_as_sent(server.name, content) for content in found]


def _as_sent(name: str, content: bytes) -> bytes:
    content = content.removesuffix(_APPENDED.get(name, b""))
    for field in _PREPENDED[name]:
        assert content.startswith(field + b": "), content[:200]
        content = _without_first_field(content)
    return content if name in _KEEPS_CRLF else content.replace(b"\n", b"\r\n")


def _without_first_field(content: bytes) -> bytes:
    """The content behind its first field, which goes on for as long as lines begin with a blank."""
    lines = content.split(b"\n")
    end = next(at for at, line in enumerate(lines) if at and not line.startswith((b" ", b"\t")))
    return b"\n".join(lines[end:])
