"""A DNS server on loopback that answers what a test says, with the AD bit where a test says so."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from smtpwire.client import DNSServer

if TYPE_CHECKING:
    from typing import Self

TTL = 60


class NameServer:
    """Answers until it is closed.

    Attributes:
        asked: name and type of each question, in order.
        address: for `smtpwire.net.lookup.Resolver`.
    """

    def __init__(self) -> None:
        self._records: dict[str, dict[str, tuple[str, ...]]] = {}
        self._secure: set[str] = set()
        self._codes: dict[str, dns.rcode.Rcode] = {}
        self._silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        host, port = self._socket.getsockname()
        self.address = DNSServer(host, port)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def has(self, name: str, kind: str, *texts: str, secure: bool = True) -> None:
        """Say what is at a name."""
        self._records.setdefault(name, {})[kind] = texts
        if secure:
            self._secure.add(name)

    def fails(self, name: str, code: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> None:
        """Answer questions about a name with a code and nothing else."""
        self._codes[name] = code

    def is_silent(self, name: str) -> None:
        """Never answer questions about a name."""
        self._silent.add(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address[:2])
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            if query.question[0].name.to_text(omit_final_dot=True) not in self._silent:
                self._socket.sendto(self._answer(query).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name.to_text(omit_final_dot=True), kind))
        answer = dns.message.make_response(query, recursion_available=True)
        secure = True
        while True:
            text = name.to_text(omit_final_dot=True)
            records = self._records.get(text, {})
            secure = secure and text in self._secure
            answer.set_rcode(self._codes.get(text, dns.rcode.NOERROR))
            if text not in self._codes and not records:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            alias = records.get("CNAME")
            found = kind if kind in records or alias is None else "CNAME"
            if found in records:
                answer.answer.append(dns.rrset.from_text(name, TTL, "IN", found, *records[found]))
            if found == kind or alias is None:
                break
            name = dns.name.from_text(alias[0])
        if secure:
            answer.flags |= dns.flags.AD
        return answer
