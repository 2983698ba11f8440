"""The normaliser against the slow reference, at every seam."""

from __future__ import annotations

import pytest

from smtpwire.message import eol
from smtpwire.message.eol import Normaliser
from tests.reference import normalised
from tests.unit.message.chunks import cuts, strings, through


def test_every_short_string_at_every_seam() -> None:
    for content in strings(b"\r\n.a", 5):
        want = normalised(content)
        assert eol.normalised(content) == want
        for chunks in cuts(content):
            normaliser = Normaliser()
            assert through(normaliser, chunks) == want, chunks
            assert normaliser.changed == (content != want), chunks


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"\n", b"\r\n"),
        (b"\n\n", b"\r\n\r\n"),
    ],
)
def test_fault_121_every_lf_becomes_crlf(content: bytes, want: bytes) -> None:
    assert through(Normaliser(), [content]) == want


def test_fault_122_clean_content_is_not_even_copied() -> None:
    content = b"a\r\n\r\n.b\r\n" * 1000
    normaliser = Normaliser()
    assert normaliser.feed(content) is content
    view = memoryview(content)
    assert normaliser.feed(view) is view
    assert normaliser.finish() == b""
    assert not normaliser.changed
    assert eol.normalised(content) is content


def test_clean_chunks_behind_one_with_bare_crs_are_not_copied() -> None:
    normaliser = Normaliser()
    mixed, clean = b"a\rb\r\n", b"a\r\nb\r\n"
    assert normaliser.feed(mixed) == b"a\r\nb\r\n"
    for _ in range(3):
        assert normaliser.feed(clean) is clean
    assert normaliser.feed(mixed) == b"a\r\nb\r\n"
    assert normaliser.feed(b"a\nb\n") == b"a\r\nb\r\n"


def test_clean_content_is_not_copied_when_a_crlf_is_cut_in_two() -> None:
    normaliser = Normaliser()
    chunks = [b"a\r\nb\r", b"\nc\r", b"\n", b"\r", b"\nd\r\n"]
    assert all(normaliser.feed(chunk) is chunk for chunk in chunks)
    assert normaliser.finish() == b""


def test_content_without_line_ends_is_not_copied() -> None:
    content = b"a" * 100_000
    normaliser = Normaliser()
    assert normaliser.feed(content) is content
    assert normaliser.finish() == b"\r\n"
    assert normaliser.changed


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"a\rb\r\n", b"a\r\nb\r\n"),
        (b"a\r", b"a\r\n"),
        (b"\r\r", b"\r\n\r\n"),
    ],
)
def test_fault_123_bare_cr_becomes_crlf(content: bytes, want: bytes) -> None:
    for chunks in cuts(content):
        assert through(Normaliser(), chunks) == want


def test_fault_127_cr_cr_lf_is_two_line_ends() -> None:
    for chunks in cuts(b"a\r\r\nb\r\n"):
        assert through(Normaliser(), chunks) == b"a\r\n\r\nb\r\n"


def test_fault_126_nul_passes_through() -> None:
    assert through(Normaliser(), [b"\r\n\0.\r\n"]) == b"\r\n\0.\r\n"


def test_fault_130_a_missing_last_line_end_is_added_and_no_empty_line() -> None:
    assert through(Normaliser(), [b"a\r\nb"]) == b"a\r\nb\r\n"
    assert through(Normaliser(), [b"a\r\n"]) == b"a\r\n"
    assert through(Normaliser(), []) == b""


def test_fault_132_what_str_splitlines_splits_at_is_no_line_end() -> None:
    content = "a\vb\fc\x1cd\x1de\x1ef\x85g\u2028h\u2029i\r\n".encode()
    assert Normaliser().feed(content) is content


@pytest.mark.parametrize("content", [b"\r", b"\n", b"\r\n", b"\r\r\n", b"a", b"a\r\nb\rc\n"])
def test_much_of_one_thing(content: bytes) -> None:
    content *= 10_000
    chunks = [content[at : at + 4093] for at in range(0, len(content), 4093)]
    assert through(Normaliser(), [content]) == normalised(content)
    assert through(Normaliser(), chunks) == normalised(content)


def test_what_is_skipped_counts_as_what_came_before() -> None:
    for skipped in strings(b"\r\na", 3):
        for content in strings(b"\r\na", 3):
            want = Normaliser()
            want.feed(skipped)
            normaliser = Normaliser()
            normaliser.skip(skipped)
            assert through(normaliser, [content]) == through(want, [content]), (skipped, content)
