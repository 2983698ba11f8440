"""One message on its way through a run: opened once, sent once or several times."""

from __future__ import annotations

from time import monotonic

from smtpwire.core.transaction import Submission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from smtpwire.core.address import Address
    from smtpwire.core.transaction import Envelope
    from smtpwire.message.body import Body
    from smtpwire.message.reader import Reader
    from smtpwire.net.contract import Readable
    from smtpwire.run.earlier import Earlier


class Opened:
    """A message that was opened, to be sent once or several times."""

    __slots__ = ("_left", "body", "digest", "envelope", "name")

    def __init__(self, name: str, body: Body, envelope: Envelope, times: int) -> None:
        self.name = name
        self.body = body
        self.envelope = envelope
        self.digest = b""
        """Of its content, where somebody asked for it."""
        self._left = times

    def release(self) -> None:
        """Take it that it was sent once more, and close it behind the last time."""
        self._left -= 1
        if not self._left:
            self.body.close()


class Job:
    """One message on its way through the run."""

    __slots__ = (
        "_opened",
        "at_most",
        "body",
        "digest",
        "earlier",
        "envelope",
        "index",
        "name",
        "octets",
        "replaced",
        "started",
        "tries",
    )

    def __init__(self, index: int, opened: Opened) -> None:
        self.index = index
        self.name = opened.name
        self.body = opened.body
        self.envelope = opened.envelope
        """Of whom it is sent to now."""
        self.digest = opened.digest
        self.earlier: Earlier | None = None
        """What is settled of it already."""
        self._opened = opened
        self.started = monotonic()
        self.octets: int | None = None
        """With all that is put in front; None before it was submitted, and when uncounted."""
        self.replaced = False
        """It has had its one new connection."""
        self.at_most: int | None = None
        """To how many recipients it may go in one transaction, when that was found out."""
        self.tries = 0
        """How often it was tried again after it was deferred."""

    @property
    def reverse_path(self) -> str:
        """Without brackets; "" for the null reverse-path."""
        return written_path(self.envelope.reverse_path)

    def leave_out(self, earlier: Earlier) -> None:
        """Send it to whoever is not settled."""
        self.earlier = earlier
        self.envelope = self.envelope._replace(recipients=earlier.left)

    def narrow(self, places: AbstractSet[int]) -> None:
        """Send it to those in these places first."""
        unsettled = {place for place, _ in self.unsettled()}
        if self.divided or len(places) < len(unsettled):
            self.leave_out(self._with_postponed(unsettled - places))

    def widen(self) -> None:
        """Send it to all who are not settled."""
        if self.divided:
            self.leave_out(self._with_postponed(frozenset()))

    def _with_postponed(self, postponed: AbstractSet[int]) -> Earlier:
        from smtpwire.run.earlier import Earlier

        if self.earlier is None:
            return Earlier(self.envelope.recipients, {}, postponed)
        return Earlier(self.earlier.recipients, self.earlier.known, postponed)

    @property
    def divided(self) -> bool:
        """Whether recipients are left over for a further transaction."""
        return self.earlier is not None and bool(self.earlier.postponed)

    def placed(self) -> Iterable[tuple[int, Address]]:
        """Whom it is sent to now, each with its place among all its recipients."""
        if self.earlier is None:
            return enumerate(self.envelope.recipients)
        return self.earlier.placed()

    def unsettled(self) -> Iterable[tuple[int, Address]]:
        """Who is not settled, each with its place among all its recipients."""
        if self.earlier is None:
            return enumerate(self.envelope.recipients)
        return self.earlier.unsettled()

    def close(self) -> None:
        """Give back what the message holds open; called once, when it is settled."""
        self._opened.release()

    def submission(self, prefix: bytes) -> Submission:
        """What the engine needs to know, with `prefix` in front of the content."""
        facts = self.body.facts
        if facts is None:
            self.octets = None
            return Submission(self.index, self.envelope)
        self.octets = facts.size + len(prefix)
        return Submission(
            self.index,
            self.envelope,
            size=self.octets,
            data_size=facts.data_size + len(prefix),
            eightbit=facts.eightbit,
        )


class BodyWatched:
    """A body of which is told that it begins to be read.

    Args:
        body: the body.
        begun: called before it is.
    """

    def __init__(self, body: Readable, begun: Callable[[], object]) -> None:
        self._body = body
        self._begun = begun

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> Reader:
        """Begin to send the content."""
        self._begun()
        return self._body.reader(stuffed=stuffed, prefix=prefix)


def written_path(reverse_path: Address | None) -> str:
    """A reverse-path without brackets; "" for the null one."""
    return "" if reverse_path is None else str(reverse_path)
