"""The channel binding tls-exporter (RFC 9266), on a Python whose `ssl` does not compute it.

It is the one that servers expect on TLS 1.3: keying material exported from the connection (RFC 8446
section 7.5), for which `ssl` has no call up to Python 3.14.  What it does have is a log of the
secrets of handshakes, made for debuggers, and among them is the one that exported keying material
is derived from.  Here that log is a file in memory that nobody else has, and that is there for one
step of one handshake.
"""

from __future__ import annotations

import hashlib
import hmac
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import TypeVar

    Result = TypeVar("Result")

_LABEL = b"EXPORTER-Channel-Binding"
_OCTETS = 32
_HASHES = {32: "sha256", 48: "sha384"}
"""The hash of a cipher suite of TLS 1.3, by the length of the secrets that it makes."""


def step(context: ssl.SSLContext, act: Callable[[], Result]) -> tuple[Result, bytes]:
    """Take one step of a handshake, and read what it logs.

    Args:
        context: of the connection; nobody else may use it meanwhile.  A key log that it has goes
            on to be written.
        act: the step.

    Returns:
        What `act` returned, and the exporter secret of the connection; b"" where this was not the
        step that made it, or where it cannot be had: outside of Linux, or without /proc.

    Raises:
        Exception: whatever `act` raised.
    """
    own = context.keylog_filename
    memory = _redirected(context, own)
    if memory is None:
        return act(), b""
    try:
        result = act()
    finally:
        lines = os.pread(memory, os.fstat(memory).st_size, 0)
        os.close(memory)
        _give_back(context, own, lines)
    return result, _secret(lines)


def _redirected(context: ssl.SSLContext, own: str | None) -> int | None:
    """Have the log written to a new file in memory."""
    try:
        memory = os.memfd_create("smtpwire")
    except (AttributeError, OSError):
        return None
    try:
        context.keylog_filename = f"/proc/self/fd/{memory}"
    except OSError:
        os.close(memory)
        context.keylog_filename = own  # type: ignore[assignment] # None is for none
        return None
    os.ftruncate(memory, 0)  # a comment, which the user's own has as well
    return memory


def _give_back(context: ssl.SSLContext, own: str | None, lines: bytes) -> None:
    context.keylog_filename = None  # type: ignore[assignment]  # None turns it off
    if own is None:
        return
    try:
        context.keylog_filename = own
        with open(own, "ab") as log:
            log.write(lines)
    except OSError:
        pass  # as OpenSSL does it: no connection ends for want of a key log


def _secret(lines: bytes) -> bytes:
    for line in lines.splitlines():
        words = line.split()
        if words[0] == b"EXPORTER_SECRET":
            return bytes.fromhex(words[2].decode("ascii"))
    return b""


def tls_exporter(secret: bytes) -> bytes:
    """Derives the binding from the exporter secret of a connection (RFC 9266 section 2).

    Args:
        secret: of TLS 1.3, as `step` gives it.
    """
    name = _HASHES[len(secret)]
    nothing = hashlib.new(name).digest()
    derived = _expand_label(name, secret, _LABEL, nothing, len(secret))
    return _expand_label(name, derived, b"exporter", nothing, _OCTETS)


def _expand_label(name: str, secret: bytes, label: bytes, context: bytes, octets: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1), for no more octets than one digest has."""
    full = b"tls13 " + label
    info = octets.to_bytes(2) + bytes([len(full)]) + full + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\1", name)[:octets]
