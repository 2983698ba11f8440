"""One run of the command: from options to what is to be done, and from what was done to a code."""

from __future__ import annotations

from smtpwire.cli.errors import UsageError, line
from smtpwire.cli.escape import quoted
from smtpwire.cli.exitcode import exit_code
from smtpwire.cli.outputs import Outputs
from smtpwire.client import ClientSettings, Login, TLSSettings
from smtpwire.errors import Interrupted
from smtpwire.message.source import message_names
from smtpwire.run.messages import MessageSettings
from smtpwire.run.report import RunReport
from smtpwire.run.runner import RunSettings
from smtpwire.run.runner import submit as submit_messages
from smtpwire.run.stop import StopRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from smtpwire.cli.masking import Mask
    from smtpwire.cli.parse import CliOptions

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
    _check_tls(options)
    if options.jobs > 1:
        _make_room(options.jobs)
    stop = StopRequest()
    outputs = Outputs(options, stop)
    try:
        for where, text in options.warnings:
            outputs.warn(where, text)
        messages = message_settings(options)
        stop.install()
        try:
            report = _run(options, environ, messages, outputs, stop)
        finally:
            stop.uninstall()
        if report.signal is not None:
            outputs.say(line("", _stopped(report)))
    finally:
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
        spool="no-size" not in flags,
        repeat=options.repeat,
    )


def client_settings(options: CliOptions, login: Login | None) -> ClientSettings:
    """Return how connections are to be made, and what is to be said on them."""
    flags = options.flags
    settings = ClientSettings(
        servers=options.servers,
        helo=options.helo,
        tls=options.tls.mode,
        tls_settings=tls_settings(options),
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


def tls_settings(options: CliOptions) -> TLSSettings:
    """Return what a TLS connection must be."""
    tls = options.tls
    return TLSSettings(
        verify=tls.verify,
        ca_file=tls.ca_file,
        ciphers=tls.ciphers,
        minimum=tls.minimum,
        maximum=tls.maximum,
    )


def _make_room(jobs: int) -> None:
    from smtpwire.run.descriptors import make_room, needed_for

    hard = make_room(jobs)
    if hard is not None:
        raise UsageError(
            "-j",
            f"{jobs} connections need {needed_for(jobs)} descriptors, and no process may have more"
            f" than {hard} here: ulimit -Hn sets that",
        )


def _check_tls(options: CliOptions) -> None:
    """Find out before connecting whether the TLS options can be used, and which one cannot."""
    tls = options.tls
    limits = TLSSettings(minimum=tls.minimum, maximum=tls.maximum)
    for where, value, settings in (
        ("--tls-max", tls.maximum, TLSSettings(maximum=tls.maximum)),
        ("--tls-min", tls.minimum, limits),
        ("-C", tls.ciphers, limits._replace(ciphers=tls.ciphers)),
        ("--ca-file", tls.ca_file, TLSSettings(ca_file=tls.ca_file)),
    ):
        if value is not None:
            _check_context(where, value, settings)


def _check_context(where: str, value: str, settings: TLSSettings) -> None:
    from smtpwire.net.tls import make_context

    try:
        make_context(settings)
    except ValueError as error:
        raise UsageError(where, str(error).replace(repr(value), quoted(value))) from None


def _login(
    options: CliOptions, environ: Mapping[str, str], outputs: Outputs, stop: StopRequest
) -> tuple[Login | None, Mask | None]:
    if options.login is None:
        return None, None
    from smtpwire.cli.masking import Mask
    from smtpwire.cli.secrets import find_password

    asked = options.login
    password = find_password(asked, environ, outputs.warn, stop)
    login = Login(asked.user, lambda: password, asked.mechanisms, asked.allow_cleartext)
    return login, Mask(asked.user, password)


def _run(
    options: CliOptions,
    environ: Mapping[str, str],
    messages: MessageSettings,
    outputs: Outputs,
    stop: StopRequest,
) -> RunReport:
    """Have the password and submit, while signals are taken."""
    try:
        login, mask = _login(options, environ, outputs, stop)
    except Interrupted:
        return RunReport(0, {}, (), stop.signal)
    settings = RunSettings(
        client=client_settings(options, login),
        messages=messages,
        received="received" in options.flags,
        disconnect="disconnect" in options.flags,
        stop_at_failure="stop" in options.flags,
        jobs=max(options.jobs, options.processes),
        processes=options.processes,
    )
    return submit_messages(settings, outputs.observer(mask), stop)


def _stopped(report: RunReport) -> str:
    """Return one line on what a run that a signal ended had come to."""
    counts = [f"{count} {outcome.value}" for outcome, count in report.outcomes.items() if count]
    return f"stopped by signal {report.signal}; recipients: {', '.join(counts) or 'none'}"
