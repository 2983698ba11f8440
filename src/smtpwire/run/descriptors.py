"""Room for many connections: how many descriptors they need, and how more are had.

A process may open so many (getrlimit(2), RLIMIT_NOFILE); the soft limit of 1,024 that is usual it
may raise by itself, up to the hard one.
"""

from __future__ import annotations

A_CONNECTION = 3
"""Its socket, the message that is on it, and the one behind that."""

BESIDE = 32
"""Standard streams, lists, logs, and what the system's resolver opens."""


def make_room(connections: int) -> int | None:
    """Raise the limit of descriptors where so many connections need more.

    Args:
        connections: how many there may be at a time.

    Returns:
        None when there is room now; else the hard limit, which has none.
    """
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

    soft, hard = getrlimit(RLIMIT_NOFILE)
    needed = needed_for(connections)
    if soft == RLIM_INFINITY or soft >= needed:
        return None
    if hard != RLIM_INFINITY and hard < needed:
        return hard
    setrlimit(RLIMIT_NOFILE, (needed, hard))
    return None


def needed_for(connections: int) -> int:
    """Return how many descriptors so many connections need."""
    return A_CONNECTION * connections + BESIDE
