"""One command line from its words to an exit code: the one place where exceptions become codes.

Everything but the reading of the command line is imported when it is needed, so that `--version`,
`--usage` and a wrong option are answered at once.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEBUG_VARIABLE = "SMTPWIRE_DEBUG"
"""Set in the environment, a defect of this program shows its traceback."""


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line.

    Args:
        argv: the words behind the program's name.
        environ: the environment.

    Returns:
        The exit code; no error leaves this function.
    """
    try:
        return _run(argv, environ)
    except Exception as error:  # noqa: BLE001 - the last resort: one line and a code, whatever it is
        from smtpwire.cli.failure import failed

        return failed(error, debug=DEBUG_VARIABLE in environ)


def _run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from smtpwire.cli.arguments import scan
    from smtpwire.cli.pages import page_asked_for, print_page

    words = scan(argv)
    if words.flag("password"):
        from smtpwire.cli.argv import hide

        hide(argv, words.places["password"])
    page = page_asked_for(words)
    if page is not None:
        return print_page(page)
    if words.flag("status"):
        from smtpwire.cli.status import show_status

        return show_status(words)
    from smtpwire.cli.parse import parse

    options = parse(words)
    from smtpwire.cli.app import submit

    return submit(options, environ)
