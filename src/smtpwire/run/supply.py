"""The messages of a run over several processes that are with none of them, in portions.

A portion is one message, or several times the same one where each is sent several times: whoever
has it opens it once for all of them.
"""

from __future__ import annotations

from collections import deque

from smtpwire.message.opening import at_hand
from smtpwire.run.messages import source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smtpwire.run.messages import Messages

COPIES = 16
"""Messages in a portion, of one that is sent several times."""


class Supply:
    """What was never dealt out, and what came back: that first.

    Args:
        messages: the messages of the run.
        repeat: how often each is sent.
    """

    def __init__(self, messages: Messages, repeat: int) -> None:
        self._messages = messages
        self._repeat = repeat
        self._back: deque[tuple[int, str]] = deque()

    @property
    def ended(self) -> bool:
        """Whether there is nothing left, unless something comes back."""
        return self._messages.ended and not self._back

    def portion(self, *, wait: bool) -> tuple[int, str, int] | None:
        """Take the next messages of one name.

        Args:
            wait: for a name that is still to come; else only what is there is taken.

        Returns:
            The first index, the name, and how many; None where there is nothing, or nothing yet.
        """
        taken = self._take(wait=wait)
        if taken is None:
            return None
        index, name = taken
        times = 1
        if self._repeat > 1:
            # What comes through a pipe can be opened once.
            most = COPIES if at_hand(source_of(name)) else self._repeat
            while times < most and (more := self._take(wait=wait)) is not None:
                if more != (index + times, name):
                    self._back.appendleft(more)
                    break
                times += 1
        return index, name, times

    def take_back(self, messages: Iterable[tuple[int, str]]) -> None:
        """Take messages that were dealt out, in order: their indices and names."""
        self._back.extendleft(reversed(tuple(messages)))

    def rest(self) -> Iterator[tuple[int, str]]:
        """Take all that is left; after an interruption, all that need not be awaited."""
        yield from sorted(self._back)
        self._back.clear()
        yield from self._messages.rest()

    def _take(self, *, wait: bool) -> tuple[int, str] | None:
        return self._back.popleft() if self._back else self._messages.take(wait=wait)
