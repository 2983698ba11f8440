"""SCRAM (RFC 5802) with SHA-1, SHA-256 (RFC 7677) and SHA-512, with and without channel binding.

Nobody who reads the exchange has the password, a server that does not know it cannot pass for one
that does, and with channel binding (the -PLUS forms) neither can anybody in between who merely
passes on what both sides say.  That holds only with each of these checks:

- The server's nonce begins with ours, and adds to it.
- The iteration count is within `MIN_ITERATIONS` and `MAX_ITERATIONS`: a lower one makes the proof a
  gift to whoever guesses passwords, a higher one keeps this machine busy for as long as the server
  likes.
- The server's signature is right.  A 235 without one is not a success.
- Who has a channel binding to offer and is not offered its use says so (the flag "y"), inside what
  the proof protects: a server that did offer it knows then that somebody took it away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import Error, a2b_base64, b2a_base64

from smtpwire.core.sasl.mechanism import Mechanism, Salted
from smtpwire.core.sasl.oauth import saslname
from smtpwire.core.sasl.saslprep import saslprep
from smtpwire.errors import AuthFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.core.sasl.mechanism import Facts

MIN_ITERATIONS = 4_096
"""RFC 7677 section 4: the least that a server is to announce."""
MAX_ITERATIONS = 1_000_000
"""About a second of this machine's time."""

PLUS = "-PLUS"
"""How the name of a mechanism with channel binding ends."""

_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}

_FIRST = re.compile(r"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,9})(?:,.*)?")
"""The server's first message (RFC 5802 section 7); extensions may follow."""
_FINAL = re.compile(r"(?:v=([A-Za-z0-9+/]+=*)|e=([^,]*))(?:,.*)?")
"""Its last."""

_ERRORS = {
    "invalid-proof": "the password is wrong",
    "unknown-user": "the user is not known",
    "invalid-username-encoding": "the user name cannot be read",
    "channel-bindings-dont-match": (
        "the server is not at the other end of this TLS connection: somebody is in between"
    ),
    "server-does-support-channel-binding": (
        "the server supports channel binding, and what was offered here did not say so:"
        " somebody may have changed it"
    ),
    "channel-binding-not-supported": "the server does not support channel binding",
    "unsupported-channel-binding-type": (
        "the server does not support the type of channel binding that there is here:"
        " choose a mechanism without -PLUS with --auth"
    ),
    "no-resources": "the server has not the means for it now",
}
"""What RFC 5802 section 7 has a server say, in plain words."""


class Scram(Mechanism):
    """A login by SCRAM.

    Args:
        name: such as SCRAM-SHA-256 or SCRAM-SHA-256-PLUS.
        user: whom to log in as.
        password: the secret.
        facts: the nonce, and the channel binding, which the -PLUS forms need.

    Raises:
        AuthFailed: user or password hold what SCRAM cannot carry.
    """

    def __init__(self, name: str, user: str, password: str, facts: Facts) -> None:
        self.name = name
        self._hash = _HASHES[name.removesuffix(PLUS)]
        self._nonce = facts.nonce
        self._salted = facts.salted or Salted()
        self._gs2 = _gs2_header(name, facts)
        self._bound = b""
        if name.endswith(PLUS) and facts.binding is not None:
            self._bound = facts.binding.data
        # RFC 5802 section 5.1 has the name prepared as a query, section 2.2 the password as stored.
        name_sent = saslname(self._prepared(user, "user name", stored=False))
        self._bare = f"n={name_sent},r={facts.nonce}"
        self._password: bytes | None = self._prepared(password, "password", stored=True).encode()
        self._signature = b""
        """What the server has to say last; empty before and after."""
        self._proved = False

    def initial(self) -> bytes:
        """Returns the client's first message."""
        return (self._gs2 + self._bare).encode()

    def step(self, challenge: bytes) -> bytes | None:
        """Returns the proof, then an empty response to the server's signature, then None."""
        message = challenge.decode("ascii", "replace")
        if self._password is not None:
            password, self._password = self._password, None
            return self._proof(password, message)
        if self._signature:
            signature, self._signature = self._signature, b""
            self._check_signature(signature, message)
            return b""
        return None

    def accepted(self) -> None:
        """Takes the server's yes, which counts only behind its signature."""
        if not self._proved:
            raise self._failed("the server accepts the login and has not proved to know it")

    def _failed(self, text: str) -> AuthFailed:
        return AuthFailed(f"the login was given up: {text}", mechanism=self.name)

    def _prepared(self, text: str, what: str, *, stored: bool) -> str:
        try:
            prepared = saslprep(text, stored=stored)
        except ValueError as error:
            text = f"{self.name} cannot carry the {what}: {error}"
            raise AuthFailed(text, mechanism=self.name) from None
        if not (prepared or stored):  # RFC 5802 section 5.1: a name is never empty
            raise AuthFailed(f"{self.name} cannot carry an empty {what}", mechanism=self.name)
        return prepared

    def _proof(self, password: bytes, first: str) -> bytes:
        """Returns the client's last message (RFC 5802 section 3)."""
        found = _FIRST.fullmatch(first)
        if found is None:
            raise self._failed(_reason(first) or "the server's first message is not one of SCRAM")
        nonce, salt, count = found[1], self._octets(found[2]), int(found[3])
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise self._failed("the server's nonce does not go on from the one sent")
        if not MIN_ITERATIONS <= count <= MAX_ITERATIONS:
            raise self._failed(
                f"the server's iteration count is not within {MIN_ITERATIONS} and {MAX_ITERATIONS}"
            )
        binding = b2a_base64(self._gs2.encode() + self._bound, newline=False).decode()
        final = f"c={binding},r={nonce}"
        said = f"{self._bare},{first},{final}".encode()
        salted = self._salted.password(self._hash, password, salt, count)
        client_key = hmac.digest(salted, b"Client Key", self._hash)
        stored_key = hashlib.new(self._hash, client_key).digest()
        client_signature = hmac.digest(stored_key, said, self._hash)
        server_key = hmac.digest(salted, b"Server Key", self._hash)
        self._signature = hmac.digest(server_key, said, self._hash)
        proof = bytes(a ^ b for a, b in zip(client_key, client_signature, strict=True))
        return b"%b,p=%b" % (final.encode(), b2a_base64(proof, newline=False))

    def _check_signature(self, signature: bytes, final: str) -> None:
        found = _FINAL.fullmatch(final)
        if found is None or found[1] is None:
            raise self._failed(_reason(final) or "the server's last message is not one of SCRAM")
        if not hmac.compare_digest(self._octets(found[1]), signature):
            raise self._failed("the server does not know the password: its signature is wrong")
        self._proved = True

    def _octets(self, text: str) -> bytes:
        try:
            return a2b_base64(text, strict_mode=True)
        except Error:
            raise self._failed("what the server sent is not base64") from None


def _gs2_header(name: str, facts: Facts) -> str:
    """Returns what stands before the message: about channel binding, and whom to act as."""
    if name.endswith(PLUS):
        if facts.binding is None:
            raise AuthFailed(f"{name} needs a channel binding", mechanism=name)
        flag = f"p={facts.binding.name}"
    elif facts.binding is not None and not facts.plus_offered:
        flag = "y"  # RFC 5802 section 6
    else:
        flag = "n"
    identity = f"a={saslname(facts.authzid)}" if facts.authzid else ""
    return f"{flag},{identity},"


def _reason(message: str) -> str | None:
    """Returns what the server says went wrong, in our words; None when it does not say."""
    found = _FINAL.fullmatch(message)
    if found is None or found[2] is None:
        return None
    return _ERRORS.get(found[2], "the server reports an error")
