"""The messages of a run, opened when their turn comes."""

from __future__ import annotations

from time import monotonic

from smtpwire.core.address import parse_address, parse_reverse_path
from smtpwire.core.transaction import Envelope, Submission
from smtpwire.errors import InvalidAddress, MessageError, MessageUnusable
from smtpwire.message.body import open_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import NamedTuple

    from smtpwire.core.address import Address
    from smtpwire.message.body import Body
    from smtpwire.message.envelope import HeaderEnvelope
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
        """On the wire, with all that is put in front; None before it was submitted, or uncounted."""
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
    """An iterator of jobs that passes over, and reports, what cannot be used.

    Args:
        settings: which messages.
        unusable: told the index, the name and why.
        warn: told the name and what is odd about a message that is sent all the same.
    """

    def __init__(
        self,
        settings: MessageSettings,
        *,
        unusable: Callable[[int, str, MessageError], None],
        warn: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._names = enumerate(settings.names)
        self._unusable = unusable
        self._warn = warn
        self._envelope = Envelope(settings.reverse_path, settings.recipients)
        self.count = 0
        """How many names have been taken."""

    def next(self) -> Job | None:
        """Open the next message that can be used; None at the end."""
        for index, name in self._taken():
            try:
                job = self._open(index, name)
            except MessageError as error:
                self._unusable(index, name, error)
                continue
            self._look(job)
            return job
        return None

    def rest(self) -> Iterator[tuple[int, str]]:
        """Take all that is left, unopened."""
        yield from self._taken()

    def _taken(self) -> Iterator[tuple[int, str]]:
        names = self._names
        while True:
            try:
                index, name = next(names)
            except StopIteration:
                return
            except MessageError as error:
                self._names = enumerate(())
                self._unusable(self.count, error.where, error)
                return
            self.count += 1
            yield index, name

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
