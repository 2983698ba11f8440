"""From the words of the command line to what is to be done, or to one line that says what is wrong.

Three forms, told apart as follows: `-F` makes it the third; else any of `-s`, `-f` and `-r` the
second, and all three are then needed; else it is the first.

    smtp [options] server mail_from rcpt1 [rcpt2 ...]
    smtp [options] -s server -f mail_from -r rcpt [-r ...] [msg ...]
    smtp [options] -s server -F [-f mail_from] [msg ...]

Everything that can be checked without a server is checked here.
"""

from __future__ import annotations

from smtpwire.cli import values
from smtpwire.cli.checked import checked, label
from smtpwire.cli.errors import UsageError
from smtpwire.cli.tlsoptions import discovery_options, tls_options, without_effect
from smtpwire.client import TLSMode
from smtpwire.run.settings import RetrySettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple

    from smtpwire.cli.arguments import Words
    from smtpwire.cli.tlsoptions import TLSOptions
    from smtpwire.client import Discovery, Server
    from smtpwire.core.address import Address
else:
    from smtpwire.record import NamedTuple

_SECRET_SOURCES = ("password", "password-file", "password-command", "oauth-token-command")
"""Options that say where the secret comes from: one of them at most."""

STDIN = "-"
"""The name that stands for standard input."""


class Envelope(NamedTuple):
    """Whom a message is from and to, as far as the command line says it."""

    reverse_path: Address | None
    """None where it is null, or left to the header."""
    reverse_path_given: bool
    recipients: tuple[Address, ...]
    """Empty with `from_header`."""
    from_header: bool


class LoginOptions(NamedTuple):
    """Whom to log in as, and where the password is."""

    user: str
    password: str | None
    password_file: str | None
    mechanisms: tuple[str, ...]
    allow_cleartext: bool
    password_command: str | None = None
    token_command: str | None = None
    authzid: str = ""

    def __repr__(self) -> str:
        return f"LoginOptions(user={self.user!r}, ...)"  # never the password


class TraceOptions(NamedTuple):
    """What the trace shows beyond the conversation."""

    auth: bool
    body: bool
    time: bool


class CliOptions(NamedTuple):
    """A command line that can be used."""

    servers: tuple[Server, ...]
    discovery: Discovery | None
    envelope: Envelope
    messages: tuple[str, ...]
    """Empty for standard input, or for the names of `files_from` alone."""
    files_from: str | None
    helo: str | None
    tls: TLSOptions
    login: LoginOptions | None
    timeout: float | None
    connect_timeout: float | None
    chunk_size: int | None
    trace: TraceOptions | None
    json: str | None
    progress: bool | None
    """None: when it is of use."""
    flags: frozenset[str]
    """The long names of the plain switches that are on."""
    warnings: tuple[tuple[str, str], ...]
    """Options that have no effect as things stand, and why."""
    jobs: int = 1
    journal: str | None = None
    repeat: int = 1
    processes: int = 1
    retry: RetrySettings = RetrySettings()
    max_per_connection: int | None = None


def parse(words: Words) -> CliOptions:
    """Read a command line that asks for no page.

    Args:
        words: what was given.

    Raises:
        UsageError: it cannot be used.
    """
    envelope, server_texts, messages = _form(words)
    _standard_input_once(words, messages)
    tls = tls_options(words)
    servers = _servers(words, server_texts, tls)
    return CliOptions(
        servers=servers,
        discovery=discovery_options(words, servers),
        envelope=envelope,
        messages=messages,
        files_from=checked(words, "files-from", values.path),
        helo=checked(words, "helo", values.helo_name),
        tls=tls,
        login=_login(words),
        timeout=checked(words, "timeout", values.seconds),
        connect_timeout=checked(words, "connect-timeout", values.seconds),
        chunk_size=checked(words, "chunk-size", values.octets),
        trace=_trace(words),
        json=_json(words),
        progress=_progress(words),
        flags=frozenset(name for name, given in words.values.items() if not given),
        warnings=tuple(without_effect(words, tls, server_texts)),
        jobs=checked(words, "jobs", values.count) or 1,
        journal=_journal(words),
        repeat=checked(words, "repeat", values.count) or 1,
        processes=checked(words, "processes", values.count) or 1,
        retry=_retry(words),
        max_per_connection=checked(words, "max-per-connection", values.count),
    )


def _form(words: Words) -> tuple[Envelope, Sequence[str], tuple[str, ...]]:
    """Tell the three forms apart; return the envelope, the servers and the messages named."""
    servers = words.values.get("server", [])
    senders = words.values.get("mail-from", [])
    recipients = words.values.get("rcpt-to", [])
    if words.flag("from-header"):
        if recipients:
            raise UsageError("-r", "cannot be used with -F, which takes them from the header")
        if not servers:
            raise UsageError("-F", "no server is given: add -s SERVER")
        sender = values.reverse_path("-f", senders[-1]) if senders else None
        envelope = Envelope(sender, bool(senders), (), from_header=True)
        return envelope, servers, words.arguments
    if servers or senders or recipients:
        for option, given in (("-s SERVER", servers), ("-f ADDRESS", senders)):
            if not given:
                raise UsageError("", f"{option} is missing: -s, -f and -r go together")
        if not recipients:
            raise UsageError("", "-r ADDRESS is missing: no recipient is given (or use -F)")
        envelope = Envelope(
            values.reverse_path("-f", senders[-1]),
            reverse_path_given=True,
            recipients=values.recipients("-r", recipients),
            from_header=False,
        )
        return envelope, servers, words.arguments
    return _first_form(words)


def _first_form(words: Words) -> tuple[Envelope, Sequence[str], tuple[str, ...]]:
    needed = ("server", "mail_from", "rcpt")
    if len(words.arguments) < len(needed):
        missing = needed[len(words.arguments)]
        raise UsageError(
            "", f"{missing} is missing: smtp [options] server mail_from rcpt ... (smtp --usage)"
        )
    if words.flag("files-from"):
        raise UsageError("--files-from", "needs -s, -f and -r, or -s and -F")
    server, sender, *recipients = words.arguments
    envelope = Envelope(
        values.reverse_path("mail_from", sender),
        reverse_path_given=True,
        recipients=values.recipients("rcpt", recipients),
        from_header=False,
    )
    return envelope, [server], ()


def _standard_input_once(words: Words, messages: Sequence[str]) -> None:
    uses = messages.count(STDIN) + (words.value("files-from") == STDIN)
    if uses > 1:
        raise UsageError(STDIN, "standard input can be read only once")


def _servers(words: Words, texts: Sequence[str], tls: TLSOptions) -> tuple[Server, ...]:
    port = checked(words, "port", values.port)
    name = "-s" if words.flag("server") else "server"
    wanted = tls.mode is not TLSMode.NONE
    at_once = words.flag("tls-on-connect")
    return tuple(values.server(name, text, port, tls=wanted, at_once=at_once) for text in texts)


def _login(words: Words) -> LoginOptions | None:
    mechanisms = checked(words, "auth", values.mechanisms) or ()
    user = checked(words, "user", values.user_name)
    if user is None:
        if not _without_secret(mechanisms):
            _no_login(words)
            return None
        user = ""
    _one_source(words)
    token_command = words.value("oauth-token-command")
    return LoginOptions(
        user,
        checked(words, "password", values.password),
        checked(words, "password-file", values.path),
        mechanisms if token_command is None else _token_mechanisms(mechanisms),
        words.flag("allow-cleartext-auth"),
        password_command=words.value("password-command"),
        token_command=token_command,
        authzid=checked(words, "authzid", values.user_name) or "",
    )


def _without_secret(mechanisms: tuple[str, ...]) -> bool:
    """Return whether who logs in is known from elsewhere, whatever is chosen of these."""
    if not mechanisms:
        return False
    from smtpwire.core.sasl import WITHOUT_SECRET

    return WITHOUT_SECRET.issuperset(mechanisms)


def _no_login(words: Words) -> None:
    """Find what would need one."""
    needing = (*_SECRET_SOURCES, "auth", "authzid", "allow-cleartext-auth")
    for name in needing:
        if words.flag(name):
            raise UsageError(label(name), "needs -U NAME, whom to log in as")


def _one_source(words: Words) -> None:
    given = [label(name) for name in _SECRET_SOURCES if words.flag(name)]
    if len(given) > 1:
        raise UsageError(given[1], f"cannot be used with {given[0]}; give the secret once")


def _token_mechanisms(mechanisms: tuple[str, ...]) -> tuple[str, ...]:
    from smtpwire.core.sasl import TOKEN

    for name in mechanisms:
        if name not in TOKEN:
            raise UsageError(
                "--oauth-token-command",
                f"cannot be used with {name}: it is for {' and '.join(TOKEN)}",
            )
    return mechanisms or TOKEN


def _trace(words: Words) -> TraceOptions | None:
    if words.flag("trace"):
        return TraceOptions(
            words.flag("trace-auth"), words.flag("trace-body"), words.flag("trace-time")
        )
    for name in ("trace-auth", "trace-body", "trace-time"):
        if words.flag(name):
            raise UsageError(f"--{name}", "needs -t")
    return None


def _json(words: Words) -> str | None:
    file = checked(words, "json", values.path)
    if file == STDIN:
        for name in ("trace", "verbose"):
            if words.flag(name):
                raise UsageError(
                    "--json", f"- cannot be used with {label(name)}: both use standard output"
                )
    return file


def _journal(words: Words) -> str | None:
    file = checked(words, "journal", values.path)
    if file is None and words.flag("resend-unknown"):
        raise UsageError("--resend-unknown", "needs --journal FILE")
    if file is not None and words.flag("processes"):
        raise UsageError("--journal", "cannot be used with --processes: one process writes it")
    return file


def _retry(words: Words) -> RetrySettings:
    times = checked(words, "retry", values.times) or 0
    delay = checked(words, "retry-delay", values.seconds)
    if delay is None:
        return RetrySettings(times)
    if not words.flag("retry"):
        raise UsageError("--retry-delay", "needs --retry N")
    return RetrySettings(times, delay)


def _progress(words: Words) -> bool | None:
    wanted, unwanted = words.flag("progress"), words.flag("no-progress")
    if wanted and unwanted:
        raise UsageError("--progress", "cannot be used with --no-progress")
    return wanted if wanted or unwanted else None
