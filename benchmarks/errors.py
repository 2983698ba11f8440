"""What keeps a row, or a suite, from having a figure.

What a machine cannot have is `tests.servers.errors.Unavailable`, as for the servers of the tests.
"""

from __future__ import annotations

from tests.servers.errors import Unavailable

__all__ = ["RowFailed", "Unavailable"]


class RowFailed(Exception):
    """A client failed, or did not do what it was asked for; the text is the reason, in one line."""
