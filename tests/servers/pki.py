"""A certificate authority for one run, a certificate for the servers and one for a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("localhost", "mx.example.test", "127.0.0.1", "::1")
"""Every server's certificate is good for these."""


@dataclass(frozen=True)
class Pki:
    """Where the files of one run's certificates lie; the keys are worth nothing."""

    directory: Path

    @property
    def ca_file(self) -> Path:
        """The authority's certificate, for --ca-file."""
        return self.directory / "ca.pem"

    def make(self) -> None:
        """Write all files, unless they are there; the caller holds a lock."""
        if self.directory.is_dir():
            return
        new = self.directory.with_suffix(".new")
        new.mkdir()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(new / "ca.pem"))
        for name, kind in (("ecdsa", trustme.KeyType.ECDSA), ("rsa", trustme.KeyType.RSA)):
            leaf = authority.issue_cert(*NAMES, common_name=NAMES[0], key_type=kind)
            leaf.private_key_pem.write_to_path(str(new / f"{name}.key"))
            chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
            (new / f"{name}-chain.pem").write_bytes(chain + authority.cert_pem.bytes())
        client = authority.issue_cert("alice@example.test", common_name="alice")
        client.private_key_and_cert_chain_pem.write_to_path(str(new / "client.pem"))
        new.rename(self.directory)
