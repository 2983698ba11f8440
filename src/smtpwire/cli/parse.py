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
from smtpwire.cli.errors import UsageError
from smtpwire.cli.options import BY_LONG
from smtpwire.client import TLSMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple, TypeVar

    from smtpwire.cli.arguments import Words
    from smtpwire.client import Server
    from smtpwire.core.address import Address

    T = TypeVar("T")
else:
    from smtpwire.record import NamedTuple

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

    def __repr__(self) -> str:
        return f"LoginOptions(user={self.user!r}, ...)"  # never the password


class TLSOptions(NamedTuple):
    """What is asked of TLS."""

    mode: TLSMode
    verify: bool
    ciphers: str | None
    minimum: str | None
    maximum: str | None
    ca_file: str | None


class TraceOptions(NamedTuple):
    """What the trace shows beyond the conversation."""

    auth: bool
    body: bool
    time: bool


class CliOptions(NamedTuple):
    """A command line that can be used."""

    servers: tuple[Server, ...]
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
    repeat: int = 1
    processes: int = 1


def parse(words: Words) -> CliOptions:
    """Read a command line that asks for no page.

    Args:
        words: what was given.

    Raises:
        UsageError: it cannot be used.
    """
    envelope, server_texts, messages = _form(words)
    _standard_input_once(words, messages)
    tls = _tls(words)
    return CliOptions(
        servers=_servers(words, server_texts, tls),
        envelope=envelope,
        messages=messages,
        files_from=_checked(words, "files-from", values.path),
        helo=_checked(words, "helo", values.helo_name),
        tls=tls,
        login=_login(words),
        timeout=_checked(words, "timeout", values.seconds),
        connect_timeout=_checked(words, "connect-timeout", values.seconds),
        chunk_size=_checked(words, "chunk-size", values.octets),
        trace=_trace(words),
        json=_json(words),
        progress=_progress(words),
        flags=frozenset(name for name, given in words.values.items() if not given),
        warnings=tuple(_without_effect(words, tls, server_texts)),
        jobs=_checked(words, "jobs", values.count) or 1,
        repeat=_checked(words, "repeat", values.count) or 1,
        processes=_checked(words, "processes", values.count) or 1,
    )


def _label(name: str) -> str:
    return BY_LONG[name].label


def _checked(words: Words, name: str, check: Callable[[str, str], T]) -> T | None:
    text = words.value(name)
    return None if text is None else check(_label(name), text)


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
        for label, given in (("-s SERVER", servers), ("-f ADDRESS", senders)):
            if not given:
                raise UsageError("", f"{label} is missing: -s, -f and -r go together")
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
    port = _checked(words, "port", values.port)
    label = "-s" if words.flag("server") else "server"
    wanted = tls.mode is not TLSMode.NONE
    at_once = words.flag("tls-on-connect")
    return tuple(values.server(label, text, port, tls=wanted, at_once=at_once) for text in texts)


def _tls(words: Words) -> TLSOptions:
    minimum = _checked(words, "tls-min", values.tls_version)
    maximum = _checked(words, "tls-max", values.tls_version)
    if minimum and maximum and minimum > maximum:
        raise UsageError("--tls-min", f"{minimum} is above --tls-max {maximum}")
    verify = words.flag("verify")
    if words.flag("require-tls"):
        mode = TLSMode.REQUIRED
    elif words.flag("tls"):
        mode = TLSMode.OPPORTUNISTIC
    elif verify or words.flag("tls-on-connect"):
        mode = TLSMode.REQUIRED
    else:
        mode = TLSMode.NONE
    ciphers = words.value("ciphers")
    ca_file = _checked(words, "ca-file", values.path)
    return TLSOptions(mode, verify, ciphers, minimum, maximum, ca_file)


def _login(words: Words) -> LoginOptions | None:
    user = _checked(words, "user", values.user_name)
    if user is None:
        for name in ("password", "password-file", "auth", "allow-cleartext-auth"):
            if words.flag(name):
                raise UsageError(_label(name), "needs -U NAME, whom to log in as")
        return None
    password = _checked(words, "password", values.password)
    password_file = _checked(words, "password-file", values.path)
    if password is not None and password_file is not None:
        raise UsageError("--password-file", "cannot be used with -P; give the password once")
    return LoginOptions(
        user,
        password,
        password_file,
        _checked(words, "auth", values.mechanisms) or (),
        words.flag("allow-cleartext-auth"),
    )


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
    file = _checked(words, "json", values.path)
    if file == STDIN:
        for name in ("trace", "verbose"):
            if words.flag(name):
                raise UsageError(
                    "--json", f"- cannot be used with {_label(name)}: both use standard output"
                )
    return file


def _progress(words: Words) -> bool | None:
    wanted, unwanted = words.flag("progress"), words.flag("no-progress")
    if wanted and unwanted:
        raise UsageError("--progress", "cannot be used with --no-progress")
    return wanted if wanted or unwanted else None


def _without_effect(
    words: Words, tls: TLSOptions, server_texts: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what the user may believe in and should not."""
    found: list[tuple[str, str]] = []
    if tls.mode is TLSMode.NONE and not any(
        text.lower().startswith("smtps://") for text in server_texts
    ):
        found = [
            (_label(name), "has no effect without TLS: add -M, -T or -V")
            for name in ("ciphers", "tls-min", "tls-max", "ca-file")
            if words.flag(name)
        ]
    elif tls.ca_file is not None and not tls.verify:
        found.append(("--ca-file", "has no effect without -V"))
    return found
