"""What is settled of a message before it is sent to the rest of its recipients.

An earlier run settled it, by its journal, or an earlier attempt of this one.  Such a recipient is
not asked again, and counts as what it came to.
"""

from __future__ import annotations

from smtpwire.core.transaction import Outcome, RecipientOutcome
from smtpwire.run.report import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from typing import NamedTuple

    from smtpwire.core.address import Address
    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import TransactionResult
    from smtpwire.errors import SMTPError
else:
    from smtpwire.record import NamedTuple


class Known(NamedTuple):
    """What one recipient came to."""

    outcome: Outcome
    reply: Reply | None
    command: str
    """What the reply answers; "" for none."""
    error: SMTPError | None = None
    """What else there is to say of it."""


class Earlier:
    """What is settled of one message.

    Args:
        recipients: all of them, in order.
        known: what is settled, by the recipient's place among them.
        postponed: the places of those for whom there is no room in the next transaction.
    """

    __slots__ = ("known", "postponed", "recipients")

    def __init__(
        self,
        recipients: tuple[Address, ...],
        known: Mapping[int, Known],
        postponed: AbstractSet[int] = frozenset(),
    ) -> None:
        self.recipients = recipients
        self.known = known
        self.postponed = postponed

    @property
    def left(self) -> tuple[Address, ...]:
        """Whom the next transaction is for."""
        return tuple(recipient for _, recipient in self.placed())

    def placed(self) -> Iterator[tuple[int, Address]]:
        """Whom the next transaction is for, each with its place among all of them."""
        return (placed for placed in self.unsettled() if placed[0] not in self.postponed)

    def unsettled(self) -> Iterator[tuple[int, Address]]:
        """Who is not settled, each with its place among all of them."""
        return (placed for placed in enumerate(self.recipients) if placed[0] not in self.known)

    def joined(self, now: tuple[RecipientOutcome, ...]) -> tuple[RecipientOutcome, ...]:
        """All outcomes in order, with those of the others, which came now."""
        others = iter(now)
        return tuple(
            RecipientOutcome(recipient, known.outcome, known.reply)
            if (known := self.known.get(place)) is not None
            else next(others)
            for place, recipient in enumerate(self.recipients)
        )

    def problems(self, name: str) -> Iterator[Problem]:
        """What there is to say of those that were not accepted.

        Once for the whole message, but for each recipient who has an answer of its own.
        """
        told: set[tuple[object, ...]] = set()
        for place, (outcome, reply, command, error) in self.known.items():
            if outcome is Outcome.ACCEPTED:
                continue
            own = command == "RCPT"
            kind = (outcome, reply, command, place if own else None)
            if kind not in told:
                told.add(kind)
                recipient = str(self.recipients[place]) if own else None
                yield Problem(name, error, reply, command, outcome, recipient)


def known_of(result: TransactionResult, error: SMTPError | None = None) -> list[Known]:
    """What each recipient of a transaction came to, with the command that decided."""
    return [
        Known(outcome, reply, _command(reply, result), error)
        for _, outcome, reply in result.recipients
    ]


def _command(reply: Reply | None, result: TransactionResult) -> str:
    if reply is None:
        return ""
    return result.command if reply is result.reply else "RCPT"
