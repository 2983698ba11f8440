"""The messages of a run, opened when their turn comes.

A message may have to be waited for: its name, when a list comes through a pipe; its octets, when
it does itself.  That may last for ever, so whoever has something under way asks without `wait`.
"""

from __future__ import annotations

from functools import partial

from smtpwire.core.address import parse_address, parse_reverse_path
from smtpwire.core.transaction import Envelope
from smtpwire.errors import Interrupted, InvalidAddress, MessageError, MessageUnusable
from smtpwire.message.body import open_message
from smtpwire.message.opener import Opener
from smtpwire.message.opening import at_hand
from smtpwire.run.job import Job, Opened, written_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import NamedTuple, Protocol

    from smtpwire.core.address import Address
    from smtpwire.message.envelope import HeaderEnvelope
    from smtpwire.message.opening import Digest, Opening
    from smtpwire.net.poll import Interruption

    class Slow(Protocol):
        """Names that are still being read: `ListedNames`, or what a process is given."""

        @property
        def fd(self) -> int | None:
            """What to wait for."""
            ...

        def ready(self) -> bool:
            """Whether the next one, or that there is none, can be had without waiting."""
            ...

        def close(self) -> None:
            """Read no more."""

else:
    from smtpwire.record import NamedTuple

_STDIN = 0


class Portion(NamedTuple):
    """A message as a process is given it by another: to be sent once or several times."""

    first: int
    """The index of the first time; the others follow on it."""
    name: str
    times: int
    mark: int
    """Where it is written down how far the process is with it."""


class MessageSettings(NamedTuple):
    """What the messages of a run are and how they are to be read."""

    names: Iterable[str | Portion]
    """Paths, and "-" for standard input, in order.  Where they are neither a sequence nor from
    `message_names`, each may be long in coming, and is asked for when no message is under way."""
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
    digest: Callable[[], Digest] | None = None
    """Makes what tells a content from others; every message is then scanned."""
    repeat: int = 1
    """How often each message is sent.  It is opened once for all of them, a pipe spooled."""

    @property
    def known(self) -> tuple[str | None, tuple[Address, ...]]:
        """Reverse-path and recipients of a message that was not opened.

        What its header decides is None, and no recipients.
        """
        if self.from_header and not self.reverse_path_given:
            return None, self.recipients
        return written_path(self.reverse_path), self.recipients


class Messages:
    """The jobs of a run, one after the other; what cannot be used is passed over, and reported.

    Args:
        settings: which messages.
        stop: ends the reading of a pipe.
        unusable: told the index, the name and why.
        list_failed: told why the list of names ends before its end.
        warn: told the name and what is odd about a message that is sent all the same.
    """

    def __init__(
        self,
        settings: MessageSettings,
        stop: Interruption,
        *,
        unusable: Callable[[int, str, MessageError], None],
        list_failed: Callable[[MessageError], None],
        warn: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._names = iter(settings.names)
        # A list that is still being read may never end; one that knows its length is all there.
        self._listed = hasattr(self._names, "__length_hint__")
        self._slow: Slow | None = None
        if hasattr(self._names, "ready"):
            self._slow = self._names  # type: ignore[assignment]  # and so it has the rest
        self._unusable = unusable
        self._list_failed = list_failed
        self._warn = warn
        self._envelope = Envelope(settings.reverse_path, settings.recipients)
        self._taken: tuple[int, str] | None = None
        """The message whose turn it is, until it is open."""
        self._name = ""
        """The name that was taken last."""
        self._again = 0
        """How often it is still to be sent."""
        self._opener = Opener()
        self._opening: Opening | None = None
        """The message of that name, while its octets are awaited."""
        self._opened: Opened | None = None
        """The message of that name, once it is open, while it is still to be sent."""
        self.count = 0
        """How many messages have been taken."""
        self.ended = False
        """Whether there are no more names."""

    def next(self, *, wait: bool = True) -> Job | None:
        """Open the next message that can be used.

        Args:
            wait: for as long as its name or its octets need; else only what is there is taken.

        Returns:
            The message; None at the end (then `ended` is set), after an interruption, and where
            there would have been a wait.
        """
        while (taken := self._take(wait=wait)) is not None:
            index, name = taken
            try:
                opened = self._opened or self._open(name, wait=wait)
            except MessageError as error:
                self._taken = self._opening = None
                self._unusable(index, name, error)
                continue
            if opened is None:
                break
            self._taken = None
            self._opened = opened if self._again else None
            return Job(index, opened)
        return None

    @property
    def awaited(self) -> int | None:
        """What the next name comes through, when it is what there is to wait for."""
        names = self._slow
        if self._taken is not None or names is None or names.ready():
            return None
        return names.fd

    def take(self, *, wait: bool) -> tuple[int, str] | None:
        """Take the next message without opening it; without `wait`, if it need not be awaited."""
        taken = self._take(wait=wait)
        self._taken = None
        return taken

    def rest(self) -> Iterator[tuple[int, str]]:
        """Take all that is left, unopened; after an interruption, all that need not be awaited."""
        while (taken := self._take()) is not None:
            self._taken = None
            self._close_opening()
            yield taken

    def close(self) -> None:
        """Close the list of names, and what nobody will send."""
        self._close_opening()
        if self._opened is not None:
            self._opened.body.close()
        if self._slow is not None:
            self._slow.close()

    def _close_opening(self) -> None:
        if self._opening is not None:
            self._opening.close()
            self._opening = None

    def _take(self, *, wait: bool = True) -> tuple[int, str] | None:
        """The index and the name of the message whose turn it is, if there is one."""
        if self._taken is None and (self._again or self._take_name(wait=wait)):
            self._again -= 1
            self._taken = (self.count, self._name)
            self.count += 1
        return self._taken

    def _take_name(self, *, wait: bool) -> bool:
        """Take the next name, if there is one."""
        if self.ended:
            return False
        at_hand = self._name_at_hand()
        if not (wait or at_hand):
            return False
        try:
            take = self._names.__next__
            # To call it through `during` takes two system calls, as much as to open a message.
            at_once = self._listed or (at_hand and self._stop.error() is None)
            name = take() if at_once else self._stop.during(take)
        except StopIteration:
            self.ended = True
        except Interrupted:
            return False
        except MessageError as error:
            self.ended = True
            self._list_failed(error)
        else:
            if isinstance(name, Portion):
                self.count, self._name, self._again, _ = name
            else:
                self._name, self._again = name, self._settings.repeat
        return bool(self._again)

    def _name_at_hand(self) -> bool:
        return self._listed if self._slow is None else self._slow.ready()

    def _open(self, name: str, *, wait: bool) -> Opened | None:
        """Open a message, and look at it; None after an interruption, or where it would wait."""
        if self._stop.error() is not None:
            return None
        opening = self._opening or self._opener.open(source_of(name), name=name)
        self._opening = opening
        if self._settings.digest is not None and opening.digest is None:
            opening.digest = self._settings.digest()
        if not (wait or opening.at_hand):
            return None
        read = partial(self._read, opening, name)
        try:
            opened = read() if opening.ended else self._stop.during(read)
        except Interrupted:
            return None
        self._opening = None
        if opening.digest is not None:
            opened.digest = opening.digest.digest()
        self._look(opened)
        return opened

    def _read(self, source: Opening | str | int, name: str) -> Opened:
        settings = self._settings
        body, header = open_message(
            source,
            name=name,
            from_header=settings.from_header,
            raw=settings.raw,
            dot_stuffing=settings.dot_stuffing,
            scan=settings.spool or settings.repeat > 1,
        )
        try:
            envelope = self._envelope if header is None else self._from_header(header, name)
        except MessageError:
            body.close()
            raise
        return Opened(name, body, envelope, self._again + 1)

    def known_of(self, name: str) -> tuple[str | None, tuple[Address, ...]]:
        """Reverse-path and recipients of a message that was opened elsewhere."""
        source = source_of(name)
        if self._settings.from_header and at_hand(source):
            try:
                opened = self._read(source, name)
            except MessageError:
                return self._settings.known
            opened.body.close()
            return written_path(opened.envelope.reverse_path), opened.envelope.recipients
        return self._settings.known

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

    def _look(self, opened: Opened) -> None:
        facts = opened.body.facts
        if facts is None:
            return
        if facts.nul:
            self._warn(opened.name, "a NUL is in it, which RFC 5321 does not allow: sent as it is")
        if facts.long_line:
            self._warn(
                opened.name,
                "a line is longer than the 998 octets that RFC 5322 allows: sent as it is",
            )


def source_of(name: str) -> str | int:
    """Return what a message of this name is opened by: its path, or standard input."""
    return _STDIN if name == "-" else name
