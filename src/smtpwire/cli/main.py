"""The command `smtp`: the one place where exceptions become exit codes.

Everything but the reading of the command line is imported when it is needed, so that `--version`,
`--usage` and a wrong option are answered at once.
"""

from __future__ import annotations

import os
import sys

from smtpwire.cli.streams import open_standard_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEBUG_VARIABLE = "SMTPWIRE_DEBUG"
"""Set in the environment, a defect of this program shows its traceback."""


def entry() -> int:
    """Run the command of this process: what the installed script calls.

    Returns:
        The exit code, for `sys.exit`.
    """
    open_standard_descriptors()
    return main(sys.argv[1:], os.environ)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line.

    Args:
        argv: the words behind the program's name.
        environ: the environment.

    Returns:
        The exit code; no exception leaves this function.
    """
    try:
        return _command(argv, environ)
    except KeyboardInterrupt:
        from smtpwire.cli.exitcode import ExitCode

        return ExitCode.SIGINT
    except Exception as error:  # noqa: BLE001 - the last resort: one line and a code, whatever it is
        from smtpwire.cli.failure import failed

        return failed(error, debug=DEBUG_VARIABLE in environ)


def _command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from smtpwire.cli.arguments import scan
    from smtpwire.cli.pages import page_asked_for, print_page

    words = scan(argv)
    page = page_asked_for(words)
    if page is not None:
        return print_page(page)
    from smtpwire.cli.parse import parse

    options = parse(words)
    from smtpwire.cli.app import submit

    return submit(options, environ)
