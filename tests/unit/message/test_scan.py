"""What the scanner finds, at every seam."""

from __future__ import annotations

import re
from itertools import product

import pytest

from smtpwire.message.scan import Facts, Scanner, scan_whole
from tests.reference import normalised, terminated
from tests.unit.message.chunks import cuts, strings, through


def facts(*chunks: bytes, raw: bool = False) -> Facts:
    scanner = Scanner(raw=raw)
    through(scanner, chunks)
    return scanner.facts()


def expected(content: bytes, *, raw: bool) -> Facts:
    wire = content if raw else normalised(content)
    return Facts(
        size=len(wire),
        data_size=len(terminated(wire)) if wire else 0,
        eightbit=any(octet > 127 for octet in wire),
        nul=0 in wire,
        long_line=any(len(line) > 998 for line in re.split(rb"\r?\n", wire)),
        clean=wire == content,
    )


@pytest.mark.parametrize("raw", [False, True])
def test_every_short_string_at_every_seam(raw: bool) -> None:
    for content in strings(b"\r\n\0\xe9", 4):
        wire = content if raw else normalised(content)
        assert scan_whole(content, raw=raw) == (wire, expected(content, raw=raw))
        for chunks in cuts(content):
            scanner = Scanner(raw=raw)
            assert through(scanner, chunks) == wire, chunks
            assert scanner.facts() == expected(content, raw=raw), chunks


def test_what_is_clean_is_given_back_itself() -> None:
    content = b"a\r\n.b\r\n"
    view = memoryview(content)
    for raw in (False, True):
        assert scan_whole(content, raw=raw)[0] is content
        scanner = Scanner(raw=raw)
        assert scanner.feed(content) is content
        assert scanner.feed(view) is view
        assert scanner.finish() == b""
        assert scanner.facts().size == 2 * len(content)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r", b"\r\r\n"])
@pytest.mark.parametrize("length", [996, 997, 998, 999, 1000, 1001])
def test_fault_134_a_line_over_998_octets_is_found_and_no_other(
    length: int, end: bytes, raw: bool
) -> None:
    short = b"b\r\n" * 400
    for content in (b"a" * length + end, short + b"a" * length + end, b"a" * length + end + short):
        want = expected(content, raw=raw)
        at = content.index(b"a") + length
        seams = [*range(at - 3, min(at + 4, len(content))), 1, 500]
        for seam in seams:
            assert facts(content[:seam], content[seam:], raw=raw) == want, seam
        assert facts(content, raw=raw) == scan_whole(content, raw=raw)[1] == want
        assert facts(*(content[at : at + 1] for at in range(len(content))), raw=raw) == want


def test_a_long_line_after_many_short_ones_and_one_more() -> None:
    short = b"a" * 70 + b"\r\n"
    assert not facts(short * 10_000).long_line
    assert facts(short * 10_000 + b"a" * 999 + b"\r\n", short).long_line
    assert facts(b"a" * 5_000_000).long_line


def test_lines_of_all_lengths_near_the_limit() -> None:
    lengths = [0, 1, 500, 996, 997, 998]
    ends = [b"\n", b"\r\n"]
    for first, end, second, last in product(lengths, ends, lengths, [*lengths, 999, 1000]):
        content = b"a" * first + end + b"b" * second + end + b"c" * last
        want = expected(content, raw=True)
        for cut in (0, 1, first, first + 1, first + 2, first + second + 3):
            assert facts(content[:cut], content[cut:], raw=True) == want, (first, second, last)


def test_fault_133_eight_bits_are_seen_in_any_chunk() -> None:
    assert not facts(b"a\x7f\r\n", b"b\r\n").eightbit
    assert facts(b"a\r\n", b"\x80\r\n", b"b\r\n").eightbit


def test_fault_126_a_nul_is_seen_in_any_chunk() -> None:
    assert facts(b"a\r\n", b"\0\r\n", b"b\r\n").nul


def test_nothing_has_no_octets() -> None:
    for raw in (False, True):
        assert facts(raw=raw) == Facts(
            size=0, data_size=0, eightbit=False, nul=False, long_line=False, clean=True
        )
