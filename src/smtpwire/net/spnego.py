"""The mechanisms of Windows domains and Kerberos: NTLM and GSSAPI, by the package pyspnego.

They are here and not in `smtpwire.core.sasl` because Kerberos does input and output of its own: it
reads tickets and asks for new ones.  pyspnego is imported with the first login that needs it; it
is the extra `gssapi`.

What it is given of a server's it parses by itself, so whatever it raises for that is the end of the
login and not of this program.
"""

from __future__ import annotations

import re

from smtpwire.core.sasl.mechanism import Mechanism
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Result = TypeVar("Result")

EXTRA = "the extra gssapi, which is not installed: pip install 'smtpwire[gssapi]'"

_SERVICE = "smtp"
"""The service's name before the host's, as registered for GSSAPI."""
_WORDS = re.compile(
    r"(?:SpnegoError \(\d+\): )?(?:.*Minor \(\d+\): )?(?P<reason>.*?)(?:, Context: .*)?", re.DOTALL
)
"""An error of pyspnego's: of the codes of the GSS-API only the last words say what is wrong."""
_NO_LAYER = 1
"""The bit for "no security layer" (RFC 4752 section 3.1): TLS is there for that."""


def available() -> bool:
    """Whether the extra is installed."""
    from importlib.util import find_spec

    return find_spec("spnego") is not None


class _Context(Mechanism):
    """What both have in common: a context of pyspnego, and its errors in one sentence."""

    protocol: str

    def __init__(self, user: str | None, password: str | None, host: str) -> None:
        import spnego

        self._context: Any = self._trying(
            lambda: spnego.client(
                user, password, hostname=host, service=_SERVICE, protocol=self.protocol
            )
        )

    def initial(self) -> bytes:
        """Returns the first token."""
        return self._trying(self._context.step) or b""

    def step(self, challenge: bytes) -> bytes | None:
        """Returns the next token, an empty one where there is nothing to add, then None."""
        if self._context.complete:
            return None
        return self._trying(lambda: self._context.step(challenge)) or b""

    def accepted(self) -> None:
        """Takes the server's yes, which counts only at the end of the exchange."""
        if not self._context.complete:
            raise AuthFailed(
                "the server accepts the login before it is complete", mechanism=self.name
            )

    def _trying(self, act: Callable[[], Result]) -> Result:
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - see the module
            words = _WORDS.fullmatch(getattr(error, "message", ""))
            reason = words["reason"] if words and words["reason"] else type(error).__name__
            if isinstance(error, ImportError):
                reason = "it needs more than is installed: pip install 'pyspnego[kerberos]'"
        raise AuthFailed(f"{self.name} does not come about: {reason}", mechanism=self.name)


class Ntlm(_Context):
    r"""NTLM, version 2, of a user by password.

    Args:
        user: the name, perhaps with a domain in front of it: `DOMAIN\name`.
        password: the secret.
        host: the server's name.

    Raises:
        AuthFailed: the credentials cannot be used.
    """

    name = "NTLM"
    protocol = "ntlm"


class Gssapi(_Context):
    """GSSAPI (RFC 4752): Kerberos, by the tickets that the user has.

    Args:
        user: which of the user's identities; "" for the default one.
        host: the server's name, of which the service `smtp` is asked for.
        authzid: whom to act as; "" for the identity itself.

    Raises:
        AuthFailed: there is no Kerberos here, or no ticket.
    """

    name = "GSSAPI"
    protocol = "kerberos"

    def __init__(self, user: str, host: str, authzid: str = "") -> None:
        super().__init__(user or None, None, host)
        self._authzid = authzid.encode()
        self._over = False

    def step(self, challenge: bytes) -> bytes | None:
        """Returns the tokens of the context, then the choice of no security layer, then None."""
        if self._over:
            return None
        if not self._context.complete:
            return super().step(challenge)
        self._over = True
        offered: bytes = self._trying(lambda: self._context.unwrap(challenge).data)
        if len(offered) != 4 or not offered[0] & _NO_LAYER:
            raise AuthFailed(
                "the login was given up: the server wants a security layer of its own",
                mechanism=self.name,
            )
        choice = bytes([_NO_LAYER, 0, 0, 0]) + self._authzid
        wrapped: bytes = self._trying(lambda: self._context.wrap(choice, encrypt=False).data)
        return wrapped

    def accepted(self) -> None:
        """Takes the server's yes, which counts only behind the choice of the layer."""
        super().accepted()
        if not self._over:
            raise AuthFailed(
                "the server accepts the login before it is complete", mechanism=self.name
            )
