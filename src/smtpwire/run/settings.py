"""All that decides a run, as values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.client import ClientSettings
    from smtpwire.run.journaled import JournalSettings
    from smtpwire.run.messages import MessageSettings
else:
    from smtpwire.record import NamedTuple


class RetrySettings(NamedTuple):
    """How often, and how soon, what was deferred is tried again."""

    times: int = 0
    """For each message; and so often in a row when no session can be had."""
    delay: float = 60.0
    """Seconds before the first time; each further one waits twice as long as the one before."""


class RunSettings(NamedTuple):
    """All that decides a run."""

    client: ClientSettings
    messages: MessageSettings
    received: bool = False
    """A Received field goes in front of each message (RFC 5321 section 4.4)."""
    disconnect: bool = False
    """A connection for each message."""
    stop_at_failure: bool = False
    """The first failure ends the run."""
    jobs: int = 1
    """How many connections there may be at a time."""
    processes: int = 1
    """Over how many processes these are spread."""
    begun: Callable[[int], object] | None = None
    """Told the index of a message before its first octet of content goes out."""
    journal: JournalSettings | None = None
    """Whom to ask what is settled, and where to write down what becomes of the rest."""
    retry: RetrySettings = RetrySettings()
    """What becomes of what is deferred."""
    max_per_connection: int | None = None
    """How many messages a connection may carry; None for all that it can."""
