"""Questions to the DNS that the system's own resolver cannot be asked: MX, TLSA, TXT, and how sure.

Whether an answer is *secure* is what the resolver says with the AD bit (RFC 4035 section 3.2.3).
That is worth something only where nobody can change it on the way, so it counts only from
resolvers on this host, and from one that is asked by TLS and has the right certificate.  Any other
is asked all the same, and nothing it says is secure.

A question blocks, for as long as it is given at most; `smtpwire.net.aside` is for who cannot wait.

`dns` (dnspython) is imported with the first resolver that is made.
"""

from __future__ import annotations

from smtpwire.errors import ConnectError
from smtpwire.net.dane import TLSA
from smtpwire.net.dial import ascii_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    import dns.resolver

else:
    from smtpwire.record import NamedTuple

_PAYLOAD = 1232
"""Octets of an answer by UDP that no link has to cut into pieces; a longer one comes by TCP."""

RESOLVER_FILE = "/etc/resolv.conf"


class Answer(NamedTuple):
    """What the DNS says about one type of record at one name."""

    records: tuple[Any, ...] = ()
    canonical: str = ""
    """The name that has them, behind all aliases (CNAME); without a final dot."""
    secure: bool = False
    """DNSSEC vouches for all of it, also for that there is none."""
    exists: bool = True
    """The name exists, be it without such records."""


class Resolver:
    """Asks the DNS.

    Args:
        server: its address, its port and, for TLS, its name; None for those of the system.
        seconds: for each question.
        ca_file: whom to trust, for TLS, in place of the system's CAs.

    Attributes:
        trusted: whether the AD bit counts.

    Raises:
        ConnectError: the system has no resolver.
    """

    def __init__(
        self,
        server: tuple[str, int, str] | None,
        *,
        seconds: float,
        ca_file: str | None = None,
    ) -> None:
        self._resolver = _make_resolver(server, seconds, ca_file)
        self.trusted = not untrusted(server)

    def ask(self, name: str, kind: str) -> Answer:
        """Ask for all records of a type.

        Args:
            name: a name, not ASCII perhaps.
            kind: MX, TLSA and the like.

        Raises:
            HostNotFound: the name has no form in ASCII.
            ConnectError: there is no answer, or none that can be believed; one may come later.
        """
        import dns.exception
        import dns.resolver

        try:
            found = self._resolver.resolve(
                _absolute(name), kind, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN as error:
            responses = error.responses().values()  # type: ignore[no-untyped-call]  # dnspython's is untyped
            return Answer(secure=self._secure(responses), exists=False)
        except dns.exception.Timeout:
            raise _no_answer(name, kind, "no server answered in time") from None
        except dns.resolver.NoNameservers:
            reason = "every server failed, or the answer is not signed as it should be"
            raise _no_answer(name, kind, reason) from None
        except dns.exception.DNSException as error:
            raise _no_answer(name, kind, type(error).__name__) from None
        return Answer(
            tuple(found.rrset or ()), _text(found.canonical_name), self._secure([found.response])
        )

    def addresses(self, host: str) -> Answer:
        """Ask for the IPv6 and the IPv4 addresses of a host; `records` are the addresses."""
        six, four = self.ask(host, "AAAA"), self.ask(host, "A")
        return Answer(
            tuple(record.address for answer in (six, four) for record in answer.records),
            four.canonical,
            six.secure and four.secure,
            six.exists or four.exists,
        )

    def tlsa(self, host: str, port: int) -> Answer:
        """Ask for the TLSA records of a service (RFC 7672 section 2.2.3); `records` are `TLSA`."""
        answer = self.ask(f"_{port}._tcp.{host}", "TLSA")
        records = tuple(TLSA(r.usage, r.selector, r.mtype, bytes(r.cert)) for r in answer.records)
        return answer._replace(records=records)

    def texts(self, name: str) -> tuple[bytes, ...]:
        """Ask for the texts at a name, each in one piece."""
        return tuple(b"".join(record.strings) for record in self.ask(name, "TXT").records)

    def _secure(self, responses: Any) -> bool:
        from dns.flags import AD

        return self.trusted and all(bool(response.flags & AD) for response in responses)


def untrusted(server: tuple[str, int, str] | None) -> list[str]:
    """Return the addresses, of those that a `Resolver` would ask, whose AD bit is worth nothing.

    Args:
        server: as for `Resolver`.

    Raises:
        ConnectError: the system has no resolver.
    """
    if server is not None:
        address, _, tls_name = server
        return [] if tls_name or _is_here(address) else [address]
    servers = [str(address) for address in _make_resolver(None, 0.0, None).nameservers]
    return [address for address in servers if not _is_here(address)]


def _is_here(address: str) -> bool:
    """Whether it is on this host, where nobody else can answer for it."""
    return address.startswith("127.") or address == "::1"


def _make_resolver(
    server: tuple[str, int, str] | None, seconds: float, ca_file: str | None
) -> dns.resolver.Resolver:
    import dns.flags
    import dns.nameserver
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(RESOLVER_FILE, configure=server is None)
    except dns.resolver.NoResolverConfiguration:
        raise ConnectError(f"no DNS server is named in {RESOLVER_FILE}") from None
    if server is not None:
        address, port, tls_name = server
        if tls_name:
            from smtpwire.net.dot import NameserverByTLS

            resolver.nameservers = [NameserverByTLS(address, port, tls_name, ca_file)]
        else:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port)]
    resolver.lifetime = seconds
    resolver.flags = dns.flags.RD | dns.flags.AD
    resolver.use_edns(0, dns.flags.DO, _PAYLOAD)
    return resolver


def _absolute(name: str) -> str:
    return ascii_host(name.removesuffix(".")).decode("ascii") + "."


def _text(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True))


def _no_answer(name: str, kind: str, reason: str) -> ConnectError:
    return ConnectError(f"the DNS does not say now what {kind} records {name} has ({reason})")
