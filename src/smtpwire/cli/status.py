"""What a journal holds: `--journal FILE --status`.  Nothing is sent.

    messages: 200
    accepted: 198
    refused: 0
    deferred: 1
    unsent: 0
    unknown: 1

Behind the first, these count recipients.  With `-v` a line for each message stands in front, as a
run shows it; with `--json` they are records.
"""

from __future__ import annotations

import time
from errno import EPIPE

from smtpwire.cli import values
from smtpwire.cli.errors import CommandError, UsageError, line
from smtpwire.cli.exitcode import ExitCode, error_code
from smtpwire.cli.jsonlog import JsonLog
from smtpwire.cli.options import BY_LONG
from smtpwire.cli.outputs import open_records
from smtpwire.cli.parse import STDIN
from smtpwire.cli.report import message_line
from smtpwire.cli.streams import LineWriter, standard_error, standard_output
from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Outcome, RecipientOutcome
from smtpwire.errors import JournalError
from smtpwire.message.content import reason
from smtpwire.run.journal import recorded
from smtpwire.run.report import MessageResult
from smtpwire.run.tally import message_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.cli.arguments import Words
    from smtpwire.run.journal import Recorded

_TAKEN = frozenset({"journal", "status", "verbose", "json"})


def show_status(words: Words) -> int:
    """Show the journal that a command line names, and return the exit code.

    Args:
        words: the command line, with `--status` in it.

    Raises:
        CommandError: the command line or the journal cannot be used.
    """
    path, json = _asked(words)
    show: list[Callable[[MessageResult], object]] = []
    log = None if json is None else JsonLog(json.write, time.time)
    if log is not None:
        show.append(log.message)
    out = json if json is not None and words.value("json") == STDIN else standard_output()
    if words.flag("verbose"):
        show.append(lambda result: out.write(message_line(result)))
    outcomes = dict.fromkeys(Outcome, 0)
    messages = 0
    try:
        for message in recorded(path):
            result = _result(messages, message)
            messages += 1
            for recipient in result.recipients:
                outcomes[recipient.outcome] += 1
            for each in show:
                each(result)
    except FileNotFoundError as error:
        raise CommandError(path, reason(error), ExitCode.NOINPUT) from None
    except JournalError as error:
        raise CommandError(path, str(error), error_code(error)) from None
    if log is not None:
        log.journal(messages, outcomes)
    if out is not json:
        counts = (f"{outcome.value}: {count}" for outcome, count in outcomes.items())
        out.write(f"messages: {messages}", *counts)
    return _written(out, json)


def _asked(words: Words) -> tuple[str, LineWriter | None]:
    """Return the file of the journal, and where records go, if they are wanted."""
    for name in words.values:
        if name not in _TAKEN:
            label = BY_LONG[name].label
            raise UsageError(label, "cannot be used with --status, which sends nothing")
    if words.arguments:
        raise UsageError("--status", "sends nothing, and takes no server and no message")
    journal, json = words.value("journal"), words.value("json")
    if journal is None:
        raise UsageError("--status", "needs --journal FILE")
    path = values.path("--journal", journal)
    if json is None:
        return path, None
    json = values.path("--json", json)
    if json == STDIN and words.flag("verbose"):
        raise UsageError("--json", "- cannot be used with -v: both use standard output")
    return path, LineWriter(open_records(json))


def _written(*writers: LineWriter | None) -> int:
    failures = [w.failure for w in writers if w is not None and w.failure is not None]
    if all(failure.errno == EPIPE for failure in failures):
        return ExitCode.OK  # whoever reads it has read enough
    standard_error().write(line("--status", f"cannot be written: {failures[0].strerror}"))
    return ExitCode.IOERR


def _result(index: int, message: Recorded) -> MessageResult:
    recipients = tuple(
        RecipientOutcome(parse_address(address), known.outcome, known.reply)
        for address, known in message.recipients
    )
    outcome = message_outcome(recipients)
    deciding = next(known for _, known in message.recipients if known.outcome is outcome)
    return MessageResult(
        index,
        message.name,
        message.reverse_path,
        recipients,
        octets=None,
        outcome=outcome,
        reply=deciding.reply,
        command=deciding.command,
        error=None,
        seconds=0.0,
    )
