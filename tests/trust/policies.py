"""Publishing an MTA-STS policy: the record in the DNS, and the text on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.trust.policyhost import Page

if TYPE_CHECKING:
    from tests.trust.policyhost import PolicyHost
    from tests.trust.zones import Zones


def policy(mode: str, *hosts: str, max_age: int = 86_400) -> bytes:
    """The text of a policy."""
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts)]
    return "".join(f"{line}\r\n" for line in [*lines, f"max_age: {max_age}"]).encode()


def publish(
    zones: Zones, policy_host: PolicyHost, domain: str, text: bytes, record_id: str = "1"
) -> None:
    """Have a domain publish a policy."""
    host = f"mta-sts.{domain}"
    zones.publish(f"_mta-sts.{domain}", "TXT", f'"v=STSv1; id={record_id};"')
    zones.publish(host, "A", "127.0.0.1")
    policy_host.pages[host] = Page(text)
