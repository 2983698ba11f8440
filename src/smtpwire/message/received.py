"""The trace field that `-R` puts in front of a message (RFC 5321 section 4.4).

It says what the first server's own field cannot: which program on which host began.  There is no
`for` in it, which would show one recipient what another is (section 7.2), and no clock here.
"""

from __future__ import annotations

import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_LINE = 78
"""Characters of a line (RFC 5322 section 2.1.1)."""


def received_field(
    *, helo: str, address: str, program: str, protocol: str, when: float, utc_offset: int
) -> bytes:
    """Write one Received field.

    Args:
        helo: the client's name as EHLO says it: a domain or an address literal, ASCII.
        address: the client's IP address, without brackets.
        program: name and version, for a comment: no parentheses, no line ends.
        protocol: SMTP, ESMTP, ESMTPS, ESMTPA or ESMTPSA (RFC 3848).
        when: seconds since the epoch.
        utc_offset: how many seconds local time is ahead of UTC at that time.

    Returns:
        The field, folded, with its CRLF.
    """
    clauses = (
        ("Received:", f"from {helo}", f"({_literal(address)})"),
        (f"by {helo}", f"({program})", f"with {protocol};"),
        (_date_time(when, utc_offset),),
    )
    return ("\r\n\t".join(_fold(clause) for clause in clauses) + "\r\n").encode("ascii")


def _fold(parts: tuple[str, ...]) -> str:
    """Join the parts of a clause by spaces, on another line where one would become too long."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 1 + len(part) < _LINE:  # one less, for the tab
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return "\r\n\t".join(lines)


def _literal(address: str) -> str:
    """An address literal (RFC 5321 section 4.1.3); a zone (RFC 4007) means nothing elsewhere."""
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


def _date_time(when: float, utc_offset: int) -> str:
    """A date-time by RFC 5322 section 3.3, in English whatever the locale."""
    local = time.gmtime(when + utc_offset)
    hours, minutes = divmod(abs(utc_offset) // 60, 60)
    return (
        f"{_DAYS[local.tm_wday]}, {local.tm_mday} {_MONTHS[local.tm_mon - 1]} {local.tm_year}"
        f" {local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}"
        f" {'-' if utc_offset < 0 else '+'}{hours:02}{minutes:02}"
    )
