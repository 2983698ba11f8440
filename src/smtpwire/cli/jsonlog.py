r"""Records for programs: a JSON object a line for each connection, message, recipient and failure.

The manual page documents every field.  `version` is raised when a field goes or changes its
meaning; a new field alone does not raise it.  The output is ASCII, so that nothing in it can do
anything to a terminal; an octet that is not UTF-8 appears in a string as `\xNN`.

Records are written one by one, and a long reply that stands behind many of them is written once:
one reply to the end of data of a message to thousands must cost neither memory nor disk by the
thousand.
"""

from __future__ import annotations

import json

from smtpwire.cli.escape import translated
from smtpwire.core.transaction import Outcome
from smtpwire.errors import HelloRefused, RemoteProtocolError
from smtpwire.run.report import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from smtpwire.core.reply import Reply
    from smtpwire.core.transaction import RecipientOutcome
    from smtpwire.run.report import ConnectionInfo, MessageResult, Problem

VERSION = 1

LONG_REPLY = 4096
"""Characters; a longer reply is not written again in the records that follow."""


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
        self._long_lines: list[str] = []
        """The lines of the last long reply that was written."""

    def connected(self, info: ConnectionInfo) -> None:
        """Record a connection."""
        self._record(connection_record(info))

    def message(self, result: MessageResult) -> None:
        """Record a message, and behind it each of its recipients."""
        self._record(message_record(result))
        for outcome in result.recipients:
            self._record(recipient_record(result, outcome))

    def problem(self, problem: Problem) -> None:
        """Record what failed outside of any message; the others are in their messages' records."""
        if problem.outcome is None:
            self._record(problem_record(problem))

    def journal(self, messages: int, outcomes: Mapping[Outcome, int]) -> None:
        """Record what a journal holds, behind the records of its messages."""
        self._record(journal_record(messages, outcomes))

    def _record(self, record: dict[str, Any]) -> None:
        lines: list[str] = record.get("lines", [])
        if sum(map(len, lines)) > LONG_REPLY:
            if lines == self._long_lines:
                record["lines"] = None
            else:
                self._long_lines = lines
        time = round(self._clock(), 6)
        self._write(json.dumps({"version": VERSION, "time": time, **record}))


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
        "verified": bool(info.verified_by),
        "verified_by": info.verified_by or None,
        "certificate_names": [_text(name) for name in info.certificate_names],
        "certificate_expires": info.certificate_expires,
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
    sender, error = result.reverse_path, result.error
    reply = error.reply if result.reply is None and error is not None else result.reply
    return {
        "record": "message",
        "name": _text(result.name),
        "index": result.number,
        "reverse_path": None if sender is None else _text(sender),
        "octets": result.octets,
        "outcomes": outcomes,
        "command": result.command or None,
        **_reply(reply),
        "error": None if error is None else _text(translated(str(error))),
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


def problem_record(problem: Problem) -> dict[str, object]:
    """Return the record of what failed outside of any message, such as a greeting or a login."""
    error = problem.error
    return {
        "record": "problem",
        "where": _text(problem.where),
        "error": None if error is None else _text(translated(str(error))),
        **_reply(problem.reply),
        "ehlo": _reply(error.ehlo) if isinstance(error, HelloRefused) else None,
        "line": _octets(error.line) if isinstance(error, RemoteProtocolError) else None,
    }


def journal_record(messages: int, outcomes: Mapping[Outcome, int]) -> dict[str, object]:
    """Return the record of a whole journal: its messages, and their recipients by outcome."""
    return {
        "record": "journal",
        "messages": messages,
        "outcomes": {outcome.value: count for outcome, count in outcomes.items()},
    }


def _reply(reply: Reply | None) -> dict[str, object]:
    if reply is None:
        return {"code": None, "enhanced": None, "lines": []}
    enhanced = None if reply.status is None else str(reply.status)
    return {"code": reply.code, "enhanced": enhanced, "lines": list(reply.lines)}


def _octets(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")


def _text(text: str) -> str:
    """Return text that any JSON reader takes: no lone surrogates (RFC 8259 section 8.2)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
