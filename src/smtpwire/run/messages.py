"""The messages of a run, opened when their turn comes."""

from __future__ import annotations

from functools import partial
from time import monotonic

from smtpwire.core.address import parse_address, parse_reverse_path
from smtpwire.core.transaction import Envelope, Submission
from smtpwire.errors import Interrupted, InvalidAddress, MessageError, MessageUnusable
from smtpwire.message.body import open_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import NamedTuple

    from smtpwire.core.address import Address
    from smtpwire.message.body import Body
    from smtpwire.message.envelope import HeaderEnvelope
    from smtpwire.net.poll import Interruption
else:
    from smtpwire.record import NamedTuple

_STDIN = 0


class MessageSettings(NamedTuple):
    """What the messages of a run are and how they are to be read."""

    names: Iterable[str]
    """Paths, and "-" for standard input, in order."""
    reverse_path: Address | None = None
    reverse_path_given: bool = True
    """`reverse_path` counts, whatever the header says."""
    recipients: tuple[Address, ...] = ()
    """Of every message; empty with `from_header`."""
    from_header: bool = False
    """Reverse-path and recipients come from each message's header."""
    raw: bool = False
    """Line ends stay as they are."""
    dot_stuffing: bool = True
    spool: bool = True
    """A pipe is read to its end before it is sent, so that its size is known."""


class Job:
    """One message on its way through the run."""

    __slots__ = ("body", "envelope", "index", "name", "octets", "replaced", "started")

    def __init__(self, index: int, name: str, body: Body, envelope: Envelope) -> None:
        self.index = index
        self.name = name
        self.body = body
        self.envelope = envelope
        self.started = monotonic()
        self.octets: int | None = None
        """With all that is put in front; None before it was submitted, and when uncounted."""
        self.replaced = False
        """It has had its one new connection."""

    @property
    def reverse_path(self) -> str:
        """Without brackets; "" for the null reverse-path."""
        path = self.envelope.reverse_path
        return "" if path is None else str(path)

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


class Messages:
    """The jobs of a run, one after the other; what cannot be used is passed over, and reported.

    Args:
        settings: which messages.
        stop: ends the reading of a pipe.
        unusable: told the index, the name and why.
        warn: told the name and what is odd about a message that is sent all the same.
    """

    def __init__(
        self,
        settings: MessageSettings,
        stop: Interruption,
        *,
        unusable: Callable[[int, str, MessageError], None],
        warn: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._names = iter(settings.names)
        # A list that is still being read may never end; one that knows its length is all there.
        self._at_hand = hasattr(self._names, "__length_hint__")
        self._unusable = unusable
        self._warn = warn
        self._envelope = Envelope(settings.reverse_path, settings.recipients)
        self._unopened: tuple[int, str] | None = None
        """The message whose opening was interrupted."""
        self.count = 0
        """How many names have been taken."""

    def next(self) -> Job | None:
        """Open the next message that can be used; None at the end, or after an interruption."""
        while (taken := self._take()) is not None:
            try:
                job = self._stop.during(partial(self._open, *taken))
            except MessageError as error:
                self._unusable(*taken, error)
            except Interrupted:
                self._unopened = taken
                return None
            else:
                self._look(job)
                return job
        return None

    def rest(self) -> Iterator[tuple[int, str]]:
        """Take all that is left, unopened; after an interruption, all that need not be awaited."""
        if self._unopened is not None:
            yield self._unopened
        while (taken := self._take(wait=not self._at_hand)) is not None:
            yield taken

    def _take(self, *, wait: bool = True) -> tuple[int, str] | None:
        """The index and the name of the next message, if there is one."""
        try:
            name = self._stop.during(self._names.__next__) if wait else next(self._names)
        except (StopIteration, Interrupted):
            return None
        except MessageError as error:
            self._names = iter(())
            self._unusable(self.count, error.where, error)
            return None
        self.count += 1
        return self.count - 1, name

    def _open(self, index: int, name: str) -> Job:
        settings = self._settings
        body, header = open_message(
            _STDIN if name == "-" else name,
            name=name,
            from_header=settings.from_header,
            raw=settings.raw,
            dot_stuffing=settings.dot_stuffing,
            scan=settings.spool,
        )
        try:
            envelope = self._envelope if header is None else self._from_header(header, name)
        except MessageError:
            body.close()
            raise
        return Job(index, name, body, envelope)

    def _from_header(self, header: HeaderEnvelope, name: str) -> Envelope:
        reverse_path = self._settings.reverse_path
        try:
            if not self._settings.reverse_path_given:
                if header.sender is None:
                    raise header.sender_error or MessageUnusable("it has no sender", where=name)
                reverse_path = parse_reverse_path(header.sender)
            return Envelope(reverse_path, tuple(map(parse_address, header.recipients)))
        except InvalidAddress as error:
            raise MessageUnusable(f"in its header: {error}", where=name) from error

    def _look(self, job: Job) -> None:
        facts = job.body.facts
        if facts is None:
            return
        if facts.nul:
            self._warn(job.name, "a NUL is in it, which RFC 5321 does not allow: sent as it is")
        if facts.long_line:
            self._warn(
                job.name, "a line is longer than the 998 octets that RFC 5322 allows: sent as it is"
            )
