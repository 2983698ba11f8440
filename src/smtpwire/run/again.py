"""What becomes of the messages that a connection gave back when it ended.

None of them can have been taken.  A message of a connection that ended as connections do goes on
another one, unasked and once; what only stood behind it was not tried, and goes on all the same.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome
from smtpwire.errors import ConnectionLost, Interrupted, ServerClosing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol, TypeVar

    from smtpwire.core.event import Close
    from smtpwire.core.transaction import TransactionResult

    class Replaceable(Protocol):
        """A message that may have had its one new connection."""

        replaced: bool

    Message = TypeVar("Message", bound=Replaceable)


def sort_out(
    close: Close, returned: Iterable[tuple[Message, TransactionResult]]
) -> tuple[list[Message], list[tuple[Message, TransactionResult]]]:
    """Decide about messages whose result says that they may be sent again.

    Args:
        close: why the connection ended.
        returned: the messages and their results, in order.

    Returns:
        Those that are to be sent on another connection, and those that are settled.
    """
    error = close.error
    replaceable = error is None or isinstance(error, (ConnectionLost, ServerClosing))
    counted = not close.without_chunking
    again: list[Message] = []
    settled: list[tuple[Message, TransactionResult]] = []
    for message, result in returned:
        begun = any(r.outcome is not Outcome.UNSENT for r in result.recipients)
        if isinstance(error, Interrupted) or (begun and not replaceable):
            settled.append((message, result))
        elif counted and message.replaced:
            settled.append((message, _deferred(result)))
        else:
            message.replaced = message.replaced or counted
            again.append(message)
        counted = False  # the others were only behind it
    return again, settled


def _deferred(result: TransactionResult) -> TransactionResult:
    """The result of a message that no connection stayed for: tried, and to be tried again."""
    recipients = tuple(r._replace(outcome=Outcome.DEFERRED) for r in result.recipients)
    return result._replace(recipients=recipients)
