"""The command `smtp-catch`: a server on this machine that takes every message and tells of it.

It listens on a loopback address unless another is asked for, relays nothing and asks for no login.
The first line on standard output says where it listens; then one line comes for each message.
A standard output that nobody reads any more does not stop it.  It ends by a signal: 130 after
SIGINT, 143 after SIGTERM, as a shell would show it, because it has no other end to speak of.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys

from smtpwire import __version__
from smtpwire.catch.maildir import Maildir
from smtpwire.cli.escape import printable
from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.streams import STDERR, STDOUT, LineWriter, open_standard_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn, TextIO

PROGRAM = "smtp-catch"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 2525
"""What test servers commonly use, since 25 is for root."""

_EPILOG = """\
Each message caught is one line:
  caught: from <a@x> to <b@y> 1234 octets SUBJECT

exit codes: 64 the command line; 69 no aiosmtpd, or no listening there; 73 the
Maildir cannot be made; 130 and 143 after SIGINT and SIGTERM, its only other ends
"""


def entry() -> NoReturn:
    """Run the command, and end the process with its exit code."""
    open_standard_descriptors()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the words behind the program's name.

    Returns:
        The exit code.

    Raises:
        SystemExit: the command line cannot be used, or asked for help.
    """
    options = _parser().parse_args(argv)
    directory: str | None = options.maildir
    out, err = _writer(STDOUT, sys.stdout), _writer(STDERR, sys.stderr)

    def complain(text: str) -> None:
        err.write(f"{PROGRAM}: {text}")

    maildir = None
    if directory is not None:
        try:
            maildir = Maildir(directory)
        except OSError as error:
            complain(f"{printable(directory)}: cannot be made a Maildir: {error.strerror}")
            return ExitCode.CANTCREAT
    try:
        return _catch(options.host, options.port, maildir, out.write, complain)
    except KeyboardInterrupt:  # before the event loop took over the signal
        return ExitCode.SIGINT


def _writer(descriptor: int, stream: TextIO | None) -> LineWriter:
    """Return a writer in the encoding that Python found; a stream closed at the start is None."""
    return LineWriter(descriptor, stream.encoding if stream else "utf-8")


def _catch(
    host: str,
    port: int,
    maildir: Maildir | None,
    report: Callable[[str], object],
    complain: Callable[[str], object],
) -> int:
    try:
        import asyncio

        from smtpwire.catch.handler import Catcher
        from smtpwire.catch.server import address_text, serve
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("aiosmtpd"):
            raise
        complain("needs aiosmtpd, which is not installed: pip install 'smtpwire[catch]'")
        return ExitCode.UNAVAILABLE

    def listening(address: str) -> None:
        report(f"listening on {address}")

    catcher = Catcher(maildir, report, complain)
    try:
        return 128 + asyncio.run(serve(host, port, catcher, listening))
    except (OSError, UnicodeError) as error:
        complain(f"{printable(address_text(host, port))}: {_why_not(error)}")
        return ExitCode.UNAVAILABLE


def _why_not(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not a host name"
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; name another with --port, or --port 0 for a free one"
    if error.errno is not None and error.errno > 0:
        return f"cannot be listened on: {os.strerror(error.errno)}"
    return f"cannot be listened on: {printable(error.strerror or str(error))}"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and the code of the other command's usage errors."""

    def error(self, message: str) -> NoReturn:
        """End the process with 64 and one line about the command line."""
        self.exit(ExitCode.USAGE, f"{PROGRAM}: {printable(message)}; {PROGRAM} --help says more\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Take every message that is submitted, and tell of it in one line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host", default=DEFAULT_HOST, help=f"name or address to listen on ({DEFAULT_HOST})"
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help=f"0 for a free one ({DEFAULT_PORT})"
    )
    parser.add_argument(
        "--maildir", metavar="DIR", help="store each message there, octet for octet"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 0xFFFF:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0 to 65535)")
