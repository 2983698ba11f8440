"""The servers that take the mail of a domain: its MX records in order (RFC 5321 section 5.1)."""

from __future__ import annotations

from smtpwire.core.address import is_ipv4, parse_domain
from smtpwire.errors import ConnectError, HostNotFound, InvalidAddress, NoMailService

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.net.lookup import Resolver
else:
    from smtpwire.record import NamedTuple

_NULL = "."


class Exchangers(NamedTuple):
    """Who takes the mail of a domain."""

    hosts: tuple[str, ...]
    """The best first, without final dots."""
    secure: bool
    """DNSSEC vouches for them."""


def mail_exchangers(
    domain: str, resolver: Resolver, shuffle: Callable[[list[str]], None]
) -> Exchangers:
    """Find out who takes the mail of a domain.

    A domain without MX records takes it itself.  Names that are not host names are passed over.

    Args:
        domain: a name.
        resolver: is asked.
        shuffle: puts hosts of the same preference into an order by chance (section 5.1).

    Raises:
        HostNotFound: the domain does not exist.
        NoMailService: it says that it takes no mail (RFC 7505 section 3).
        ConnectError: it cannot be found out now, or none of its MX records can be used.
        Interrupted: as the resolver's `stop` said.
    """
    answer = resolver.ask(domain, "MX")
    if not answer.exists:
        raise HostNotFound(f"the domain {domain} does not exist")
    if not answer.records:
        return Exchangers((domain.removesuffix("."),), answer.secure)
    by_preference: dict[int, list[str]] = {}
    for record in answer.records:
        host = record.exchange.to_text()
        if host == _NULL:
            if len(answer.records) == 1:
                raise NoMailService(f"the domain {domain} takes no mail (it has a null MX)")
        elif _is_host(host := host.removesuffix(".")):
            by_preference.setdefault(record.preference, []).append(host)
    if not by_preference:
        raise ConnectError(f"no MX record of {domain} names a host")
    hosts: list[str] = []
    for _, equal in sorted(by_preference.items()):
        shuffle(equal)
        hosts += equal
    return Exchangers(tuple(dict.fromkeys(hosts)), answer.secure)


def _is_host(name: str) -> bool:
    try:
        parse_domain(name)
    except InvalidAddress:
        return False
    return not (name.startswith("[") or is_ipv4(name))
