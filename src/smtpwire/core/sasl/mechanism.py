"""What every SASL mechanism is to the engine: a name, and octets that answer octets.

A mechanism knows neither base64 nor AUTH: those belong to SMTP (RFC 4954), and the engine does
them.  It holds a secret, so nothing it has goes into a repr or an exception.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


class ChannelBinding(NamedTuple):
    """What tells one TLS connection from every other (RFC 5056)."""

    name: str
    """The type as it is registered: tls-exporter, tls-unique or tls-server-end-point."""
    data: bytes


class Salted:
    """What SCRAM makes of a password, kept for the connections that follow (RFC 5802).

    To compute it takes up to a second, in which nothing else goes on, and a server has the same
    salt for a user each time.  Only the last is kept.
    """

    def __init__(self) -> None:
        self._made_of: tuple[str, bytes, bytes, int] | None = None
        self._salted = b""

    def password(self, hash_name: str, password: bytes, salt: bytes, count: int) -> bytes:
        """Returns the salted password, as `hashlib.pbkdf2_hmac` does of the same arguments."""
        made_of = (hash_name, password, salt, count)
        if made_of != self._made_of:
            from hashlib import pbkdf2_hmac

            self._made_of, self._salted = made_of, pbkdf2_hmac(*made_of)
        return self._salted


class Facts(NamedTuple):
    """What a mechanism may draw on beside a user and a secret."""

    authzid: str = ""
    """Whom to act as, where that is not the user itself (RFC 4422 section 3.4.1)."""
    nonce: str = ""
    """Fresh randomness in visible ASCII without a comma."""
    host: str = ""
    """The server's name or address, as the caller gave it."""
    port: int = 0
    binding: ChannelBinding | None = None
    """Of the TLS connection; None in the clear, and where none can be had."""
    plus_offered: bool = False
    """The server offers a mechanism with channel binding that there is here."""
    salted: Salted | None = None
    """What SCRAM has computed before."""


class Mechanism:
    """One login, of one user, on one connection (RFC 4422 section 3)."""

    name: str
    """As it stands in the AUTH command."""

    def initial(self) -> bytes | None:
        """Returns the initial response, or None when the server has to speak first."""
        return None

    def step(self, challenge: bytes) -> bytes | None:  # noqa: ARG002 - most ignore the question
        """Returns the response to a challenge.

        Args:
            challenge: what the server sent, base64 undone.

        Returns:
            The response, or None when the mechanism has no more to say: the exchange is then to
            be cancelled (RFC 4954 section 4).

        Raises:
            AuthFailed: the challenge is wrong, and the exchange is to be cancelled for the reason
                in the text, which repeats nothing of the challenge.
        """
        return None

    def accepted(self) -> None:
        """Takes the server's yes.

        Raises:
            AuthFailed: the server has not proved what this mechanism has it prove.
        """
