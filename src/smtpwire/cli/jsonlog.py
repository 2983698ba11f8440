r"""Records for programs: a JSON object a line for each connection, message and recipient.

The manual page documents every field.  `version` is raised when a field goes or changes its
meaning; a new field alone does not raise it.  The output is ASCII, so that nothing in it can do
anything to a terminal; an octet that is not UTF-8 appears in a string as `\xNN`.
"""

from __future__ import annotations

import json

from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import RecipientOutcome
    from smtpwire.run.report import ConnectionInfo, MessageResult

VERSION = 1


class JsonLog(Observer):
    """Writes these records."""

    def __init__(self, write: Callable[..., None], clock: Callable[[], float]) -> None:
        """Make a log.

        Args:
            write: takes lines.
            clock: seconds since the epoch.
        """
        self._write = write
        self._clock = clock

    def connected(self, info: ConnectionInfo) -> None:
        """Record a connection."""
        self._records([connection_record(info)])

    def message(self, result: MessageResult) -> None:
        """Record a message, and behind it each of its recipients."""
        recipients = [recipient_record(result, outcome) for outcome in result.recipients]
        self._records([message_record(result), *recipients])

    def _records(self, records: list[dict[str, object]]) -> None:
        time = round(self._clock(), 6)
        head: dict[str, object] = {"version": VERSION, "time": time}
        self._write(*[json.dumps({**head, **record}) for record in records])


def connection_record(info: ConnectionInfo) -> dict[str, object]:
    """Return the record of a connection that is ready for messages."""
    return {
        "record": "connection",
        "server": _text(info.server),
        "port": info.port,
        "address": info.address,
        "protocol": info.protocol,
        "tls": info.tls_version,
        "cipher": info.tls_cipher,
        "verified": info.verified,
        "auth": info.mechanism,
        "greeting": _reply(info.greeting),
        "hello": _reply(info.hello),
        "seconds": round(info.seconds, 6),
    }


def message_record(result: MessageResult) -> dict[str, object]:
    """Return the record of a message that is settled."""
    outcomes = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    for recipient in result.recipients:
        outcomes[recipient.outcome.value] += 1
    sender = result.reverse_path
    return {
        "record": "message",
        "name": _text(result.name),
        "index": result.number,
        "reverse_path": None if sender is None else _text(sender),
        "octets": result.octets,
        "outcomes": outcomes,
        "command": result.command or None,
        **_reply(result.reply),
        "error": None if result.error is None else _text(str(result.error)),
        "seconds": round(result.seconds, 6),
    }


def recipient_record(result: MessageResult, outcome: RecipientOutcome) -> dict[str, object]:
    """Return the record of one recipient of a message."""
    return {
        "record": "recipient",
        "name": _text(result.name),
        "index": result.number,
        "recipient": _text(str(outcome.recipient)),
        "outcome": outcome.outcome.value,
        **_reply(outcome.reply),
    }


def _reply(reply: Reply | None) -> dict[str, object]:
    if reply is None:
        return {"code": None, "enhanced": None, "lines": []}
    enhanced = None if reply.status is None else str(reply.status)
    return {"code": reply.code, "enhanced": enhanced, "lines": list(reply.lines)}


def _text(text: str) -> str:
    """Return text that any JSON reader takes: no lone surrogates (RFC 8259 section 8.2)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
