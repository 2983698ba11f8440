"""One of the connections that a run may have at a time, from the first try to the last reply.

A slot has one session after the other fail until one is ready, and then that one to its end.  It
holds a message from the start, so that no connection is made for nothing; what was given to its
session and came back unsent is what it leaves behind.
"""

from __future__ import annotations

from smtpwire.errors import ConnectionLost
from smtpwire.run.again import sort_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from smtpwire.client import Server
    from smtpwire.core.event import Close
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
    from smtpwire.run.job import Job
    from smtpwire.run.session import Session, Sessions

    class Office(Protocol):
        """Who has all messages and all slots."""

        def feed(self, slot: Slot, session: Session, *, ahead: bool) -> bool:
            """Submit a message to the slot's session, or finish it; False to do neither now."""
            ...

        def settle(self, job: Job, result: TransactionResult) -> None:
            """Take what became of a message."""

        def landed(self) -> None:
            """Take it that a message is on a session no more, whatever becomes of it."""

        def ready(self) -> None:
            """Take it that a session is there."""

        def failed(self, slot: Slot, server: Server, error: SMTPError) -> None:
            """Take it that a server gave no session."""

        def left(self, slot: Slot, again: list[Job]) -> None:
            """Take it that the session has ended, and that these are to be sent on another."""


class Slot:
    """Has a session.

    Args:
        office: has the messages.
        sessions: makes the session.
        job: the message that waits for it.

    Attributes:
        job: the message that is kept for the session until it is ready; None once it went
            elsewhere.
        flying: given to the session and not settled, by index.
        connected: whether the session is ready.
        used: whether the session was given a message, or told that there is none.
        failures: which servers gave no session, and why.
    """

    def __init__(self, office: Office, sessions: Sessions, job: Job) -> None:
        self._office = office
        self._sessions = sessions
        self.job: Job | None = job
        self.flying: dict[int, Job] = {}
        self.connected = False
        self.used = False
        self.failures: list[tuple[str, SMTPError]] = []
        self._returned: list[tuple[Job, TransactionResult]] = []
        """What the session gave back unsent, in order."""

    @property
    def divided(self) -> bool:
        """Whether a message that is on its session is to follow to further recipients."""
        return any(job.divided for job in self.flying.values())

    def may_carry(self, job: Job) -> bool:
        """Whether a message may go on this session.

        One that has had its one new connection is not given away behind others: a session that has
        carried some may be about to end, and that would settle it.
        """
        return not (self.used and job.replaced)

    def open(self, server: Server) -> None:
        """Try to have a session with a server."""
        self.connected = False
        self._sessions.open(server, self)

    def close(self) -> None:
        """Close the messages that are here, when something broke."""
        for job in self.flying.values():
            job.close()
        for job, _ in self._returned:
            job.close()
        if self.job is not None:
            self.job.close()

    # -- what a session asks and tells (run.session.Desk) -----------------------------------------

    def feed(self, session: Session, *, ahead: bool) -> bool:
        """Give the session its next message, or say that there is none."""
        return self._office.feed(self, session, ahead=ahead)

    def settled(self, result: TransactionResult) -> None:
        """Take what became of a message on this session."""
        job = self.flying.pop(result.id)
        if result.resend:
            self._returned.append((job, result))
        else:
            self._office.settle(job, result)
        self._office.landed()

    def name_of(self, number: int) -> str:
        """The name of a message that is on this session."""
        return self.flying[number].name

    def ready(self) -> None:
        """Take it that messages may follow."""
        self.connected = True
        self._office.ready()

    def closed(self, session: Session, close: Close) -> None:
        """Take the end of the session."""
        if self.used:
            self._office.left(self, self._take_back(close))
            return
        error = close.error or ConnectionLost("the server closed the connection")
        server, servers = session.server, self._sessions.servers
        if session.ready is None and servers.fall_back(server, session.trust, error):
            self.open(server)
        else:
            self._office.failed(self, server, error)

    def unreachable(self, server: Server, error: SMTPError) -> None:
        """Take it that there is no connection."""
        self._office.failed(self, server, error)

    def _take_back(self, close: Close) -> list[Job]:
        """Decide about the messages that the session gave back; return those to be sent again."""
        again, settled = sort_out(close, self._returned)
        self._returned.clear()
        for job, result in settled:
            self._office.settle(job, result)
        return again
