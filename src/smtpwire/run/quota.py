"""What a session may still carry: by what its server announced, and by what the user allows.

A message with more recipients than a transaction may have goes in several: who is left over is
postponed, and follows as soon as this transaction has ended.  Where all recipients or none are to
get it (`-a`) no message is divided, since the second part could fail when the first is through.
"""

from __future__ import annotations

from smtpwire.core.limits import NO_LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.address import Address
    from smtpwire.core.limits import Limits
    from smtpwire.run.job import Job


class Quota:
    """What one session may carry.

    Args:
        limits: what the server announced.
        messages: how many messages the user allows; None for any number.
        divide: a message may go to some of its recipients before the others.
    """

    __slots__ = ("_domains", "_left", "_limits", "_narrow")

    def __init__(self, limits: Limits, messages: int | None, *, divide: bool) -> None:
        allowed = [n for n in (limits.mail, messages) if n is not None]
        self._left = min(allowed, default=None)
        self._limits = limits if divide else NO_LIMITS
        self._narrow = divide and (limits.recipients is not None or limits.domains is not None)
        self._domains: set[str] = set()
        """Of all recipients so far."""

    @property
    def spent(self) -> bool:
        """Whether no further message may follow."""
        return self._left == 0

    def take(self, job: Job) -> bool:
        """Let the session carry a message, to as many of its recipients as there may be.

        Returns:
            Whether it can: there may be no room for the domain of any recipient.
        """
        if self._narrow or job.at_most is not None:
            places = self._room_for(job)
            if not places:
                return False
            job.narrow(places)
        if self._left is not None:
            self._left -= 1
        return True

    def _room_for(self, job: Job) -> set[int]:
        """Whom it can go to, by their places."""
        limits, domains = self._limits, self._domains
        most = min((n for n in (limits.recipients, job.at_most) if n is not None), default=None)
        places: set[int] = set()
        for place, recipient in job.unsettled():
            if len(places) == most:
                break
            domain = _domain(recipient)
            if domain not in domains:
                if len(domains) == limits.domains:
                    continue
                domains.add(domain)
            places.add(place)
        return places


def _domain(recipient: Address) -> str:
    return recipient.domain.lower()
