"""The policy that holds for a domain now: what is published, or what is remembered (RFC 8461).

The order of sections 3.1 and 3.3: the TXT record says whether there is a policy and which; one that
is remembered under the same id is taken; else it is fetched.  Whatever fails, a policy that is
remembered and has not expired holds, so that hiding one gains nothing.
"""

from __future__ import annotations

from smtpwire.errors import ConnectError, TLSError
from smtpwire.net.sts.cache import Entry
from smtpwire.net.sts.policy import parse, policy_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.net.sts.cache import Cache
    from smtpwire.net.sts.policy import Policy


def discover(
    domain: str,
    *,
    texts: Callable[[str], tuple[bytes, ...]],
    fetch: Callable[[str], bytes],
    cache: Cache | None,
    now: float,
    warn: Callable[[str], None],
) -> Policy | None:
    """Find the policy of a domain.

    Args:
        domain: in ASCII, without a final dot.
        texts: gives the TXT records at a name, or raises ConnectError.
        fetch: gives the policy of a domain unread, or raises ConnectError or TLSError.
        cache: what is remembered; None for nothing.
        now: seconds since 1970.
        warn: told what went wrong.

    Returns:
        The policy, or None when there is none.

    Raises:
        Interrupted: as `texts` or `fetch` did.
    """
    entry = None if cache is None else cache.load(domain)
    remembered = None if entry is None else entry.policy(now)
    try:
        current = policy_id(texts(f"_mta-sts.{domain}"))
    except ConnectError as error:
        warn(f"{error}; an MTA-STS policy counts only if it is remembered")
        return remembered
    if current is None or (entry is not None and remembered is not None and current == entry.id):
        return remembered
    try:
        text = fetch(domain)
        policy = parse(text)
    except (ConnectError, TLSError, ValueError) as error:
        instead = "it is as if there were none" if remembered is None else "the one before holds"
        warn(f"the MTA-STS policy of {domain} cannot be had, {instead}: {error}")
        return remembered
    if cache is not None:
        try:
            cache.store(domain, Entry(current, text.decode("utf-8"), now))
        except OSError as error:
            warn(f"the MTA-STS policy of {domain} cannot be remembered: {error.strerror}")
    return policy
