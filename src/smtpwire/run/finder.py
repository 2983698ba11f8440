"""Where a server is and what it must prove, as the DNS and the web have it.

Used only where something is to be looked up beyond addresses (`ClientSettings.discovery`).  What
the caller asked for is the least; DANE and MTA-STS add to it and take nothing away, but for this:
where DANE applies, it stands in for the CA.  What cannot be looked up now is never taken for
absent: then that server is not used (RFC 7672 section 2.1.2).

All of it blocks, each look-up with a limit of its own, and is meant to be called aside
(`smtpwire.net.aside`); so what there is to warn of is told from there.
"""

from __future__ import annotations

import random
from time import time

from smtpwire.client import TLSMode, endpoint
from smtpwire.core.address import is_ipv4, parse_domain
from smtpwire.errors import (
    CertificateError,
    ConnectError,
    HostNotFound,
    InvalidAddress,
    NoMailService,
)
from smtpwire.net import dial
from smtpwire.net.lookup import Resolver
from smtpwire.net.sts.policy import Mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from smtpwire.client import ClientSettings, Discovery, Server
    from smtpwire.errors import SMTPError
    from smtpwire.net.dial import Endpoint
    from smtpwire.net.lookup import Answer
    from smtpwire.net.mx import Exchangers
    from smtpwire.net.sts.policy import Policy
    from smtpwire.net.trust import Trust
else:
    from smtpwire.record import NamedTuple


class Domain(NamedTuple):
    """What is known of a domain whose servers were looked up."""

    secure: bool
    """DNSSEC vouches for its MX records."""
    policy: Policy | None
    """Its MTA-STS policy."""


class Finder:
    """Finds servers for one run.

    Args:
        client: what is asked for.
        discovery: of it, what is to be looked up.
        seconds: for each look-up.
        warn: told, with the domain or server, what the user should know.

    Raises:
        ConnectError: the system has no resolver.
    """

    def __init__(
        self,
        client: ClientSettings,
        discovery: Discovery,
        *,
        seconds: float,
        warn: Callable[[str, str], None],
    ) -> None:
        self._client = client
        self._discovery = discovery
        self._seconds = seconds
        self._warn = warn
        ca_file = client.tls_settings.ca_file
        self._resolver = Resolver(discovery.resolver, seconds=seconds, ca_file=ca_file)
        self._domains: dict[str, Domain] = {}

    # -- the servers of domains -------------------------------------------------------------------

    def servers(self) -> tuple[list[Server], list[tuple[str, SMTPError]]]:
        """Turn the domains named into their servers, in the order in which to try them.

        Returns:
            The servers, and what could not be found and why.
        """
        if not self._discovery.mx:
            return list(self._client.servers), []
        found: list[Server] = []
        failures: list[tuple[str, SMTPError]] = []
        for named in self._client.servers:
            try:
                domain = _domain_name(named.host)
                hosts = self._hosts_of(domain)
            except (ConnectError, NoMailService, CertificateError) as error:
                failures.append((named.host, error))
            else:
                found += [named._replace(host=host, domain=domain) for host in hosts]
        return found, failures

    def _hosts_of(self, domain: str) -> list[str]:
        from smtpwire.net.mx import mail_exchangers

        exchangers = mail_exchangers(domain, self._resolver, random.shuffle)
        policy = self._policy(domain) if self._discovery.mta_sts else None
        self._domains[domain] = Domain(exchangers.secure, policy)
        hosts = self._allowed(domain, exchangers, policy)
        vouched = exchangers.secure or (policy is not None and policy.mode is Mode.ENFORCE)
        if not vouched:
            self._not_vouched(domain)
        return hosts

    def _allowed(self, domain: str, exchangers: Exchangers, policy: Policy | None) -> list[str]:
        """Leave out the servers that the policy does not name (RFC 8461 section 4.1)."""
        hosts = list(exchangers.hosts)
        if policy is None or policy.mode is Mode.NONE:
            return hosts
        for host in exchangers.hosts:
            if policy.allows(host):
                continue
            text = f"the MTA-STS policy of {domain} does not name its server {host}"
            if policy.mode is Mode.TESTING:
                self._warn(domain, f"{text}; it is in testing, and does not count")
            else:
                self._warn(domain, f"{text}, which is passed over")
                hosts.remove(host)
        if not hosts:
            raise CertificateError(f"the MTA-STS policy of {domain} names none of its MX hosts")
        return hosts

    def _not_vouched(self, domain: str) -> None:
        if self._client.require_tls_onward:
            raise CertificateError(
                f"REQUIRETLS needs MX records that DNSSEC or MTA-STS vouches for, and those of"
                f" {domain} are not (RFC 8689 section 4.2.1)"
            )
        if self._client.tls_settings.verify and self._client.tls_settings.name is None:
            self._warn(
                domain,
                "neither DNSSEC nor MTA-STS vouches for its MX records: a certificate proves only"
                " that a server has the name they give, not that it is one of this domain",
            )

    def _policy(self, domain: str) -> Policy | None:
        from smtpwire.net.sts.cache import Cache
        from smtpwire.net.sts.discovery import discover

        directory = self._discovery.policy_cache
        policy = discover(
            domain,
            texts=self._resolver.texts,
            fetch=self._fetch,
            cache=None if directory is None else Cache(directory),
            now=time(),
            warn=lambda text: self._warn(domain, text),
        )
        if policy is None:
            self._warn(domain, "it has no MTA-STS policy")
        return policy

    def _fetch(self, domain: str) -> bytes:
        from smtpwire.net.sts.fetch import SECONDS, fetch, policy_host

        addresses = self._resolver.addresses(policy_host(domain)).records
        port, ca_file = self._discovery.policy_port, self._client.tls_settings.ca_file
        limit = self._client.timeout
        seconds = SECONDS if limit is None else min(SECONDS, limit)
        return fetch(domain, addresses, port, ca_file, seconds)

    # -- one server -------------------------------------------------------------------------------

    def reach(self, server: Server, asked: Trust) -> tuple[list[Endpoint], Trust]:
        """Find the addresses of a server, and what is demanded of it.

        Args:
            server: one of `servers`.
            asked: what the caller asked for.

        Raises:
            HostNotFound: it has no address.
            ConnectError: something cannot be looked up now.
        """
        host, discovery = server.host, self._discovery
        own_lookup = discovery.dane or discovery.resolver is not None
        if not own_lookup or ":" in host or is_ipv4(host):
            endpoints = dial.resolve(host, server.port, seconds=self._seconds)
            if discovery.dane:
                self._without_dane(server, "it is named by its address")
            return endpoints, self._by_policy(server, asked)
        answer = self._resolver.addresses(host)
        if not answer.records:
            raise HostNotFound("no such host" if not answer.exists else "the host has no address")
        endpoints = dial.endpoints(answer.records, server.port)
        if discovery.dane:
            return endpoints, self._by_dane(server, answer, asked)
        return endpoints, self._by_policy(server, asked)

    def _by_dane(self, server: Server, addresses: Answer, asked: Trust) -> Trust:
        """What the TLSA records of a server demand, and where they prove nothing, its policy."""
        from smtpwire.net.dane import usable

        bases, reason = self._tlsa_bases(server, addresses)
        for base in bases:
            answer = self._resolver.tlsa(base, server.port)
            if not (answer.records and answer.secure):
                reason = "no TLSA record that DNSSEC vouches for is there"
                continue
            required = asked._replace(mode=TLSMode.REQUIRED)
            records = usable(answer.records)
            if not records:
                self._warn(
                    endpoint(server.host, server.port),
                    "none of its TLSA records can be used: TLS is required, DANE proves nothing",
                )
                return self._by_policy(server, required)
            settings = self._client.tls_settings
            names = [settings.name] if settings.name else [base, asked.name, server.domain]
            return required._replace(
                name=settings.name or base,
                verify=False,
                tlsa=records,
                names=tuple(dict.fromkeys(filter(None, names))),
            )
        self._without_dane(server, reason)
        return self._by_policy(server, asked)

    def _tlsa_bases(self, server: Server, addresses: Answer) -> tuple[list[str], str]:
        """The names at which TLSA records may be (RFC 7672 section 2.2.2), or why at none."""
        if not self._resolver.trusted:
            return [], "nobody can tell who answers for the resolver, which is not on this host"
        if server.domain and not self._domains[server.domain].secure:
            return [], f"DNSSEC does not vouch for the MX records of {server.domain}"
        host = dial.ascii_host(server.host.removesuffix(".")).decode("ascii")
        alias = addresses.canonical.lower() != host.lower()
        if addresses.secure:
            return [addresses.canonical, host] if alias else [host], ""
        if alias and self._resolver.ask(host, "CNAME").secure:
            return [host], ""
        return [], "DNSSEC does not vouch for its addresses"

    def _without_dane(self, server: Server, reason: str) -> None:
        self._warn(endpoint(server.host, server.port), f"it is used without DANE: {reason}")

    def _by_policy(self, server: Server, asked: Trust) -> Trust:
        """What the MTA-STS policy of a server's domain demands beyond `asked`."""
        domain = self._domains.get(server.domain)
        if domain is None or domain.policy is None or domain.policy.mode is Mode.NONE:
            return asked
        trust = asked._replace(mode=TLSMode.REQUIRED, verify=True)
        if domain.policy.mode is Mode.ENFORCE or trust == asked:
            return trust
        return trust._replace(testing=server.domain, otherwise=asked)


def _domain_name(text: str) -> str:
    """A domain in ASCII, without a final dot; it becomes part of other names, and of a file's."""
    try:
        return parse_domain(text.removesuffix("."))
    except InvalidAddress as error:
        raise HostNotFound(str(error)) from None
