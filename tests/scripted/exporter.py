"""The channel binding tls-exporter, reckoned at the server's end by `cryptography`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@contextmanager
def key_log(context: ssl.SSLContext) -> Iterator[Path]:
    """A file for the keys of a context, which is that of one connection alone."""
    with tempfile.TemporaryDirectory(prefix="smtpwire-keys-") as directory:
        log = Path(directory, "log")
        context.keylog_filename = str(log)
        try:
            yield log
        finally:
            context.keylog_filename = None  # type: ignore[assignment] # that closes it


def exported(log: Path) -> bytes:
    """The binding of the connection whose keys are in `log`; b"" below TLS 1.3.

    RFC 9266 section 2, by RFC 8446 section 7.5.
    """
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    secrets = [bytes.fromhex(words[2]) for words in lines if words[0] == "EXPORTER_SECRET"]
    if not secrets:
        return b""
    [secret] = secrets
    algorithm = hashes.SHA384() if len(secret) == 48 else hashes.SHA256()
    empty = hashes.Hash(algorithm).finalize()
    derived = _expanded(algorithm, secret, b"EXPORTER-Channel-Binding", empty, len(secret))
    return _expanded(algorithm, derived, b"exporter", empty, 32)


def _expanded(
    algorithm: hashes.HashAlgorithm, key: bytes, label: bytes, context: bytes, octets: int
) -> bytes:
    label = b"tls13 " + label
    info = b"%b%c%b%c%b" % (octets.to_bytes(2), len(label), label, len(context), context)
    return HKDFExpand(algorithm, octets, info).derive(key)
