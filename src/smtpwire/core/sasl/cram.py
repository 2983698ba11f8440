"""CRAM-MD5 (RFC 2195): the password is the key of an HMAC over the server's challenge."""

from __future__ import annotations

from smtpwire.core.sasl.mechanism import Mechanism
from smtpwire.errors import AuthFailed


class CramMD5(Mechanism):
    """CRAM-MD5: one challenge, one response."""

    name = "CRAM-MD5"

    def __init__(self, user: bytes, password: bytes) -> None:
        import hmac  # only this mechanism needs it

        try:
            keyed = hmac.new(password, digestmod="md5")
        except ValueError:  # OpenSSL in FIPS mode has no MD5
            raise AuthFailed(
                "CRAM-MD5 needs MD5, which this system does not allow:"
                " choose another mechanism with --auth",
                mechanism=self.name,
            ) from None
        self._user = user
        self._keyed: hmac.HMAC | None = keyed

    def step(self, challenge: bytes) -> bytes | None:
        """Returns the user's name and the digest in hexadecimal (RFC 2195 section 2), once."""
        if self._keyed is None:
            return None
        keyed, self._keyed = self._keyed, None
        keyed.update(challenge)
        return b"%b %b" % (self._user, keyed.hexdigest().encode())
