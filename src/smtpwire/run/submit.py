"""Submitting messages, in one process or several: what the command and the library call."""

from __future__ import annotations

from smtpwire.run.report import Observer
from smtpwire.run.runner import Run
from smtpwire.run.stop import StopRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.run.report import RunReport
    from smtpwire.run.settings import RunSettings


def submit(
    settings: RunSettings, observer: Observer | None = None, stop: StopRequest | None = None
) -> RunReport:
    """Submit all messages; every recipient of every one of them comes to exactly one outcome.

    Args:
        settings: what to do.
        observer: told of everything as it happens; None to be told only at the end.
        stop: consulted between all steps; a signal ends the run without ending a message.
            None for a run that nothing interrupts.

    Returns:
        The outcomes in numbers, and the problems in the order met.
    """
    observer, stop = observer or Observer(), stop or StopRequest()
    if settings.processes > 1:
        from smtpwire.run.crew import Crew

        return Crew(settings, observer, stop).run()
    return Run(settings, observer, stop).run()
