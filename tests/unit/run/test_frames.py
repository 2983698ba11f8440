"""Values that go between processes, whatever the fragmentation."""

from __future__ import annotations

import pytest

from smtpwire import errors
from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome, RecipientOutcome
from smtpwire.run.frames import Frames, frame

REPLY = Reply(550, (b"5.1.1 no",))
VALUES = [REPLY, [Outcome.UNKNOWN], RecipientOutcome(parse_address("a@x"), Outcome.REFUSED, REPLY)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000])
def test_values_arrive_as_they_were(size: int) -> None:
    data = b"".join(map(frame, VALUES))
    frames = Frames()
    arrived = []
    for start in range(0, len(data), size):
        arrived += frames.feed(data[start : start + size])
    assert arrived == VALUES


@pytest.mark.parametrize(
    "error",
    [
        errors.TimedOut("late", wait="MAIL", reply=REPLY),
        errors.HelloRefused("no", ehlo=REPLY, helo=REPLY),
        errors.AuthFailed("no", mechanism="PLAIN", reply=REPLY),
        errors.MissingExtension("no", name="SIZE"),
        errors.RemoteProtocolError("what", line=b"x"),
        errors.MessageTooLarge("much", where="m"),
        errors.InvalidAddress("odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_too(error: errors.SMTPError) -> None:
    (copy,) = Frames().feed(frame(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
