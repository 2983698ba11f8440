"""Names in the zones that the tests' DNS server has: published now, seen at once.

A test gets a name that no other test has, so that nothing is in its way; what it publishes stays
for as long as the server runs.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import dns.query
import dns.rcode
import dns.update
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.scripted.certificates import authority, der

if TYPE_CHECKING:
    from tests.servers.farm import Server

SIGNED, BOGUS, UNSIGNED = "example.test", "bogus.test", "unsigned.test"
_LIMIT = 10.0


class Zones:
    """The DNS server's zones."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def resolver(self) -> str:
        """ADDRESS:PORT of the resolver, for --resolver."""
        return f"{self._server.host}:{self._server.ports['resolver']}"

    @property
    def encrypted(self) -> str:
        """The same by TLS, without the name."""
        return f"tls://{self._server.host}:{self._server.ports['tls']}"

    @property
    def ca_file(self) -> str:
        """Who issued its certificate."""
        return str(self._server.ca_file)

    def publish(self, name: str, kind: str, *texts: str) -> None:
        """Add records at a name, which is given with its zone."""
        update = _update(name)
        update.add(f"{name}.", 0, kind, *texts)
        self._send(update)

    def remove(self, name: str) -> None:
        """Remove all records at a name."""
        update = _update(name)
        update.delete(f"{name}.")
        self._send(update)

    def _send(self, update: dns.update.UpdateMessage) -> None:
        port = self._server.ports["authority"]
        reply = dns.query.tcp(update, self._server.host, port=port, timeout=_LIMIT)
        assert reply.rcode() == dns.rcode.NOERROR, reply

    def host(self, zone: str = SIGNED) -> str:
        """A new host, which is this one."""
        name = f"h{secrets.token_hex(6)}.{zone}"
        self.publish(name, "A", "127.0.0.1")
        return name

    def domain(self, *hosts: str, zone: str = SIGNED) -> str:
        """A new domain that gives its mail to hosts, the best first."""
        name = f"d{secrets.token_hex(6)}.{zone}"
        for preference, host in enumerate(hosts):
            self.publish(name, "MX", f"{preference} {host}.")
        return name

    def tlsa(self, host: str, *records: str) -> None:
        """Publish TLSA records for every port of a host."""
        self.publish(f"*._tcp.{host}", "TLSA", *records)


def _update(name: str) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(".".join(name.split(".")[-2:]))


def record(kind: str, usage: int = 3, selector: int = 1, matching: int = 1) -> str:
    """The TLSA record of a scripted server's certificate, or with usage 2 of its authority's."""
    if usage == 2:
        certificate = x509.load_pem_x509_certificate(authority().cert_pem.bytes())
    else:
        certificate = x509.load_der_x509_certificate(der(kind))
    return record_of(certificate, usage, selector, matching)


def record_of(
    certificate: x509.Certificate, usage: int = 3, selector: int = 1, matching: int = 1
) -> str:
    """The TLSA record of any certificate."""
    if selector:
        data = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    else:
        data = certificate.public_bytes(Encoding.DER)
    digests = {1: hashlib.sha256, 2: hashlib.sha512}
    if matching:
        data = digests[matching](data).digest()
    return f"{usage} {selector} {matching} {data.hex()}"
