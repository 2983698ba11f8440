"""The server's side of AUTH: PLAIN, LOGIN and CRAM-MD5 (RFC 4954, RFC 4616, RFC 2195)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import TypeAlias

Ask: TypeAlias = Callable[[str], str]
"""Sends a challenge line and returns the client's answer to it."""

_CHALLENGE = b"<1.1@mail.example>"


def authenticate(argument: str, ask: Ask, users: Mapping[str, str]) -> str | None:
    """Run the exchange that `AUTH argument` begins.

    Returns:
        The user who proved to know the password, or None.
    """
    mechanism, _, initial = argument.partition(" ")
    match mechanism.upper():
        case "PLAIN":
            user, password = _plain(_decoded(initial or ask("334 ")))
        case "LOGIN":
            user = _decoded(initial or ask(f"334 {_encoded(b'Username:')}"))
            password = _decoded(ask(f"334 {_encoded(b'Password:')}"))
        case "CRAM-MD5":
            return _cram_md5(_decoded(ask(f"334 {_encoded(_CHALLENGE)}")), users)
        case _:
            return None
    return user if users.get(user) == password else None


def _plain(response: str) -> tuple[str, str]:
    """User and password of `[authzid] NUL authcid NUL passwd`, RFC 4616 section 2."""
    _, _, rest = response.partition("\0")
    user, _, password = rest.partition("\0")
    return user, password


def _cram_md5(response: str, users: Mapping[str, str]) -> str | None:
    user, _, digest = response.rpartition(" ")
    if user not in users:
        return None
    right = hmac.new(users[user].encode(), _CHALLENGE, "md5").hexdigest()
    return user if hmac.compare_digest(digest, right) else None


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
