"""Passwords from the desktop's keyring, by the package keyring (the extra `keyring`).

An entry is for one server: its service is `smtp://HOST`, its user the name to log in as.  With
several servers the password is used only where all of them have the same.
"""

from __future__ import annotations

from smtpwire.errors import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def keyring_password(
    user: str, hosts: Collection[str], warn: Callable[[str, str], object]
) -> str | None:
    """Return the password of a user on all of these hosts.

    Args:
        user: whom to log in as.
        hosts: the servers.
        warn: called with a place and a text when there is a keyring that cannot be read.

    Returns:
        None without the package, a keyring, or an entry.

    Raises:
        Interrupted: a signal came first.
    """
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return None
    try:
        passwords = {keyring.get_password(f"smtp://{host}", user) for host in hosts}
    except NoKeyringError:
        return None
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 - a backend is anybody's code, and may raise anything
        warn("keyring", f"it cannot be read ({type(error).__name__})")
        return None
    return passwords.pop() if len(passwords) == 1 else None
