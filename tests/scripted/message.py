"""A message that the model server accepted, as it came."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """Envelope and content of one accepted message."""

    reverse_path: str
    """Without its angle brackets."""
    parameters: tuple[str, ...]
    """Of MAIL, in order."""
    recipients: tuple[str, ...]
    """The accepted ones in order, without angle brackets."""
    content: bytes
    by: str
    """DATA or BDAT."""
    tls: bool
    user: str | None
    """Whoever had logged in."""
