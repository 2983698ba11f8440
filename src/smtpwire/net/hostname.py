"""The name by which this host introduces itself in EHLO.

It is to be the host's fully qualified name, else the address literal of the connection (RFC 5321
section 4.1.4), and never `localhost` or a bare name, which mean nothing to anyone else.  Finding it
must not make a submission slow, so the ways go from free to dear:

1. the system's node name, where that is a full name already;
2. `/etc/hosts`, where the administrator wrote the full name beside it;
3. a look-up, in a thread of its own that is started before the first connection and waited for
   only when EHLO is due, and then not for long: a resolver without an answer is no reason to wait,
   for the literal will do.

Names that the grammar of EHLO does not allow (section 4.1.2) are passed over, an underscore among
them: many servers refuse those.
"""

from __future__ import annotations

import os

from smtpwire.core.address import is_ipv4, parse_domain
from smtpwire.errors import InvalidAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOSTS_FILE = "/etc/hosts"

PATIENCE = 1.0
"""Seconds to wait for the look-up once the name is needed; connecting has given it some already."""


class HostName:
    """The name of this host, found once for all connections of a run."""

    def __init__(
        self,
        node: str,
        hosts: Iterable[str],
        look_up: Callable[[str], str],
        *,
        patience: float = PATIENCE,
    ) -> None:
        """Begins to find it; this never blocks.

        Args:
            node: the name that the system has for itself.
            hosts: the lines of `/etc/hosts`; not read when `node` is a full name.
            look_up: gives the canonical name for a node name, or raises OSError; called in a
                thread of its own, and not at all when the name is found without it.
            patience: how many seconds the first call of `name` may wait for `look_up`.
        """
        self._name = full_name(node) or name_in_hosts(hosts, node)
        self._patience = 0.0
        if self._name is None and node:
            import _thread

            self._patience = patience
            self._looking_up = _thread.allocate_lock()
            self._looking_up.acquire()
            _thread.start_new_thread(self._find, (node, look_up))

    def name(self, address: str) -> str:
        """Returns the argument for EHLO.

        Args:
            address: the local address of the connection, "" when it has none.

        Returns:
            The full name, or the address literal when there is none, or none yet.
        """
        if self._patience:
            self._looking_up.acquire(timeout=self._patience)
            self._patience = 0.0  # a run waits once, not at each connection
        return self._name or address_literal(address)

    def _find(self, node: str, look_up: Callable[[str], str]) -> None:
        try:
            self._name = full_name(look_up(node))
        except (OSError, UnicodeError):
            pass  # no name, or one that cannot even be asked for: the literal will do
        finally:
            self._looking_up.release()


def find_host_name() -> HostName:
    """Begins to find the name of this host; call it before connecting."""
    try:
        # Whatever is not UTF-8 in it cannot be a name either.
        with open(HOSTS_FILE, encoding="utf-8", errors="replace") as hosts:
            return HostName(os.uname().nodename, hosts, canonical_name)
    except OSError:
        return HostName(os.uname().nodename, (), canonical_name)


def full_name(name: str) -> str | None:
    """Gives a name in the form that EHLO takes, or None when it is not a full and valid one."""
    name = name.removesuffix(".")
    labels = name.lower().split(".")
    if len(labels) == 1 or "localhost" in labels or "_" in name or labels[-1].isdecimal():
        return None
    try:
        return parse_domain(name)
    except InvalidAddress:
        return None


def name_in_hosts(hosts: Iterable[str], node: str) -> str | None:
    """Finds the full name of a node in the lines of a hosts file (hosts(5)).

    The first full name on a line that names the node is taken: the first name there ought to be
    it, but many write the short one first.
    """
    wanted = node.lower()
    for line in hosts:
        names = line.partition("#")[0].split()[1:]
        if wanted in map(str.lower, names):
            for name in names:
                if found := full_name(name):
                    return found
    return None


def canonical_name(node: str) -> str:
    """Asks the system's resolver for the canonical name of a node.

    Raises:
        OSError: when it has none.
        UnicodeError: when the name cannot be asked for.
    """
    import _socket

    # As octets: a str would go through the idna codec, at the price of its tables.
    host = node.encode("ascii")
    found = _socket.getaddrinfo(host, None, 0, _socket.SOCK_STREAM, 0, _socket.AI_CANONNAME)
    return found[0][3]


def address_literal(address: str) -> str:
    """Gives the literal for an address (RFC 5321 section 4.1.3); for "" the loopback's.

    Args:
        address: IPv4, or IPv6 with or without a zone, as the system writes it.
    """
    address = address.partition("%")[0].removeprefix("::ffff:") or "127.0.0.1"
    return f"[{address}]" if is_ipv4(address) else f"[IPv6:{address}]"
