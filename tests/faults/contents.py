"""Submissions whose content is what a case is about."""

from __future__ import annotations

from tests.command import Completed, run_smtp

HEADER = b"Subject: test\r\n\r\n"
"""The header of a message whose body the case gives."""


def submit(server: str, message: bytes, *options: str) -> Completed:
    """Submit a message from standard input, in the first form."""
    return run_smtp(*options, server, "s@x", "r@x", stdin=message)
