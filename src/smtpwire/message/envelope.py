"""The envelope of a message, out of its header (`-F`).

Rules
- The sender is `Sender` where there is one, else the only mailbox in `From` (RFC 5322 section
  3.6.2: with several authors a Sender is a must).  Whatever keeps it from being known is an error
  only for who has no other sender to offer, so it is a value.
- The recipients are those of every To, Cc and Bcc (section 4.5.3 joins several of one name), in
  order, each exact address once.
- With Resent- fields, only the most recent resending counts.  It stands first (section 3.6.6), as
  one block: the fields from the topmost Resent- field on, up to a field of another kind or to the
  repetition of one, which belongs to the resending before it (each is "one per block", 3.6).
- Bcc and Resent-Bcc are left out of what is sent, all of them, read or not (section 3.6.3).
"""

from __future__ import annotations

from smtpwire.errors import MessageUnusable
from smtpwire.message.addresslist import parse_address_list
from smtpwire.message.header import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NamedTuple

    from smtpwire.message.header import Field
else:
    from smtpwire.record import NamedTuple

_HIDDEN = frozenset({"bcc", "resent-bcc"})
_RECIPIENTS = ("to", "cc", "bcc")
_DECIDING = frozenset({"from", "sender", *_RECIPIENTS})
_RESENT = "resent-"


class HeaderEnvelope(NamedTuple):
    """What a header says of the envelope, and what is left of the header."""

    sender: str | None
    """The addr-spec of the sender, or None when it is not known."""
    sender_error: MessageUnusable | None
    """Why it is not known, or None when it is."""
    recipients: tuple[str, ...]
    """Their addr-specs; at least one."""
    kept: bytes
    """The header without Bcc and Resent-Bcc, otherwise octet for octet."""

    def kept_before(self, rest: bytes) -> bytes:
        """What is sent of the header in front of what follows on it.

        A bare CR in front of the field that was left out and a bare LF behind it would be one line
        end where they met, and the empty line that ends the header gone.
        """
        merged = self.kept.endswith(b"\r") and rest.startswith(b"\n")
        return self.kept + b"\n" if merged else self.kept


def envelope_from_header(header: bytes) -> HeaderEnvelope:
    """Read the envelope in a header.

    Args:
        header: the header without the empty line that ends it.

    Returns:
        The envelope.

    Raises:
        MessageUnusable: the header is malformed, or there are no recipients in it.
    """
    kept = bytearray()
    fields: list[Field] = []
    block: dict[str, Field] = {}
    in_block = True
    for field in split(header):
        if field.name not in _HIDDEN:
            kept += field.text
        if field.name in _DECIDING:
            fields.append(field)
        resent = field.name.startswith(_RESENT)
        if block and (not resent or field.name in block):
            in_block = False
        if in_block and resent:
            block[field.name] = field
    prefix = _RESENT if block else ""
    deciding = list(block.values()) or fields
    recipients = _recipients(deciding, prefix)
    sender, sender_error = None, None
    try:
        sender = _sender(deciding, prefix)
    except MessageUnusable as error:
        sender_error = error
    return HeaderEnvelope(sender, sender_error, recipients, bytes(kept))


def _recipients(fields: Sequence[Field], prefix: str) -> tuple[str, ...]:
    names = [prefix + name for name in _RECIPIENTS]
    recipients = dict.fromkeys(
        address for field in fields if field.name in names for address in _addresses(field)
    )
    if not recipients:
        to, cc, bcc = (name.title() for name in names)
        raise MessageUnusable(f"the message has no recipients: no address in {to}, {cc} or {bcc}")
    return tuple(recipients)


def _sender(fields: Sequence[Field], prefix: str) -> str:
    senders = [field for field in fields if field.name == f"{prefix}sender"]
    authors = [field for field in fields if field.name == f"{prefix}from"]
    named = senders or authors
    from_, sender = f"{prefix}from".title(), f"{prefix}sender".title()
    if not named:
        raise MessageUnusable(f"the message has no sender: neither {sender} nor {from_}")
    if len(named) > 1:
        several = f"{len(named)} {sender} fields" if senders else f"{len(named)} {from_} fields"
        raise MessageUnusable(f"the message has no single sender, but {several}")
    mailboxes = _addresses(named[0])
    if len(mailboxes) != 1:
        count = f"{len(mailboxes)} addresses" if mailboxes else "no address"
        where = sender if senders else f"{from_}, and no {sender}"
        raise MessageUnusable(f"the message has no single sender, but {count} in {where}")
    return mailboxes[0]


def _addresses(field: Field) -> list[str]:
    return parse_address_list(field.body, field.name.title())
