"""The reply parser against a slow reading of the same octets, in any fragmentation."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from smtpwire.core import reply
from smtpwire.core.reply import KEPT_LINES, KEPT_OCTETS, Reply, ReplyParser
from smtpwire.errors import RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS: dict[str, Any] = {
    "MAX_LINE": 24,
    "MAX_LINES": 4,
    "MAX_REPLY": 30,
    "SHOWN": 8,
    "SHORT": 9,
    "REMEMBERED": 2,
}
"""So near that a fuzzer reaches them."""

TOKENS = (
    *(b"250 ok\r\n", b"250-and", b"220 ", b"354 go\n", b"421 4.3.2 no\r\n", b"550", b"550-"),
    *(b"550-0123456789\r\n550 5.7.1\r\n", b"250-a\r\n250-b\n250\n", b"354 x\r\n"),
    *(b"\r\n", b"\n", b"\r", b"2.1.0 ", b"5.7.1", b"\xff", b"\0", b" ", b"-", b"x" * 21),
)

FIRST = b"2345"
DIGITS = string.digits.encode()


class Read(NamedTuple):
    """What a stream of octets says."""

    replies: list[Reply]
    wrong: bool
    """What follows on them is no reply, or is beyond the limits."""
    idle: bool
    """Nothing follows on them."""


def read_slowly(stream: bytes, limits: dict[str, Any] = LIMITS) -> Read:
    """Read replies as RFC 5321 section 4.2 has them, an octet at a time where it matters."""
    replies: list[Reply] = []
    code = b""
    texts: list[bytes] = []
    *lines, rest = stream.split(b"\n")
    for ended in lines:
        line = ended.removesuffix(b"\r")
        if len(line) > limits["MAX_LINE"] or not _well_formed(line) or code not in {b"", line[:3]}:
            return Read(replies, wrong=True, idle=False)
        code = line[:3]
        texts.append(line[4:])
        if line[3:4] != b"-":
            replies.append(Reply(int(code), tuple(texts)))
            code, texts = b"", []
        elif len(texts) >= limits["MAX_LINES"] or sum(map(len, texts)) > limits["MAX_REPLY"]:
            return Read(replies, wrong=True, idle=False)
    too_long = len(rest.removesuffix(b"\r")) > limits["MAX_LINE"]
    return Read(replies, too_long, idle=not (too_long or rest or texts))


def _well_formed(line: bytes) -> bool:
    code, separator = line[:3], line[3:4]
    return (
        len(code) == 3
        and code[0] in FIRST
        and code[1] in DIGITS
        and code[2] in DIGITS
        and separator in {b"", b" ", b"-"}
    )


def _pieces(stream: bytes, size: int) -> Iterator[bytes]:
    return (stream[at : at + size] for at in range(0, len(stream), size))


def _parsed(stream: bytes, size: int, *, at_once: bool) -> tuple[list[Reply], str, bool]:
    """Feed pieces of so many octets, and take the replies behind each, or all of them at the end.

    Returns:
        The replies; what is wrong with what follows, and with which line; and what `idle` says.
    """
    parser = ReplyParser()
    replies: list[Reply] = []
    try:
        for piece in _pieces(stream, size):
            parser.feed(piece)
            if not at_once:
                replies += iter(parser.next, None)
        replies += iter(parser.next, None)
    except RemoteProtocolError as error:
        return replies, f"{error} {error.line!r}", parser.idle
    return replies, "", parser.idle


def check_replies(octets: bytes) -> None:
    """The first octet is the size of a piece, the rest what a server says."""
    size, stream = (octets[0] % 30 + 1 if octets else 1), octets[1:]
    with mock.patch.multiple(reply, **LIMITS):
        whole = _parsed(stream, len(stream) or 1, at_once=False)
        for fragments in (1, size):
            for at_once in (False, True):
                assert _parsed(stream, fragments, at_once=at_once) == whole
    replies, error, idle = whole
    slow = read_slowly(stream)
    assert (replies, bool(error), idle) == slow
    for each in replies:
        _look_at(each)


def _look_at(each: Reply) -> None:
    """What is made of a reply never fails, and says nothing that the reply does not."""
    classes = (each.ok, each.intermediate, each.transient, each.permanent)
    assert classes == tuple(each.code // 100 == klass for klass in (2, 3, 4, 5))
    assert each.refusal == (each.code >= 400)
    kept = each.shortened()
    assert kept.code == each.code
    assert len(kept.raw) <= KEPT_LINES
    assert sum(map(len, kept.raw)) <= KEPT_OCTETS
    assert all(long.startswith(short) for short, long in zip(kept.raw, each.raw, strict=False))
    assert len(each.lines) == len(each.raw)
    assert "\n" not in each.text
    if each.status is not None:
        assert each.status.klass == each.code // 100
        written = [int(number) for number in each.raw[0].split(b" ")[0].split(b".")]
        assert written == list(each.status)
