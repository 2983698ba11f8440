"""What a run tells, made by hand for the tests of those who show it."""

from __future__ import annotations

from smtpwire.core.address import parse_address
from smtpwire.core.reply import Reply
from smtpwire.core.transaction import Outcome, RecipientOutcome
from smtpwire.run.report import ConnectionInfo, MessageResult

QUEUED = Reply(250, (b"2.0.0 Ok: queued as 4ABC",))
NO_USER = Reply(550, (b"5.1.1 no such user",))

CONNECTION = ConnectionInfo(
    server="mail.example",
    port=25,
    address="192.0.2.1",
    protocol="ESMTP",
    tls_version="TLSv1.3",
    tls_cipher="TLS_AES_256_GCM_SHA384",
    verified_by="CA",
    certificate_names=("mail.example", "192.0.2.1"),
    certificate_expires=1_800_000_000,
    mechanism="PLAIN",
    greeting=Reply(220, (b"mail.example ESMTP",)),
    hello=Reply(250, (b"mail.example", b"SIZE")),
    seconds=0.25,
)

CERTIFICATE = ", certificate for mail.example 192.0.2.1 until 2027-01-15"
"""What is told of it."""

IN_THE_CLEAR = CONNECTION._replace(
    tls_version=None,
    tls_cipher=None,
    verified_by="",
    certificate_names=(),
    certificate_expires=None,
    mechanism=None,
)


def recipient(address: str, outcome: Outcome, reply: Reply | None = None) -> RecipientOutcome:
    return RecipientOutcome(parse_address(address), outcome, reply)


SENT = MessageResult(
    number=0,
    name="msg1.eml",
    reverse_path="a@x",
    recipients=(
        recipient("b@y", Outcome.ACCEPTED, QUEUED),
        recipient("c@y", Outcome.REFUSED, NO_USER),
        recipient("d@y", Outcome.ACCEPTED, QUEUED),
    ),
    octets=48213,
    outcome=Outcome.ACCEPTED,
    reply=QUEUED,
    command="end of data",
    error=None,
    seconds=1.5,
)
