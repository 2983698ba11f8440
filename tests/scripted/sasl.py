"""The server's side of AUTH (RFC 4954): PLAIN, LOGIN, CRAM-MD5, SCRAM by scramp, and access tokens.

A token is accepted where it is the user's password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from scramp import ScramException, ScramMechanism
from scramp.core import CbName

if TYPE_CHECKING:
    from scramp.core import ScramServer

Ask: TypeAlias = Callable[[str], str]
"""Sends a challenge line and returns the client's answer to it."""
Bindings: TypeAlias = Mapping[str, bytes]
"""Channel bindings by their type."""

# scramp refuses the name of what it cannot reckon by itself; here it is given the octets.
CbName.SUPPORTED_TYPES |= CbName.UNSUPPORTED_TYPES
CbName.UNSUPPORTED_TYPES = frozenset()

_CHALLENGE = b"<1.1@mail.example>"
_REASON = json.dumps({"status": "invalid_token", "schemes": "bearer"}).encode()


def authenticate(
    argument: str, ask: Ask, users: Mapping[str, str], bindings: Bindings = MappingProxyType({})
) -> str | None:
    """Run the exchange that `AUTH argument` begins.

    Args:
        argument: the mechanism, and the initial response if there is one.
        ask: talks to the client.
        users: passwords by name.
        bindings: what the connection can be bound to; empty where that is not supported.

    Returns:
        The user who proved to know the password, or None.
    """
    mechanism, _, initial = argument.partition(" ")
    mechanism = mechanism.upper()
    match mechanism:
        case "PLAIN":
            user, password = _plain(_decoded(initial or ask("334 ")))
        case "LOGIN":
            user = _decoded(initial or ask(f"334 {_encoded(b'Username:')}"))
            password = _decoded(ask(f"334 {_encoded(b'Password:')}"))
        case "CRAM-MD5":
            return _cram_md5(_decoded(ask(f"334 {_encoded(_CHALLENGE)}")), users)
        case "XOAUTH2" | "OAUTHBEARER":
            user, password = _bearer(_decoded(initial or ask("334 ")))
            if users.get(user) != password:
                ask(f"334 {_encoded(_REASON)}")
        case _ if mechanism.startswith("SCRAM-"):
            return _scram(mechanism, _decoded(initial or ask("334 ")), ask, users, bindings)
        case _:
            return None
    return user if users.get(user) == password else None


def _plain(response: str) -> tuple[str, str]:
    """User and password of `[authzid] NUL authcid NUL passwd`, RFC 4616 section 2."""
    _, _, rest = response.partition("\0")
    user, _, password = rest.partition("\0")
    return user, password


def _bearer(response: str) -> tuple[str, str]:
    """User and token of a message whose fields end in the octet 1 (RFC 7628 section 3.1)."""
    first, *fields = response.split("\1")
    user = first.removeprefix("user=") if first.startswith("user=") else first[len("n,a=") : -1]
    tokens = [field.removeprefix("auth=Bearer ") for field in fields if field.startswith("auth=")]
    return user, "".join(tokens)


def _cram_md5(response: str, users: Mapping[str, str]) -> str | None:
    user, _, digest = response.rpartition(" ")
    if user not in users:
        return None
    right = hmac.new(users[user].encode(), _CHALLENGE, "md5").hexdigest()
    return user if hmac.compare_digest(digest, right) else None


def _scram(
    name: str, first: str, ask: Ask, users: Mapping[str, str], bindings: Bindings
) -> str | None:
    """Have scramp check it; its last message goes out as one more challenge."""
    mechanism = ScramMechanism(name)
    asked = []

    def known(user: str) -> tuple[bytes, bytes, bytes, int] | None:
        asked.append(user)
        made: tuple[bytes, bytes, bytes, int] = mechanism.make_auth_info(users[user])
        return made

    asked_for = first.partition(",")[0].removeprefix("p=")
    usable = asked_for if asked_for in bindings else next(iter(bindings), None)
    binding = None if usable is None else (usable, bindings[usable])
    server = mechanism.make_server(known, channel_binding=binding)
    try:
        server.set_client_first(first)
        proof = ask(f"334 {_encoded(server.get_server_first().encode())}")
        server.set_client_final(_decoded(proof))
    except ScramException:
        _say_why(server, ask)
        return None
    answer = ask(f"334 {_encoded(server.get_server_final().encode())}")
    return asked[0] if not answer else None


def _say_why(server: ScramServer, ask: Ask) -> None:
    """Tell the client what was wrong with its proof; of what came before, nothing can be said."""
    try:
        reason: str = server.get_server_final()
    except ScramException:
        return
    ask(f"334 {_encoded(reason.encode())}")


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _decoded(text: str) -> str:
    """What `text` stands for; nothing for what is no base64, which is nobody's name or password.

    RFC 4954 section 4: an initial response of "=" is an empty one.
    """
    try:
        return base64.b64decode("" if text == "=" else text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
