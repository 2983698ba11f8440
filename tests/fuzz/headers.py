"""The header reader against the `email` package, and against what its own rules promise."""

from __future__ import annotations

import re
from email.parser import Parser
from email.utils import getaddresses
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from smtpwire.errors import MessageUnusable
from smtpwire.message import envelope, header
from smtpwire.message.addresslist import parse_address_list
from tests.reference import normalised, without_bcc

if TYPE_CHECKING:
    from collections.abc import Callable

    from smtpwire.message.envelope import HeaderEnvelope
    from smtpwire.message.header import Field

T = TypeVar("T")

TOKENS = (
    *(b"From: a@x\r\n", b"To: b@y\n", b"Bcc: c@z\r", b"Cc: ", b"Sender: ", b"Resent-To: ", b"bcc"),
    *(b"Resent-Bcc: d@w\r\n", b"From ", b"X-Y:", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"a@b"),
    *(b'"', b"(", b")", b"<", b">", b",", b";", b"Group:", b"\\", b"\0", b"\xc3\xa9", b"[::1]"),
    *(b"\x0b", b"\x0c", b"\x1c", b"\x85"),
)

SPACE = b" \t\r\n"

CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")

PLAIN = re.compile(rb"[ ]?(?:[a-z]+@[a-z]+(?:, ?|$))+")
"""A list in which there is nothing to argue about."""


def attempt(read: Callable[[], T]) -> T | str:
    """What is read, or the text of the error."""
    try:
        return read()
    except MessageUnusable as error:
        return str(error)


def check_headers(octets: bytes) -> None:
    """The octets are the beginning of a message."""
    end = header.header_end(octets)
    for shorter in range(len(octets)):
        assert header.header_end(octets[:shorter]) in {None, end}, "more octets changed the answer"
    whole = len(octets) if end is None else end
    block, rest = octets[:whole], octets[whole:]
    if end is not None:
        assert rest[:1] in {b"\r", b"\n"}
    fields = attempt(lambda: list(header.split(block)))
    _as_email_has_them(block, rest, fields)
    if isinstance(fields, str):
        _clear(fields)
        return
    assert b"".join(field.text for field in fields) == block
    for field in fields:
        _addresses(field)
    read = attempt(partial(envelope.envelope_from_header, block))
    if isinstance(read, str):
        _clear(read)
    else:
        _hidden(octets, rest, read)


def _clear(error: str) -> None:
    """An error is one line that anybody can be shown."""
    assert error.isascii()
    assert error.isprintable()


def _as_email_has_them(block: bytes, rest: bytes, fields: list[Field] | str) -> None:
    """Where both take a header for one, it has the same fields and the same end.

    The package does not know white space before the colon (RFC 5322 section 4.5), and takes a field
    without a name, and the "From " of an mbox file.
    """
    theirs = Parser().parsestr((block + rest).decode("latin-1"), headersonly=True)
    if isinstance(fields, str):
        assert theirs.defects or _TAKEN_BY_EMAIL.search(block) or _colon_behind_space(block)
        return
    if _colon_behind_space(block):
        return
    ours = [(field.name, field.body.strip(SPACE)) for field in fields]
    raw = [
        (name.lower(), str(value).encode("latin-1").strip(SPACE))
        for name, value in theirs.raw_items()
    ]
    assert raw == ours
    behind = re.sub(rb"\A(?>\r\n|\r|\n)", b"", rest)
    assert theirs.get_payload() == behind.decode("latin-1")


_TAKEN_BY_EMAIL = re.compile(rb"(?:\A|[\r\n])(?::|From )")


def _colon_behind_space(block: bytes) -> bool:
    return re.search(rb"(?:\A|[\r\n])[!-9;-~]+[ \t]+:", block) is not None


def _addresses(field: Field) -> None:
    read = attempt(partial(parse_address_list, field.body, field.name.title()))
    if isinstance(read, str):
        _clear(read)
        return
    assert len(read) <= field.body.count(b"@")
    assert all("@" in address and not CONTROL.search(address) for address in read)
    # What was read is an address by itself, and the same one.
    assert [parse_address_list(address, "To") for address in read] == [[each] for each in read]
    body = field.body.rstrip(b"\r\n")
    if PLAIN.fullmatch(body):
        assert read == [address for _, address in getaddresses([body.decode()]) if address]


def _hidden(octets: bytes, rest: bytes, read: HeaderEnvelope) -> None:
    assert read.recipients
    assert len(set(read.recipients)) == len(read.recipients)
    assert (read.sender is None) == isinstance(read.sender_error, MessageUnusable)
    assert normalised(read.kept_before(rest) + rest) == without_bcc(octets)
