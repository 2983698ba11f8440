"""A progress bar on standard error, drawn by rich where that is installed.

Nothing else knows rich, and nothing imports it before a bar is to be seen.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.run.report import MessageResult

_REDRAW_SECONDS = 0.1
_FAILED = (Outcome.REFUSED, Outcome.DEFERRED, Outcome.UNKNOWN)
"""Outcomes of recipients that are counted beside the bar, each where there is one."""


class ProgressBar(Observer):
    """A bar that moves with each message, with how many a second, who failed, and the time left.

    Raises:
        ImportError: rich is not installed.
    """

    def __init__(self, total: int | None, clock: Callable[[], float]) -> None:
        """Draw the bar.

        Args:
            total: how many messages there are; None when that is not known.
            clock: seconds that never go back.
        """
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}/s"),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, rate="-", failed="")
        self._clock = clock
        self._began = self._drawn = clock()
        self._messages = 0
        self._failed = dict.fromkeys(_FAILED, 0)
        self._bar.start()

    def message(self, result: MessageResult) -> None:
        """Move on by one message."""
        self._messages += 1
        for recipient in result.recipients:
            if recipient.outcome in self._failed:
                self._failed[recipient.outcome] += 1
        now = self._clock()
        if now - self._drawn >= _REDRAW_SECONDS:
            failed = (
                f"{count} {outcome.value}" for outcome, count in self._failed.items() if count
            )
            self._bar.update(
                self._task,
                completed=self._messages,
                rate=f"{self._messages / (now - self._began):.0f}",
                failed=", ".join(failed),
            )
            self._bar.refresh()
            self._drawn = now

    def write(self, *lines: str) -> None:
        """Write lines of standard error above the bar."""
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def aside(self, write: Callable[..., None], *lines: str) -> None:
        """Have lines of another stream written that goes to the same terminal."""
        self._bar.stop()
        write(*lines)
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()
