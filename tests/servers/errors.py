"""The one error of this package."""

from __future__ import annotations


class Unavailable(Exception):
    """A server cannot be had on this machine; the text is the reason, in one line."""
