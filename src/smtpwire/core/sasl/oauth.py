r"""The mechanisms that hand over an OAuth 2.0 access token: OAUTHBEARER and XOAUTH2.

Both say everything in the initial response, as fields that end in the octet 1.  A server that
refuses does so in two rounds: a challenge with the reason in JSON, which has to be answered, and
the refusal behind it (RFC 7628 section 3.2.3).  Some leave the first round out.

XOAUTH2 is Google's, older and in wider use; it was never published as a standard.

Whether they may be used on a connection is decided by `smtpwire.core.sasl.choose`, not here.
"""

from __future__ import annotations

import re

from smtpwire.core.sasl.mechanism import Mechanism
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.sasl.mechanism import Facts

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 section 2.1."""


class _Bearer(Mechanism):
    """What both have in common: one message, and one answer to a reason."""

    reply_to_reason: bytes

    def __init__(self, message: str) -> None:
        self._message = message.encode()
        self.told_why = False
        """The server gave its reason: a refusal follows."""

    def initial(self) -> bytes:
        """Returns the message with the token."""
        return self._message

    def step(self, challenge: bytes) -> bytes | None:  # noqa: ARG002 - the refusal decides
        """Returns the answer to the server's reason, once."""
        if self.told_why:
            return None
        self.told_why = True
        return self.reply_to_reason


class OAuthBearer(_Bearer):
    """OAUTHBEARER (RFC 7628).

    Args:
        user: whose mail it is; where `facts` names whom to act as, that one counts.
        token: the access token.
        facts: the server's name and port go into the message.
    """

    name = "OAUTHBEARER"
    reply_to_reason = b"\1"

    def __init__(self, user: str, token: str, facts: Facts) -> None:
        identity = saslname(facts.authzid or user)
        _check(user, token, self.name)
        super().__init__(
            f"n,a={identity},\1host={facts.host}\1port={facts.port}\1auth=Bearer {token}\1\1"
        )


class XOAuth2(_Bearer):
    """XOAUTH2: the user and the token; the answer to a reason is an empty line."""

    name = "XOAUTH2"
    reply_to_reason = b""

    def __init__(self, user: str, token: str) -> None:
        _check(user, token, self.name)
        super().__init__(f"user={user}\1auth=Bearer {token}\1\1")


def saslname(name: str) -> str:
    """Returns a name as it stands in a message whose parts a comma separates (RFC 5801 section 4).

    Args:
        name: without NUL.
    """
    return name.replace("=", "=3D").replace(",", "=2C")


def _check(user: str, token: str, mechanism: str) -> None:
    if not user.isprintable():
        raise AuthFailed(
            "there is a character in the user name that ends a field", mechanism=mechanism
        )
    if not _TOKEN.fullmatch(token):
        raise AuthFailed(
            f"what {mechanism} is to send is not an access token: it holds a character that"
            " cannot be part of one, or nothing",
            mechanism=mechanism,
        )
