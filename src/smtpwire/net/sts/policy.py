"""What a domain publishes: the record that tells of a policy, and the policy (RFC 8461 section 3).

Octets in, values out.  What a domain says is read strictly: a policy that is wrong in one place is
no policy.  Fields that are not known are passed over, and so is what repeats a field, but for mx.
Their values may be in UTF-8 (section 3.2); in fields that are known only ASCII is right.
"""

from __future__ import annotations

import re
from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

MAX_AGE = 31_557_600
"""Seconds; a year (section 3.2)."""

_RECORD = re.compile(r"v=STSv1[ \t]*;(?P<fields>.*)", re.DOTALL)
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*")
_SECONDS = re.compile(r"[0-9]{1,10}")
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


class Mode(Enum):
    """What is to be done about a server that does not fit (section 5)."""

    ENFORCE = "enforce"
    """Nothing is given to it."""
    TESTING = "testing"
    """That is told, and mail goes on as without a policy."""
    NONE = "none"
    """Nothing: there is no policy any more."""


class Policy(NamedTuple):
    """A policy."""

    mode: Mode
    hosts: tuple[str, ...]
    """Names of servers, or *.DOMAIN for all names with one label more; in lower case."""
    max_age: int
    """Seconds for which it may be kept."""

    def allows(self, host: str) -> bool:
        """Whether a server is one of those named (section 4.1); in ASCII, without a final dot."""
        host = host.lower()
        wildcard = "*." + host.partition(".")[2]
        return host in self.hosts or wildcard in self.hosts


def policy_id(texts: Iterable[bytes]) -> str | None:
    """Read the TXT records at `_mta-sts.DOMAIN` (section 3.1).

    Returns:
        The id of the policy that there is; None when there is none.
    """
    records = [r for t in texts if (r := _RECORD.fullmatch(t.decode("ascii", "replace")))]
    if len(records) != 1:
        return None
    for field in records[0]["fields"].split(";"):
        name, _, value = field.strip().partition("=")
        if name == "id":
            return value if _ID.fullmatch(value) else None
    return None


def parse(data: bytes) -> Policy:
    """Read a policy (section 3.2).

    Raises:
        ValueError: it is not one; the text says why, without repeating any of it.
    """
    fields: dict[str, str] = {}
    hosts: list[str] = []
    try:
        lines = data.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    for number, line in enumerate(lines, 1):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ValueError(f"line {number} is not NAME: VALUE")
        name, value = field[1], field[2]
        if name == "mx":
            if not _HOST.fullmatch(value):
                raise ValueError(f"line {number} does not name a host")
            hosts.append(value.lower())
        else:
            fields.setdefault(name, value)
    return _policy(fields, hosts)


def _policy(fields: dict[str, str], hosts: list[str]) -> Policy:
    if fields.get("version") != "STSv1":
        raise ValueError("its version is not STSv1")
    try:
        mode = Mode(fields.get("mode"))
    except ValueError:
        raise ValueError("its mode is none of enforce, testing and none") from None
    max_age = fields.get("max_age", "")
    if not _SECONDS.fullmatch(max_age):
        raise ValueError("its max_age is not a number of seconds")
    if not hosts and mode is not Mode.NONE:
        raise ValueError("it names no mx")
    return Policy(mode, tuple(hosts), min(int(max_age), MAX_AGE))
