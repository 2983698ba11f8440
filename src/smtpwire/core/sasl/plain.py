"""The mechanisms that hand over the password itself: PLAIN and LOGIN.

Whether they may be used on a connection is decided by `smtpwire.core.sasl.choose`, not here.
"""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import Mechanism


class Plain(Mechanism):
    """PLAIN (RFC 4616): everything in the initial response."""

    name = "PLAIN"

    def __init__(self, user: bytes, password: bytes, identity: bytes = b"") -> None:
        self._message = b"%b\0%b\0%b" % (
            identity,
            user,
            password,
        )  # without one: as the user itself

    def initial(self) -> bytes:
        """Returns the only message of the mechanism (RFC 4616 section 2)."""
        return self._message


class Login(Mechanism):
    """LOGIN: the user's name, then the password, each when asked.

    It never became a standard (draft-murchison-sasl-login), and servers word the two questions
    differently, so they are not read: the answers go by their order.
    """

    name = "LOGIN"

    def __init__(self, user: bytes, password: bytes) -> None:
        self._answers = iter((user, password))

    def step(self, challenge: bytes) -> bytes | None:  # noqa: ARG002 - see the class
        """Returns the user's name, then the password, then None."""
        return next(self._answers, None)
