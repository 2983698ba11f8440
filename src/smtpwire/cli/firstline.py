"""The first line of a file, a pipe or a terminal: how a secret is read from any of them."""

from __future__ import annotations

import os

LONGEST_LINE = 65_536
"""Octets of a secret's line; more than any mechanism can carry."""


def first_line(descriptor: int) -> bytes:
    """Read the first line, its end included if it has one; what follows it is lost."""
    data = b""
    while b"\n" not in data and len(data) < LONGEST_LINE:
        block = os.read(descriptor, LONGEST_LINE)
        if not block:
            break
        data += block
    line, end, _ = data.partition(b"\n")
    return line + end


def text(line: bytes) -> str:
    """Return a line as text, without its end; what is not UTF-8 is found out by who checks it."""
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
