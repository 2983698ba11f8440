"""From the options about a login to the login itself, and to what must not be shown of it."""

from __future__ import annotations

from smtpwire.cli.errors import UsageError
from smtpwire.cli.masking import Mask
from smtpwire.cli.secrets import find_password
from smtpwire.client import Login
from smtpwire.core.sasl import BROUGHT, WITHOUT_SECRET
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from smtpwire.cli.parse import LoginOptions
    from smtpwire.core.sasl import Mechanism
    from smtpwire.run.stop import StopRequest


def make_login(
    asked: LoginOptions,
    hosts: Collection[str],
    environ: Mapping[str, str],
    warn: Callable[[str, str], object],
    stop: StopRequest,
) -> tuple[Login, Mask]:
    """Have what a login needs before there is a connection.

    Args:
        asked: what the command line says.
        hosts: the servers.
        environ: the environment.
        warn: see `find_password`.
        stop: the end of every wait.

    Returns:
        The login, and what hides its secrets; those that are still to come the run tells of.

    Raises:
        Interrupted: a signal came first.
        CommandError: there is no password to be had, or a mechanism needs what is not installed.
    """
    mask = Mask(asked.user, authzid=asked.authzid)
    login = Login(asked.user, _none, asked.mechanisms, asked.allow_cleartext, asked.authzid)
    if asked.token_command is not None:
        token = _TokenCommand(asked.token_command, stop)
        return login._replace(password=token, renew=token), mask
    password = ""
    if not asked.mechanisms or not WITHOUT_SECRET.issuperset(asked.mechanisms):
        password = find_password(asked, hosts, environ, warn, stop)
        mask.learn(password)
    return login._replace(password=lambda: password, brought=_brought(asked, password)), mask


def _brought(asked: LoginOptions, password: str) -> dict[str, Callable[[str], Mechanism]]:
    """Return how to make the mechanisms asked for that are not of the engine's own."""
    wanted = [name for name in asked.mechanisms if name in BROUGHT]
    if not wanted:
        return {}
    from smtpwire.net.spnego import EXTRA, Gssapi, Ntlm, available

    if not available():
        raise UsageError("--auth", f"{wanted[0]} needs {EXTRA}")
    makers: dict[str, Callable[[str], Mechanism]] = {
        "GSSAPI": lambda host: Gssapi(asked.user, host, asked.authzid),
        "NTLM": lambda host: Ntlm(asked.user, password, host),
    }
    return {name: makers[name] for name in wanted}


def _none() -> str:
    return ""


class _TokenCommand:
    """Gives a new access token each time."""

    def __init__(self, command: str, stop: StopRequest) -> None:
        self._command = command
        self._stop = stop

    def __call__(self) -> str:
        from smtpwire.cli.secretcommand import CommandFailed, printed_by

        try:
            return printed_by(self._command, self._stop).strip()
        except CommandFailed as error:
            raise AuthFailed(f"there is no access token: --oauth-token-command: {error}") from None
