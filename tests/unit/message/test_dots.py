"""Dot transparency against the slow reference, at every seam."""

from __future__ import annotations

from itertools import count

import pytest

from smtpwire.message.dots import DotStuffer, stuffed_whole
from smtpwire.message.eol import Normaliser
from tests.unit.message.chunks import cuts, strings, through


def stuffed(content: bytes) -> bytes:
    """RFC 5321 section 4.5.2, one octet at a time."""
    result = b""
    for octet in (content[at : at + 1] for at in range(len(content))):
        if octet == b"." and (not result or result.endswith(b"\r\n")):
            result += b"."
        result += octet
    return result + (b".\r\n" if not result or result.endswith(b"\r\n") else b"\r\n.\r\n")


def unstuffed(data: bytes) -> bytes:
    """What a server makes of it: lines up to the lone dot, less the first dot of each."""
    assert data.endswith(b".\r\n")
    lines = data[:-3].split(b"\r\n")
    assert b"." not in lines
    return b"\r\n".join(line.removeprefix(b".") for line in lines)


def sent(content: bytes) -> bytes:
    return through(DotStuffer(), [through(Normaliser(), [content])])


def test_every_short_string_at_every_seam() -> None:
    for content in strings(b"\r\n.a", 5):
        assert b"".join(stuffed_whole(content)) == stuffed(content), content
        for chunks in cuts(content):
            assert through(DotStuffer(), chunks) == stuffed(content), chunks


def test_a_server_gets_back_what_was_stuffed() -> None:
    for content in strings(b"\r\n.a", 6):
        ended = b"" if not content or content.endswith(b"\r\n") else b"\r\n"
        assert unstuffed(through(DotStuffer(), [content])) == content + ended


def test_nothing_is_copied_when_there_is_nothing_to_double() -> None:
    for content in (b"a.b\r\nc.\r\n", b"no dot\r\n", b"a.b\r\n" * 1000):
        assert stuffed_whole(content)[0] is content
        stuffer = DotStuffer()
        assert stuffer.feed(content) is content
        view = memoryview(content)
        assert stuffer.feed(view) is view
        assert stuffer.finish() == b".\r\n"


def test_a_view_is_stuffed_as_its_octets_are() -> None:
    assert through(DotStuffer(), [memoryview(b".a\r\n.b\r\n")]) == b"..a\r\n..b\r\n.\r\n"


def test_without_stuffing_there_is_only_the_terminator() -> None:
    for content in strings(b"\r\n.a", 4):
        terminator = b".\r\n" if not content or content.endswith(b"\r\n") else b"\r\n.\r\n"
        for chunks in cuts(content):
            assert through(DotStuffer(stuff=False), chunks) == content + terminator
        assert stuffed_whole(content, stuff=False) == (content, terminator)


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"a\n.\nb\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\nb\n", b"a\r\n..\r\nb\r\n.\r\n"),
    ],
)
def test_fault_124_a_lone_dot_between_any_line_ends_is_doubled(content: bytes, want: bytes) -> None:
    assert sent(content) == want


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"a\r.\rb\r", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\nb\n", b"a\r\n..\r\nb\r\n.\r\n"),
    ],
)
def test_fault_125_bare_cr_hides_no_end_of_data(content: bytes, want: bytes) -> None:
    assert sent(content) == want


def test_fault_126_a_dot_behind_a_nul_does_not_begin_a_line() -> None:
    for chunks in cuts(b"a\r\n\0.\r\n"):
        assert through(DotStuffer(), chunks) == b"a\r\n\0.\r\n.\r\n"


def test_fault_128_dots_first_and_last() -> None:
    assert sent(b".a\nb\n.") == b"..a\r\nb\r\n..\r\n.\r\n"
    assert sent(b".") == b"..\r\n.\r\n"


@pytest.mark.parametrize("block", [1024, 8192, 16384, 65536])
def test_fault_129_a_line_end_and_a_dot_cut_at_a_block(block: int) -> None:
    for before in range(block - 4, block + 2):
        content = b"a" * before + b"\r\n.\r\n.b\r\n"
        chunks = [content[:block], content[block:]]
        want = b"a" * before + b"\r\n..\r\n..b\r\n.\r\n"
        assert through(DotStuffer(), chunks) == want


def test_fault_135_in_raw_content_only_crlf_begins_a_line() -> None:
    content = b"a\n.\n\r.\r.b\r\n.c"
    assert through(DotStuffer(), [content]) == b"a\n.\n\r.\r.b\r\n..c\r\n.\r\n"


@pytest.mark.parametrize("between", [0, 1, 100, 255, 256, 257, 10_000])
def test_many_dots_and_few(between: int) -> None:
    line = b"." + b"a" * between + b"\r\n"
    content = line * (300_000 // len(line))
    want = (b"." + line) * (300_000 // len(line))
    assert through(DotStuffer(), [content]) == want + b".\r\n"
    assert stuffed_whole(content) == (want, b".\r\n")


@pytest.mark.parametrize("apart", [50, 300, 3000, 4096, 5000, 20_000])
@pytest.mark.parametrize("dotted", [1, 7, 100_000])
def test_dots_as_far_apart_as_may_be(apart: int, dotted: int) -> None:
    """However dots are looked for, and whatever came in the chunks before."""
    stuffer = DotStuffer()
    for most in (2 * apart, 150, 2 * apart, 10 * apart, 600):
        chunk = want = b"begin\r\n"
        numbers = count(1)
        while len(chunk) < 100_000:
            number = next(numbers)
            text = b"a" * (1 + number * 7919 % most)
            begins = number % dotted == 0
            chunk += text + (b"\r\n.b\r\n" if begins else b".\r\n\n.")
            want += text + (b"\r\n..b\r\n" if begins else b".\r\n\n.")
        assert stuffer.feed(chunk + b"end\r\n") == want + b"end\r\n"


def test_a_dot_behind_the_seam_before_many_and_few() -> None:
    few = b".a\r\n" + b"b" * 10_000 + b"\r\n.c\r\n"
    many = b".a\r\n" * 1000
    for first in (few, many):
        for second in (few, many):
            for cut in (1, 2):
                chunks = [first + b"end\r\n"[:-cut], b"end\r\n"[-cut:] + second]
                want = stuffed(first + b"end\r\n")[:-3] + stuffed(second)
                assert through(DotStuffer(), chunks) == want
