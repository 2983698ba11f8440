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
