"""Calls that block, made in a thread while whoever wants the answer goes on.

A look-up or a fetch by a library may take as long as its server likes, and can be neither waited
for by poll(2) nor interrupted.  So it has a thread, which is left to itself when nobody waits for
it any more.  What is called there must tell nobody anything: it returns or raises.
"""

from __future__ import annotations

import os
from functools import partial
from time import monotonic

from smtpwire.errors import SMTPError
from smtpwire.net.poll import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from smtpwire.net.loop import Loop

    Result = TypeVar("Result")


def aside(
    loop: Loop,
    call: Callable[[], Result],
    *,
    done: Callable[[Result], object],
    failed: Callable[[SMTPError], object],
    limit: tuple[float, SMTPError] | None = None,
) -> None:
    """Call something in a thread; the loop goes on, and tells what came of it.

    Args:
        loop: waits.
        call: what may block.
        done: told what it returned.
        failed: told why there is nothing: what it raised, or why the loop was interrupted.  Any
            exception but SMTPError is a defect, and raised from the loop.
        limit: how many seconds it may take, and what `failed` is told then; None where the call
            has limits of its own.
    """
    results: list[Result] = []
    loop.add(_Aside(lambda: results.append(call()), lambda: done(results[0]), failed, limit))


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Call something that knows no limit, and wait for it; for code that is aside itself.

    Args:
        seconds: how long it may take.
        call: what may block.

    Returns:
        What it returned.

    Raises:
        TimeoutError: it took longer.
        Exception: whatever it raised.
    """
    import _thread

    results: list[Result] = []
    over = _thread.allocate_lock()
    over.acquire()
    errors = _start(lambda: results.append(call()), over.release)
    if not over.acquire(timeout=seconds):
        raise TimeoutError(f"no answer within {seconds:g} seconds")
    if errors:
        raise errors[0]
    return results[0]


def _start(call: Callable[[], object], tell: Callable[[], object]) -> list[Exception]:
    """Call something in a thread; what it raises is in the list before `tell` is called there."""
    import _thread

    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)
        finally:
            tell()

    _thread.start_new_thread(run, ())
    return errors


class _Aside:
    """A call in a thread, as a party of the loop: its descriptor is a pipe that ends with it."""

    events = READ
    pipe = None

    def __init__(
        self,
        call: Callable[[], object],
        done: Callable[[], object],
        failed: Callable[[SMTPError], object],
        limit: tuple[float, SMTPError] | None,
    ) -> None:
        self._call = call
        self._done = done
        self._failed = failed
        self._limit = limit
        self._errors: list[Exception] = []
        self.over = False
        self.deadline = None if limit is None else monotonic() + limit[0]
        self.fd, self._bell = os.pipe()

    def start(self) -> None:
        """Call it."""
        self._errors = _start(self._call, partial(os.close, self._bell))
        self._bell = -1

    def ready(self, events: int) -> None:  # noqa: ARG002 - it is what was waited for
        """The call is over."""
        self.over = True

    def go_on(self) -> None:
        """There is nothing to do but to wait."""

    def late(self) -> None:
        """Wait no longer."""
        if self._limit is not None:
            self._give_up(self._limit[1])

    def interrupt(self, error: SMTPError) -> None:
        """Wait no longer."""
        self._give_up(error)

    def _give_up(self, error: SMTPError) -> None:
        self._errors = [error]
        self.over = True

    def close(self) -> None:
        """Leave the thread to itself."""
        os.close(self.fd)
        if self._bell >= 0:  # it never began
            os.close(self._bell)

    def end(self) -> None:
        """Tell what came of it."""
        self.close()
        if not self._errors:
            self._done()
        elif isinstance(error := self._errors[0], SMTPError):
            self._failed(error)
        else:
            raise error
