"""EXTERNAL (RFC 4422 appendix A): the server knows who it is from the TLS certificate."""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import Mechanism


class External(Mechanism):
    """EXTERNAL: names whom to act as, or nobody in particular.

    Args:
        identity: the authorization identity; "" for the one that the server derives.
    """

    name = "EXTERNAL"

    def __init__(self, identity: str) -> None:
        self._identity = identity.encode()

    def initial(self) -> bytes:
        """Returns the only message of the mechanism."""
        return self._identity
