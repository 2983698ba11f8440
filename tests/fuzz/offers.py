"""The reader of EHLO replies against a slow one."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from smtpwire.core import extensions
from smtpwire.core.reply import Reply

if TYPE_CHECKING:
    from smtpwire.core.extensions import Capabilities

TOKENS = (
    *(b"\n", b" ", b"\t", b"=", b"SIZE", b"size 1000", b"SIZE 0", b"AUTH", b"AUTH=", b"auth=PLAIN"),
    *(b"PLAIN LOGIN", b"STARTTLS", b"Pipelining", b"8BITMIME", b"-", b"000", b"9" * 18, b"1" * 19),
    *(
        "\u0661".encode(),
        "\uff33IZE 9".encode(),
        "\u017fize 9".encode(),
        b"\xff",
        b"\0",
        b"\r",
        b"\x1e",
    ),
)

ALNUM = string.ascii_letters + string.digits


def _words(line: str) -> list[str]:
    """What white space separates; RFC 5321 section 4.1.1.1 has a single space."""
    words = [""]
    for character in line:
        if character in string.whitespace:
            words.append("")
        else:
            words[-1] += character
    return [word for word in words if word]


def _offer(line: str) -> tuple[str, list[str]] | None:
    """What one line offers, if it offers anything."""
    words = _words(line)
    if not words:
        return None
    head, *parameters = words
    name = ""
    while name != head and head[len(name)] != "=":
        name += head[len(name)]
    if not name or name[0] not in ALNUM or any(letter not in ALNUM + "-" for letter in name):
        return None
    upper = "".join(chr(ord(x) - 32) if x in string.ascii_lowercase else x for x in name)
    if name != head:
        if upper != "AUTH":
            return None
        behind = head[len(name) + 1 :]
        parameters = ([behind] if behind else []) + parameters
    return upper, parameters


def _limit(parameters: list[str]) -> int | None:
    if not parameters or any(x not in string.digits for x in parameters[0]):
        return None
    digits = parameters[0]
    while digits.startswith("0"):
        digits = digits[1:]
    return int(digits) if 0 < len(digits) <= 18 else None


def check_offers(octets: bytes) -> None:
    """The octets are the lines of a reply to EHLO, the greeting first."""
    raw = tuple(octets.split(b"\n"))
    read = extensions.capabilities(Reply(250, raw))
    offered: dict[str, list[str]] = {}
    for line in Reply(250, raw).lines[1:]:
        offer = _offer(line)
        if offer is not None:
            offered.setdefault(offer[0], []).extend(offer[1])
    assert {name: list(parameters) for name, parameters in read.keywords.items()} == offered
    assert read.esmtp
    assert read.size_limit == _limit(offered.get("SIZE", []))
    mechanisms = list(dict.fromkeys(x.upper() for x in offered.get("AUTH", []) if x.isascii()))
    assert list(read.mechanisms) == mechanisms
    _careless_lines_cost_nothing(raw, read)


def _careless_lines_cost_nothing(raw: tuple[bytes, ...], read: Capabilities) -> None:
    """Each line offers what it offers alone, whatever stands around it."""
    for line in raw[1:]:
        for name in extensions.capabilities(Reply(250, (b"", line))).keywords:
            assert read.offers(name)
