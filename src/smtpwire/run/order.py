"""One message of the asynchronous library: what was asked for, and whoever waits for the answer.

A content comes as octets, which are looked through when their turn comes, or as the name of a file
or an open file, which may have to be waited for and so is opened in a thread.
"""

from __future__ import annotations

import io
import os
from time import monotonic

from smtpwire.core.transaction import Submission
from smtpwire.errors import LocalProtocolError, MessageError, MessageUnreadable
from smtpwire.message.body import open_body
from smtpwire.message.content import reason
from smtpwire.message.memory import body_of
from smtpwire.record import new

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Protocol, TypeAlias

    from smtpwire.core.transaction import Envelope, TransactionResult
    from smtpwire.message.body import Body
    from smtpwire.message.reader import Reader

    class Readable(Protocol):
        """A file object, of which `read()` is all that is used."""

        def read(self) -> bytes:
            """All that is left of it."""
            ...

    Source: TypeAlias = bytes | bytearray | memoryview | str | os.PathLike[str] | Readable

_OF_THE_SYSTEM = (io.FileIO, io.BufferedReader, io.BufferedRandom)
"""File objects that give the octets of their descriptor, and no others."""


class Order:
    """A message that is to be submitted.

    Attributes:
        number: no other order of the client has it.
        name: what it is called in errors.
        replaced: it has had its one new connection.
        octets: its size, None before it was submitted.
        in_memory: it can be opened without waiting for anybody.
        started: when it was given to a connection first, in monotonic seconds.
    """

    __slots__ = (
        "_body",
        "_raw",
        "_source",
        "envelope",
        "future",
        "in_memory",
        "name",
        "number",
        "octets",
        "replaced",
        "started",
    )

    def __init__(
        self,
        number: int,
        envelope: Envelope,
        source: Source,
        future: asyncio.Future[TransactionResult],
        *,
        raw: bool,
    ) -> None:
        self.number = number
        self.envelope = envelope
        self.future = future
        self.replaced = False
        self.octets: int | None = None
        self.started = 0.0
        self.in_memory = isinstance(source, (bytes, bytearray, memoryview))
        self.name = f"message {number}"
        if isinstance(source, (str, os.PathLike)):
            self.name = os.fspath(source)
        self._source = source
        self._raw = raw
        self._body: Body | None = None

    def open(self) -> None:
        """Look through the message; this may wait for files, unless it is in memory.

        Raises:
            MessageError: it cannot be sent.
        """
        source, name, raw = self._source, self.name, self._raw
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._body = body_of(bytes(source), name=name, raw=raw)
        elif isinstance(source, (str, os.PathLike)):
            self._body = open_body(os.fspath(source), name=name, raw=raw)
        elif isinstance(source, _OF_THE_SYSTEM):
            if source.seekable():
                # What a buffer read ahead is not read by whoever has the file.
                os.lseek(source.fileno(), source.tell(), os.SEEK_SET)
            self._body = open_body(source.fileno(), name=name, raw=raw)
        else:
            try:
                octets = source.read()
            except OSError as error:
                text = f"reading failed: {reason(error)}"
                raise MessageUnreadable(text, where=name) from error
            self._body = body_of(octets, name=name, raw=raw)

    @property
    def opened(self) -> bool:
        """Whether `open` was called, and successful."""
        return self._body is not None

    def submission(self) -> Submission:
        """What the engine needs to know; `open` was called before."""
        facts = None if self._body is None else self._body.facts
        if facts is None:
            raise LocalProtocolError("a message was submitted before it was opened")
        if not self.started:
            self.started = monotonic()
        self.octets = facts.size
        number, envelope, size = self.number, self.envelope, facts.size
        return new(Submission, (number, envelope, size, facts.data_size, facts.eightbit))

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> Reader:
        """Begin to send the content, if it is still wanted.

        Raises:
            MessageError: it is not; nothing of it is sent.
        """
        if self._body is None or self.future.cancelled():
            raise MessageError("the submission was cancelled", where=self.name)
        return self._body.reader(stuffed=stuffed, prefix=prefix)

    def settle(self, result: TransactionResult) -> None:
        """Tell what became of it."""
        self.close()
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Tell why nothing of it was ever said to a server."""
        self.close()
        if not self.future.done():
            self.future.set_exception(error)

    def close(self) -> None:
        """Give back what it holds open; it may be opened again."""
        if self._body is not None:
            self._body.close()
            self._body = None
