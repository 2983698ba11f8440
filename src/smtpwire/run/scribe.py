"""Writes a journal in a thread of its own, while the loop goes on.

A commit waits for a disk.  What came meanwhile, from all connections, is the next batch: the slower
the disk, the larger the batches, and a connection never waits for more than two of them.

The thread does nothing but write: what it was given it never looks at, and it tells the loop by a
pipe.
"""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue

from smtpwire.errors import JournalError
from smtpwire.net.poll import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.errors import SMTPError
    from smtpwire.net.loop import Loop
    from smtpwire.run.journal import Batch, Journal


class Scribe:
    """Writes one batch at a time; a party of `smtpwire.net.loop` while it does.

    Args:
        journal: what is written to.
        loop: the loop of the run.
        written: called when a batch is durable, or with the reason why it is not.
    """

    events = READ
    pipe = None
    deadline = None

    def __init__(
        self, journal: Journal, loop: Loop, written: Callable[[JournalError | None], object]
    ) -> None:
        self.busy = False
        """A batch is being written."""
        self.over = True
        self.fd, self._bell = os.pipe()
        self._journal = journal
        self._loop = loop
        self._written = written
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._results: SimpleQueue[JournalError | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, batch: Batch) -> None:
        """Begin to write; nothing else is being written."""
        self.busy = True
        self._batches.put(batch)
        if self.over:
            self.over = False
            self._loop.add(self)

    def stop(self) -> JournalError | None:
        """Wait for what is being written, and end the thread; return why that failed, if it did."""
        self._batches.put(None)
        self._thread.join()
        os.close(self._bell)
        os.close(self.fd)
        return self._results.get() if self.busy else None

    def _write_all(self) -> None:
        while (batch := self._batches.get()) is not None:
            error = None
            try:
                self._journal.write(batch)
            except JournalError as failure:
                error = failure
            except Exception as defect:  # noqa: BLE001 - in a thread, where only the loop can tell
                error = JournalError(f"the journal cannot be used: {defect!r}")
            self._results.put(error)
            os.write(self._bell, b"\0")

    # -- what the loop asks and tells (net.loop.Party) -------------------------------------------

    def start(self) -> None:
        """It was begun before."""

    def ready(self, events: int) -> None:  # noqa: ARG002 - there is only one thing to come
        """The batch is written."""
        os.read(self.fd, 1)
        self.busy = False
        self._written(self._results.get())
        self.over = not self.busy

    def go_on(self) -> None:
        """There is nothing to do but to wait."""

    def late(self) -> None:
        """It never is."""

    def interrupt(self, error: SMTPError) -> None:
        """What is being written is waited for."""

    def end(self) -> None:
        """It may take part again."""

    def close(self) -> None:
        """The descriptor is needed until the thread has ended."""
