"""The command lines of the command under test and of its peers.

Each is given what it would need for the same mail on the same server, and the name for EHLO, so
that no look-up of a name is measured.  What a peer cannot do is not asked of it: smtplib and curl
(without --crlf) send line ends as they are and get files with CRLF; smtp-source sends one message
from memory; swaks and msmtp send one message a process.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.errors import Unavailable
from benchmarks.tools import HERE, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.servers import Address
    from benchmarks.workshop import Workshop

HELO = "bench.example.org"
SENDER = "a@example.org"

_SMTP_SOURCE_FIELDS = 130
"""Octets of a message of smtp-source on the wire beyond what its -l asks for."""


@dataclass(frozen=True)
class Command:
    """A command line.

    Attributes:
        words: the program and its arguments.
        stdin: a file for its standard input.
        environment: variables that it needs on top of the suite's.
    """

    words: list[str]
    stdin: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


if TYPE_CHECKING:
    Client = Callable[[Address], Command]
    """Says how a client is called for a server."""


def recipients(count: int) -> list[str]:
    """So many recipients."""
    return [f"u{number}@example.org" for number in range(count)]


def smtp(
    workshop: Workshop,
    *words: str | Path,
    to: int = 1,
    stdin: Path | None = None,
    helo: bool = True,
) -> Client:
    """The command under test, by its second form.

    Args:
        workshop: the suite's.
        words: more options, and messages.
        to: how many recipients.
        stdin: the message, when it comes by standard input.
        helo: whether to give it the name for EHLO.
    """

    def command(server: Address) -> Command:
        line = [*workshop.client, "-s", server.host, "-p", str(server.port), "-f", SENDER]
        line += ["-H", HELO] if helo else []
        for recipient in recipients(to):
            line += ["-r", recipient]
        return Command([*line, *map(str, words)], stdin)

    return command


def piped(workshop: Workshop, message: Path, *options: str) -> Client:
    """The command under test, at the end of a pipe."""

    def command(server: Address) -> Command:
        line = smtp(workshop, *options)(server).words
        return Command(["/bin/sh", "-c", f"cat {shlex.quote(str(message))} | {shlex.join(line)}"])

    return command


def smtp_source(*, messages: int, sessions: int, size: int) -> Client:
    """Postfix's source: connections that stay, one round trip a command.

    Args:
        messages: how many.
        sessions: how many connections at once.
        size: octets of each on the wire, about.
    """

    def command(server: Address) -> Command:
        found = program("smtp-source")
        line = [found.path, "-d", "-s", str(sessions), "-m", str(messages)]
        line += ["-l", str(size - _SMTP_SOURCE_FIELDS), "-f", SENDER, "-t", recipients(1)[0]]
        line.append(f"{server.host}:{server.port}")
        return Command(line, environment=found.environment)

    return command


def curl(message: Path, *options: str, scheme: str = "smtp") -> Client:
    """One message by curl."""

    def command(server: Address) -> Command:
        found = program("curl")
        line = [found.path, "-q", "-s", "-S", f"{scheme}://{server.host}:{server.port}/{HELO}"]
        line += ["--mail-from", SENDER, "--mail-rcpt", recipients(1)[0]]
        return Command([*line, *options, "-T", str(message)], environment=found.environment)

    return command


def curl_many(message: Path, messages: int, config: Path) -> Client:
    """The same message many times by one curl on one connection.

    Args:
        message: with CRLF line ends.
        messages: how often.
        config: where to write the file that says so.
    """

    def command(server: Address) -> Command:
        found = program("curl")
        one = "silent\n" + "".join(
            f'{name}="{value}"\n'
            for name, value in (
                ("url", f"smtp://{server.host}:{server.port}/{HELO}"),
                ("mail-from", SENDER),
                ("mail-rcpt", recipients(1)[0]),
                ("upload-file", message),
            )
        )
        config.write_text("next\n".join([one] * messages))
        return Command([found.path, "-q", "-K", str(config)], environment=found.environment)

    return command


def msmtp(message: Path) -> Client:
    """One message by msmtp, on its standard input."""

    def command(server: Address) -> Command:
        found = program("msmtp")
        line = [found.path, f"--host={server.host}", f"--port={server.port}", "--tls=off"]
        line += ["--auth=off", f"--domain={HELO}", "-f", SENDER, recipients(1)[0]]
        return Command(line, message, found.environment)

    return command


def swaks(message: Path, *options: str, to: int = 1) -> Client:
    """One message by swaks."""

    def command(server: Address) -> Command:
        found = program("swaks")
        line = [found.path, "--server", server.host, "--port", str(server.port), "--ehlo", HELO]
        line += ["-f", SENDER, "-t", ",".join(recipients(to)), "-d", f"@{message}"]
        return Command([*line, "--silent", "3", *options], environment=found.environment)

    return command


def smtplib(workshop: Workshop, messages: Path) -> Client:
    """The script that everybody writes, for a message or a list of them (.list), with CRLF."""
    script = HERE / "peers" / "smtplib_send.py"
    return lambda server: Command(
        [workshop.python, str(script), server.host, str(server.port), str(messages)]
    )


def aiosmtplib(messages: Path, connections: int, count: int | None = None) -> Client:
    """The same with aiosmtplib, on several connections; with `count` one message so often."""
    script = HERE / "peers" / "aiosmtplib_send.py"

    def command(server: Address) -> Command:
        if find_spec("aiosmtplib") is None:
            raise Unavailable("aiosmtplib is not installed: tools/setup test bench")
        words = [sys.executable, str(script), server.host, str(server.port), str(messages)]
        return Command([*words, str(connections), *([] if count is None else [str(count)])])

    return command


def async_client(
    workshop: Workshop, message: Path, connections: int, count: int, way: str
) -> Client:
    """One message so often with the asynchronous API under test, by "data" or "bdat"."""
    script = HERE / "peers" / "smtpwire_aio_send.py"

    def command(server: Address) -> Command:
        words = [workshop.python, str(script), server.host, str(server.port), str(message)]
        return Command([*words, str(connections), str(count), way])

    return command
