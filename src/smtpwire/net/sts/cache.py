"""Policies kept until they expire, a file each (RFC 8461 section 3.3).

Without this, whoever can hide the record of a policy, or its host, hides the policy.  A file is
written whole or not at all, and one that cannot be read counts as missing: its policy is fetched
again.
"""

from __future__ import annotations

import json
import os

from smtpwire.net.sts.policy import Policy, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


class Entry(NamedTuple):
    """A policy that is remembered."""

    id: str
    """As its TXT record said."""
    text: str
    """The policy as it was fetched."""
    fetched: float
    """When, in seconds since 1970."""

    def policy(self, now: float) -> Policy | None:
        """The policy, unless it has expired."""
        policy = parse(self.text.encode("utf-8"))
        return policy if self.fetched <= now < self.fetched + policy.max_age else None


class Cache:
    """A directory of them.

    Args:
        directory: made, for its owner alone, when there is something to keep.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def _path(self, domain: str) -> str:
        return os.path.join(self._directory, f"{domain.lower()}.json")

    def load(self, domain: str) -> Entry | None:
        """What is remembered about a domain, whose name is a valid one in ASCII."""
        try:
            with open(self._path(domain), encoding="ascii") as file:
                found = json.load(file)
            entry = Entry(str(found["id"]), str(found["text"]), float(found["fetched"]))
            entry.policy(0.0)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return entry

    def store(self, domain: str, entry: Entry) -> None:
        """Remember it.

        Raises:
            OSError: it cannot be written.
        """
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        path = self._path(domain)
        new = f"{path}.{os.getpid()}"
        with open(new, "w", encoding="ascii") as file:
            json.dump(entry._asdict(), file)
        os.replace(new, path)
