"""What every SASL mechanism is to the engine: a name, and octets that answer octets.

A mechanism knows neither base64 nor AUTH: those belong to SMTP (RFC 4954), and the engine does
them.  It holds a secret, so nothing it has goes into a repr or an exception.
"""

from __future__ import annotations


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
        """
        return None
