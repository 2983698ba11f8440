"""Access tokens that the real servers accept: for Dovecot a JWT, which it checks by a key.

They are good for years, and made of the year alone, so that every process of a run makes the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from tests.servers.catalogue import USER

_SECRET = b"worth nothing, but 32 octets long"
KEY = base64.b64encode(_SECRET).decode()
"""What Dovecot's file of the key holds."""

_YEAR = 366 * 86_400


def token(*, user: str = USER, expired: bool = False) -> str:
    """An access token for a user (RFC 7519), signed with the key of the servers."""
    year = int(time.time()) // _YEAR * _YEAR
    claims = {
        "sub": user,
        "iat": year - _YEAR,
        "nbf": year - _YEAR,
        "exp": year - 1 if expired else year + 2 * _YEAR,
    }
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (_HEADER, claims))
    signature = hmac.digest(_SECRET, signed.encode(), hashlib.sha256)
    return f"{signed}.{_encoded(signature)}"


_HEADER = {"typ": "JWT", "alg": "HS256"}


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
