"""Passwords from the machine's netrc: `$NETRC`, else `~/.netrc`.

A password there is for one machine.  With several servers it is used only where all of them have
the same: what is meant for one is never shown to another.  A file that others can read, or that
somebody else wrote, is refused if the password would come from it.
"""

from __future__ import annotations

import os
import stat

from smtpwire.cli.errors import CommandError
from smtpwire.cli.exitcode import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

NETRC_VARIABLE = "NETRC"


def netrc_password(
    user: str,
    hosts: Collection[str],
    environ: Mapping[str, str],
    warn: Callable[[str, str], object],
) -> str | None:
    """Return the password of a user on all of these hosts.

    Args:
        user: the `login` of the entry; an entry without one is for anybody.
        hosts: the servers.
        environ: says where the file is.
        warn: called with a place and a text when the file cannot be read.

    Returns:
        None where the file or an entry is missing.

    Raises:
        CommandError: the file has the password, and others can read or could have written it.
    """
    path = _path(environ)
    if path is None or not os.path.exists(path):
        return None
    from smtpwire.cli.netrcfile import NetrcError, entries, password

    try:
        with open(path, encoding="utf-8") as file:
            known = entries(file.read())
    except NetrcError as error:
        warn(path, f"{error}, which is not used therefore")
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        warn(path, f"this netrc file cannot be read: {reason}")
        return None
    passwords = {password(known, host, user) for host in hosts}
    found = passwords.pop() if len(passwords) == 1 else None
    if found is None:
        return None
    _check_permissions(path)
    return found or None


def _path(environ: Mapping[str, str]) -> str | None:
    if named := environ.get(NETRC_VARIABLE):
        return named
    home = environ.get("HOME")
    return os.path.join(home, ".netrc") if home else None


def _check_permissions(path: str) -> None:
    status = os.stat(path)
    if status.st_uid not in {0, os.geteuid()}:
        text = "it has the password, and somebody else owns the file"
    elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        text = (
            "it has the password, and others can read or write the file; chmod 600 keeps them out"
        )
    else:
        return
    raise CommandError(path, text, ExitCode.CONFIG)
