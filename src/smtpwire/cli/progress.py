"""A progress bar on standard error, drawn by rich where that is installed.

Nothing else knows rich, and nothing imports it before a bar is to be seen.
"""

from __future__ import annotations

from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.run.report import MessageResult

_REDRAW_SECONDS = 0.1


class ProgressBar(Observer):
    """A bar that moves with each message.

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
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)
        self._clock = clock
        self._drawn = clock()
        self._bar.start()

    def message(self, result: MessageResult) -> None:  # noqa: ARG002 - only that there is one more
        """Move on by one message."""
        self._bar.advance(self._task)
        now = self._clock()
        if now - self._drawn >= _REDRAW_SECONDS:
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
