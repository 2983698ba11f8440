"""One run of the command: from options to what is to be done, and from what was done to a code."""

from __future__ import annotations

from smtpwire.cli.errors import CommandError, UsageError, line
from smtpwire.cli.exitcode import error_code, exit_code
from smtpwire.cli.outputs import Outputs
from smtpwire.cli.tlsoptions import check_resolver, check_tls, policy_cache
from smtpwire.client import ClientSettings, Login
from smtpwire.errors import Interrupted, JournalError
from smtpwire.message.source import message_names
from smtpwire.run.messages import MessageSettings
from smtpwire.run.report import RunReport
from smtpwire.run.settings import RunSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.submit import submit as submit_messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smtpwire.cli.masking import Mask
    from smtpwire.cli.parse import CliOptions
    from smtpwire.message.opening import Digest
    from smtpwire.run.journal import Journal
    from smtpwire.run.journaled import JournalSettings

_STDIN = 0


def submit(options: CliOptions, environ: Mapping[str, str]) -> int:
    """Submit what a command line names.

    Args:
        options: the command line.
        environ: the environment.

    Returns:
        The exit code.

    Raises:
        CommandError: nothing was sent, for a reason that could be seen before connecting.
        MessageNotFound: the list of messages (`--files-from`) cannot be opened.
    """
    check_tls(options.tls.settings)
    if options.discovery is not None:
        check_resolver(options.discovery)
    if options.jobs > 1:
        _make_room(options.jobs)
    stop = StopRequest()
    outputs = Outputs(options, stop)
    journal = None
    try:
        for where, text in options.warnings:
            outputs.warn(where, text)
        messages = message_settings(options)
        if options.journal is not None:
            journal = _open_journal(options.journal)
        stop.install()
        try:
            report = _run(options, environ, messages, outputs, stop, journal)
        finally:
            stop.uninstall()
        if report.signal is not None:
            outputs.say(line("", _stopped(report)))
    finally:
        if journal is not None:
            journal.close()
        outputs.close()
    return exit_code(report, output=outputs.code)


def message_settings(options: CliOptions) -> MessageSettings:
    """Return which messages there are, and how they are to be read.

    Raises:
        MessageNotFound: their list cannot be opened.
    """
    envelope, flags = options.envelope, options.flags
    return MessageSettings(
        names=message_names(options.messages, options.files_from, _STDIN),
        reverse_path=envelope.reverse_path,
        reverse_path_given=envelope.reverse_path_given,
        recipients=envelope.recipients,
        from_header=envelope.from_header,
        raw="raw" in flags,
        dot_stuffing="no-dot-stuffing" not in flags,
        spool="no-size" not in flags or options.retry.times > 0,
        digest=_digest(options),
        repeat=options.repeat,
    )


def client_settings(
    options: CliOptions, login: Login | None, environ: Mapping[str, str]
) -> ClientSettings:
    """Return how connections are to be made, and what is to be said on them."""
    flags, discovery = options.flags, options.discovery
    if discovery is not None:
        discovery = discovery._replace(policy_cache=policy_cache(environ))
    settings = ClientSettings(
        servers=options.servers,
        discovery=discovery,
        helo=options.helo,
        tls=options.tls.mode,
        tls_settings=options.tls.settings,
        require_tls_onward=options.tls.onward,
        login=login,
        timeout=options.timeout,
        pipelining="no-pipelining" not in flags,
        chunking="no-chunking" not in flags,
        chunk_size=options.chunk_size,
        no_wait="no-wait" in flags,
        declare_size="no-size" not in flags,
        require_all="require-all" in flags,
        send_anyway="continue" in flags,
        force="force" in flags,
        trace=options.trace is not None,
    )
    if options.connect_timeout is None:
        return settings
    return settings._replace(connect_timeout=options.connect_timeout)


def _open_journal(path: str) -> Journal:
    from smtpwire.run.journal import Journal

    try:
        return Journal(path)
    except JournalError as error:
        raise CommandError(path, str(error), error_code(error)) from None


def _journal_settings(journal: Journal, options: CliOptions, mask: Mask | None) -> JournalSettings:
    from smtpwire.run.journaled import JournalSettings

    return JournalSettings(
        journal,
        resend_unknown="resend-unknown" in options.flags,
        all_or_none="require-all" in options.flags,
        hide=None if mask is None else mask.reply,
    )


def _digest(options: CliOptions) -> Callable[[], Digest] | None:
    if options.journal is None:
        return None
    from hashlib import sha256

    return sha256


def _make_room(jobs: int) -> None:
    from smtpwire.run.descriptors import make_room, needed_for

    hard = make_room(jobs)
    if hard is not None:
        raise UsageError(
            "-j",
            f"{jobs} connections need {needed_for(jobs)} descriptors, and no process may have more"
            f" than {hard} here: ulimit -Hn sets that",
        )


def _login(
    options: CliOptions, environ: Mapping[str, str], outputs: Outputs, stop: StopRequest
) -> tuple[Login | None, Mask | None]:
    if options.login is None:
        return None, None
    from smtpwire.cli.login import make_login

    hosts = dict.fromkeys(server.host for server in options.servers)
    return make_login(options.login, hosts, environ, outputs.warn, stop)


def _run(
    options: CliOptions,
    environ: Mapping[str, str],
    messages: MessageSettings,
    outputs: Outputs,
    stop: StopRequest,
    journal: Journal | None,
) -> RunReport:
    """Have the password and submit, while signals are taken."""
    try:
        login, mask = _login(options, environ, outputs, stop)
    except Interrupted:
        return RunReport(0, {}, (), stop.signal)
    settings = RunSettings(
        client=client_settings(options, login, environ),
        messages=messages,
        received="received" in options.flags,
        disconnect="disconnect" in options.flags,
        stop_at_failure="stop" in options.flags,
        jobs=max(options.jobs, options.processes),
        processes=options.processes,
        journal=None if journal is None else _journal_settings(journal, options, mask),
        retry=options.retry,
        max_per_connection=options.max_per_connection,
    )
    return submit_messages(settings, outputs.observer(mask), stop)


def _stopped(report: RunReport) -> str:
    """Return one line on what a run that a signal ended had come to."""
    counts = [f"{count} {outcome.value}" for outcome, count in report.outcomes.items() if count]
    return f"stopped by signal {report.signal}; recipients: {', '.join(counts) or 'none'}"
