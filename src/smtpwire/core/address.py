"""Addresses as MAIL and RCPT carry them: the Mailbox of RFC 5321 section 4.1.2, and nothing else.

What is accepted here goes onto the wire between angle brackets as it stands, so the grammar is
what keeps a second command, a parameter or an escape sequence out of it.  The rules:

- the local part is a dot-string or a quoted string and is never altered: its case, its quotes and
  its Unicode normalisation form belong to the server that delivers;
- a local part may be UTF-8 (RFC 6531 section 3.3), but without control, format, surrogate or
  space characters, which could only hide something;
- a domain is kept in its case; its non-ASCII labels become A-labels by IDNA 2008 (RFC 5891)
  without any mapping before it, so that nothing is silently turned into something else;
- an underscore in a domain is tolerated, though the grammar has none: such hosts exist, and their
  own server is the one to judge;
- lengths are octets as sent (section 4.5.3.1): 64 for the local part, 255 for the domain, 254 for
  both, which is the path's 256 less its brackets;
- source routes (appendix C) are refused: what they meant is gone, and stripping them would send
  to another address than the one given.

Errors say the position counted in characters from 1, in the text as it was given.  The work is
linear in the length of the text.
"""

from __future__ import annotations

import re

from smtpwire.errors import InvalidAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple

LOCAL_PART_LIMIT = 64
"""Octets (RFC 5321 section 4.5.3.1.1)."""
DOMAIN_LIMIT = 255
"""Octets (RFC 5321 section 4.5.3.1.2)."""
ADDRESS_LIMIT = 254
"""Octets: the path's 256 (RFC 5321 section 4.5.3.1.3) without `<` and `>`."""
LABEL_LIMIT = 63
"""Octets between two dots of a domain (RFC 1035 section 2.3.4)."""

_SHOWN = 80
"""Characters of a wrong address that its error repeats; the rest tells nobody anything."""

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_SNUM = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"

_USUAL = re.compile(rf"([{_ATEXT}]+(?:\.[{_ATEXT}]+)*)@({_LABEL}(?:\.{_LABEL})*)")
"""The addresses nearly everybody has: their whole check is this one match."""
# What only unusual addresses need is compiled when it is first used, by `re`, which keeps it.
_CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
"""C0, DEL, C1, and surrogates, which stand for octets that were not UTF-8."""
_NOT_IN_DOT_STRING = rf"[^{_ATEXT}.\x80-\U0010ffff]"
"""Where a dot-string ends at the latest; where its dots stand is looked at afterwards."""
_QUOTED = r'"(?:[^"\\]|\\[ -~])*+"'
_NOT_IN_LABEL = r"[^A-Za-z0-9_-]"
_IPV4 = rf"{_SNUM}(?:\.{_SNUM}){{3}}"
_HEXTET = r"[0-9A-Fa-f]{1,4}"
_GENERAL = r"[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+"

_IPV6_GROUPS = 8
_IPV6_GROUPS_BESIDE_GAP = 6
"""`::` stands for at least two groups (RFC 5321 section 4.1.3)."""

_HIDDEN = frozenset({"Cf", "Zs", "Zl", "Zp"})
"""Unicode categories that a local part may not hold, beside the controls."""

_NAMES = {
    "\0": "a NUL",
    "\t": "a tab",
    "\n": "a line feed",
    "\r": "a carriage return",
    "\x7f": "a DEL",
    " ": "a space",
}


class Address(NamedTuple):
    """A mailbox (RFC 5321 section 4.1.2), as it goes onto the wire.

    Made by `parse_address`; one that was made by hand has not been checked.

    Attributes:
        local: the local part as it was given, with its quotes if it has them.
        domain: a domain in ASCII (A-labels) or an address literal with its brackets; "" only for
            the bare `postmaster` (section 4.1.1.3).
    """

    local: str
    domain: str

    @property
    def ascii(self) -> bool:
        """Whether it can be sent to a server without SMTPUTF8 (RFC 6531)."""
        return self.local.isascii()

    @property
    def wire(self) -> bytes:
        """The octets that stand between `<` and `>`."""
        return str(self).encode()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local


class _Subject(NamedTuple):
    """The text that is being read, as its errors name it."""

    text: str
    kind: str

    def wrong(self, flaw: str) -> InvalidAddress:
        shown = self.text if len(self.text) <= _SHOWN else self.text[:_SHOWN] + "..."
        return InvalidAddress(f"{shown!r} is not {self.kind}: {flaw}")


def parse_address(text: str) -> Address:
    """Reads one recipient address, with or without `<` and `>` around it.

    Args:
        text: as a user or a file gave it.

    Returns:
        The address, its domain in ASCII.

    Raises:
        InvalidAddress: saying what is wrong, and where.
    """
    mailbox = text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text
    if len(mailbox) <= ADDRESS_LIMIT:
        usual = _USUAL.fullmatch(mailbox)
        if usual is not None and usual.end(1) <= LOCAL_PART_LIMIT:
            return Address(usual[1], usual[2])
        if mailbox.lower() == "postmaster":
            return Address(mailbox, "")
    return _mailbox(_Subject(text, "an address"))


def parse_reverse_path(text: str) -> Address | None:
    """Reads the reverse-path, where bounces go (RFC 5321 section 4.1.1.2).

    Args:
        text: an address as for `parse_address`, or "" or "<>" for the null reverse-path.

    Returns:
        The address, or None for the null reverse-path (section 4.5.5).

    Raises:
        InvalidAddress: saying what is wrong, and where.
    """
    if text in {"", "<>"}:
        return None
    address = parse_address(text)
    if not address.domain:  # only RCPT may leave it out (section 4.1.1.3)
        raise _Subject(text, "a reverse-path").wrong("it has no domain: write user@domain")
    return address


def parse_domain(text: str) -> str:
    """Reads a domain or an address literal that stands alone, as the argument of EHLO does.

    Args:
        text: as it was given.

    Returns:
        The domain in ASCII, or the literal with its brackets.

    Raises:
        InvalidAddress: saying what is wrong, and where.
    """
    subject = _Subject(text, "a domain")
    _refuse_controls(subject)
    return _domain(subject, 0, len(text))


def is_ipv4(text: str) -> bool:
    """Whether it is an IPv4 address as a literal holds it (section 4.1.3)."""
    return re.fullmatch(_IPV4, text) is not None


def is_ipv6(text: str) -> bool:
    """Whether it is an IPv6 address as a literal holds it: without a zone (section 4.1.3)."""
    before, colon, last = text.rpartition(":")
    if colon and is_ipv4(last):
        text = before + ":0:0"
    head, gap, tail = text.partition("::")
    groups = (head.split(":") if head else []) + (tail.split(":") if tail else [])
    if not all(map(re.compile(_HEXTET).fullmatch, groups)):
        return False
    return len(groups) <= _IPV6_GROUPS_BESIDE_GAP if gap else len(groups) == _IPV6_GROUPS


def _mailbox(subject: _Subject) -> Address:
    """Everything that is not a usual address: the rare ones, and the wrong ones."""
    _refuse_controls(subject)
    text = subject.text
    start, end = 0, len(text)
    if text[:1] == "<":
        if text[-1:] != ">":
            raise subject.wrong("the < at its start has no > at its end")
        start, end = 1, end - 1
    elif text[-1:] == ">" and " <" in text:
        raise subject.wrong("give the address alone, without a name before it")
    if start >= end:
        raise subject.wrong("it is empty")
    if text[start] == "@":
        if "@" in text[start + 1 :]:
            raise subject.wrong("source routes are not used any more: write user@domain")
        raise subject.wrong("nothing stands before the @")
    at = _local_part(subject, start, end)
    address = Address(text[start:at], _domain(subject, at + 1, end))
    _limit(subject, "it", len(address.wire), ADDRESS_LIMIT)
    return address


def _refuse_controls(subject: _Subject) -> None:
    if found := re.search(_CONTROL, subject.text):
        raise subject.wrong(f"{_name(found[0])} at character {found.start() + 1}")


def _limit(subject: _Subject, part: str, octets: int, limit: int) -> None:
    if octets > limit:
        raise subject.wrong(f"{part} has {octets} octets, and {limit} are allowed")


def _local_part(subject: _Subject, start: int, end: int) -> int:
    """Returns where the @ behind the local part stands."""
    text = subject.text
    quoted = text[start] == '"'
    if quoted:
        string = re.compile(_QUOTED).match(text, start, end)
        if string is None:
            raise subject.wrong(
                f"the quoted string at character {start + 1} has no end,"
                " or a backslash with nothing to quote"
            )
        at = string.end()
    else:
        beyond = re.compile(_NOT_IN_DOT_STRING).search(text, start, end)
        at = beyond.start() if beyond else end
    if not text.isascii():
        _refuse_hidden(subject, start, at)
    if at == end:
        raise subject.wrong("it has no domain: write user@domain")
    if text[at] != "@":
        raise subject.wrong(f"{_name(text[at])} at character {at + 1} is not allowed there")
    local = text[start:at]
    _limit(subject, "its local part", len(local.encode()), LOCAL_PART_LIMIT)
    if not quoted and "" in local.split("."):
        raise subject.wrong(
            f"a dot in {local!r} has nothing before it or nothing after it, which takes quotes:"
            f' write "{local}"@domain'
        )
    return at


def _refuse_hidden(subject: _Subject, start: int, end: int) -> None:
    from unicodedata import category  # only for addresses that are not ASCII

    for position in range(start, end):
        char = subject.text[position]
        if not char.isascii() and category(char) in _HIDDEN:
            raise subject.wrong(
                f"the invisible character {_name(char)} at character {position + 1}"
            )


def _domain(subject: _Subject, start: int, end: int) -> str:
    text = subject.text[start:end]
    # An A-label is never shorter than its U-label, so this bounds the work too.
    _limit(subject, "the domain", len(text), DOMAIN_LIMIT)
    if text[:1] == "[":
        return _literal(subject, text, start)
    if text[-1:] == ".":
        raise subject.wrong("the domain ends with a dot: leave that out")
    labels: list[str] = []
    for label in text.split("."):
        labels.append(_label(subject, label, start))
        start += len(label) + 1
    domain = ".".join(labels)
    _limit(subject, "the domain", len(domain), DOMAIN_LIMIT)
    return domain


def _literal(subject: _Subject, text: str, start: int) -> str:
    if text[-1] != "]":
        raise subject.wrong(f"the [ at character {start + 1} has no ] at the end")
    inner = text[1:-1]
    if inner[:5].lower() == "ipv6:":
        valid = is_ipv6(inner[5:])
    else:
        valid = is_ipv4(inner) or re.fullmatch(_GENERAL, inner) is not None
    if not valid:
        raise subject.wrong(
            f"no address literal stands in the brackets at character {start + 1}:"
            " write [192.0.2.1] or [IPv6:2001:db8::1]"
        )
    return text


def _label(subject: _Subject, label: str, start: int) -> str:
    """Returns one label in ASCII; `start` is where it stands in the subject's text."""
    place = f"the domain label at character {start + 1}"
    if not label:
        raise subject.wrong(f"{place} is empty")
    _limit(subject, place, len(label), LABEL_LIMIT)
    if not label.isascii():
        return _a_label(subject, label, place)
    if found := re.search(_NOT_IN_LABEL, label):
        position = start + found.start() + 1
        raise subject.wrong(f"{_name(found[0])} at character {position} is not allowed in a domain")
    if "-" in {label[0], label[-1]}:
        raise subject.wrong(f"{place} begins or ends with a hyphen")
    return label


def _a_label(subject: _Subject, label: str, place: str) -> str:
    import idna  # only for domains that are not ASCII

    try:
        return idna.alabel(label).decode()
    except idna.IDNAError as error:
        raise subject.wrong(f"{place} is not valid by IDNA 2008: {error}") from None


def _name(char: str) -> str:
    """Names a character that is in the wrong place, so that it can be read on any terminal."""
    if char in _NAMES:
        return _NAMES[char]
    if "!" <= char <= "~":
        return repr(char)
    if "\udc80" <= char <= "\udcff":  # os.fsdecode() of what was not UTF-8 (PEP 383)
        return f"the octet 0x{ord(char) - 0xDC00:02x}, which is not UTF-8,"
    return f"U+{ord(char):04X}"
