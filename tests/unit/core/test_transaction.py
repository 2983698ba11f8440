"""What a submission is answered."""

from __future__ import annotations

from smtpwire.core.transaction import Outcome, RecipientOutcome, TransactionResult
from tests.unit.core.helpers import addresses, reply


def test_how_many_recipients_were_accepted() -> None:
    ok, no = reply("250 ok"), reply("550 no")
    first, second, third = addresses(3)
    recipients = (
        RecipientOutcome(first, Outcome.ACCEPTED, ok),
        RecipientOutcome(second, Outcome.REFUSED, no),
        RecipientOutcome(third, Outcome.ACCEPTED, ok),
    )
    result = TransactionResult(0, recipients, ok, None, "end of data", resend=False)
    assert result.accepted == 2
