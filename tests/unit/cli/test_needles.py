"""How a constant is found, whole and in part."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from smtpwire.cli.needles import Base64, EncodedResponse, Needle, Response, ServerSignature
from smtpwire.cli.readings import Reading

if TYPE_CHECKING:
    from smtpwire.cli.readings import Narrowed

DIGEST = b"0123456789abcdef" * 2
SENT = base64.b64encode(b"me " + DIGEST)
SHA_1 = base64.b64encode(b"v=" + base64.b64encode(bytes(range(20))))
SHA_512 = base64.b64encode(b"v=" + base64.b64encode(bytes(range(64))))


def view(text: bytes) -> Narrowed:
    return Reading(text).without(b" ")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (b"", []),
        (b"xabab", [(1, 5)]),
        (b"ABAB-abab", [(0, 4), (5, 9)]),
        (b"abababx", [(0, 6)]),
        (b"abababab", [(0, 8)]),
        (b"ab ab", [(0, 4)]),
    ],
)
def test_whole(text: bytes, places: list[tuple[int, int]]) -> None:
    assert list(Needle(b"abAB").found(view(text))) == places


def test_every_place_could_be_a_word() -> None:
    assert list(Needle(b"aa").found(view(b"aaaa"))) == [(0, 2), (1, 3), (2, 4)]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (b"", -1),
        (b"no: se", -1),
        (b"no: sec", 3),
        (b"no: SECre", 3),
        (b"no: secret", -1),
        (b"secsecsec", 6),
        (b"sec!", -1),
    ],
)
def test_the_beginning_at_the_end(text: bytes, start: int) -> None:
    assert Needle(b"secret").part_at_end(view(text)) == start


def test_the_longest_beginning_counts() -> None:
    needle = Needle(b"abcabcx")
    assert needle.part_at_end(view(b"..abcabc")) == 2
    assert needle.part_at_end(view(b"abcabcabc")) == 3


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (b"", 0),
        (b"et no", 0),
        (b"ret no", 3),
        (b"CREt no", 4),
        (b"secret", 0),
        (b"retret", 3),
        (b"!ret", 0),
    ],
)
def test_the_end_at_the_beginning(text: bytes, size: int) -> None:
    assert Needle(b"secret").part_at_start(view(text)) == size


def test_the_longest_end_counts() -> None:
    assert Needle(b"xabcabc").part_at_start(view(b"abcabc..")) == 6
    assert Needle(b"xabcabc").part_at_start(view(b"abcabcabc")) == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [(b"abcde==.", (0, 7)), (b"/bcde.", (0, 5)), (b"?bcde", (1, 5)), (b"bcd", (0, 3))],
)
def test_base64_comes_with_its_edges_and_padding(text: bytes, shown: tuple[int, int]) -> None:
    needle = Base64(b"bcd", before=True, behind=True)
    ((start, end),) = needle.found(view(text))
    assert needle.whole(view(text), start, end) == shown


def test_a_response_is_a_name_and_a_digest() -> None:
    response = Response(b"me")
    assert list(response.found(view(b"no me " + DIGEST + b"0"))) == [(2, 36)]
    assert list(response.found(view(b"no me " + DIGEST[:8]))) == [(2, 12)]
    for text in (
        b"go away, me",
        b"me dead",
        b"me " + DIGEST[:31] + b"g",
        b"me " + DIGEST[:31] + b".",
    ):
        assert list(response.found(view(text))) == []


def test_a_response_in_base64() -> None:
    response = EncodedResponse(b"me")
    assert list(response.found(view(b"no: " + SENT + b" x"))) == [(3, 3 + len(SENT))]
    assert list(response.found(view(SENT.rstrip(b"=") + b"!"))) == [(0, len(SENT.rstrip(b"=")))]
    assert list(response.found(view(SENT[:21]))) == [(0, 21)]
    for text in (SENT[:12], b"bWUg" * 20, b"bWUgA!!!", SENT[:20] + b"!" + SENT[20:]):
        assert list(response.found(view(text))) == []


def test_parts_of_a_response_are_nothing() -> None:
    for response in (Response(b"someone"), EncodedResponse(b"someone")):
        assert response.part_at_end(view(b"someo")) == -1
        assert response.part_at_start(view(b"eone")) == 0


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (b"no: " + SHA_1 + b"!", [(3, 43)]),
        (b"no: " + SHA_512.lower(), [(3, 3 + len(SHA_512))]),
        (SHA_1 + b"," + SHA_512, [(0, 40), (41, 41 + len(SHA_512))]),
        (SHA_1 + SHA_1, [(0, 80)]),
        (SHA_1[:39] + b"." + SHA_1[39:], []),
        (b"dj4" + SHA_1[3:], []),
        (b"a DJ played", []),
    ],
)
def test_a_signature_is_at_least_that_of_sha_1(text: bytes, places: list[tuple[int, int]]) -> None:
    assert len(SHA_1) == 40
    assert list(ServerSignature().found(view(text))) == places


def test_parts_of_a_signature_are_nothing() -> None:
    assert ServerSignature().part_at_end(view(SHA_1[:20])) == -1
    assert ServerSignature().part_at_start(view(SHA_1[20:])) == 0
