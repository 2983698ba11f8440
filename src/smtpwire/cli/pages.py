"""The pages that the command prints instead of sending: the manual, the summary, the version."""

from __future__ import annotations

from enum import Enum
from errno import EPIPE

from smtpwire.cli.errors import PROGRAM, line
from smtpwire.cli.exitcode import ExitCode
from smtpwire.cli.options import OPTIONS, Group
from smtpwire.cli.streams import standard_error, standard_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.cli.arguments import Words
    from smtpwire.cli.options import Option

MANUAL = "smtp.1.txt"
"""Beside this file: the manual page as text, made from smtp.1 by mandoc."""

_FORMS = (
    "[options] server mail_from rcpt1 [rcpt2 ...]",
    "[options] -s server -f mail_from -r rcpt [-r ...] [msg ...]",
    "[options] -s server -F [-f mail_from] [msg ...]",
)

_WIDTH = 80
"""Columns of the narrowest terminal in use."""
_MARGIN = 14
"""Columns for the name of a group."""


class Page(Enum):
    """A page, by the long name of the option that asks for it."""

    MANUAL = "help"
    USAGE = "usage"
    VERSION = "version"


def page_asked_for(words: Words) -> Page | None:
    """Return the page that a command line asks for, which wins over everything else in it."""
    return next((page for page in Page if words.flag(page.value)), None)


def print_page(page: Page) -> int:
    """Print a page to standard output and return the exit code."""
    out = standard_output()
    if page is Page.MANUAL:
        out.write(*manual())
    elif page is Page.USAGE:
        out.write(*usage())
    else:
        out.write(version())
    if out.failure is None or out.failure.errno == EPIPE:
        return ExitCode.OK  # whoever reads it has read enough
    standard_error().write(line("standard output", str(out.failure.strerror)))
    return ExitCode.IOERR


def manual() -> list[str]:
    """Return the manual page, line by line."""
    path = __file__.removesuffix("pages.py") + MANUAL
    with open(path, encoding="utf-8") as text:
        return text.read().splitlines()


def usage() -> list[str]:
    """Return the forms and every option, on one screen.

    The options that have a letter have a line each; the others are named behind them, with an
    equals sign where they take a value.
    """
    lines = [f"{'usage:' if not i else '      '} {PROGRAM} {f}" for i, f in enumerate(_FORMS)]
    lines.append("")
    for group in Group:
        lines += _group_lines(group)
    return [*lines, "", f"{PROGRAM} -h prints the manual page, which says what each option does."]


def _group_lines(group: Group) -> list[str]:
    from textwrap import wrap

    options = [option for option in OPTIONS if option.group is group]
    names = [f"--{o.long}{'=' if o.metavar else ''}" for o in options if not o.short]
    lines = [_option_line(option) for option in options if option.short]
    lines += wrap("  ".join(names), _WIDTH - _MARGIN, break_on_hyphens=False)
    return [f"{'' if i else group.value:<{_MARGIN}}{line}" for i, line in enumerate(lines)]


def _option_line(option: Option) -> str:
    name = f"-{option.short}, --{option.long} {option.metavar}"
    return f"{name:<25}{option.help}"


def version() -> str:
    """Return the line of `--version`."""
    from smtpwire import __version__

    return f"{PROGRAM} (smtpwire) {__version__}"
