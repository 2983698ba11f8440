"""What a client sent is checked, and the messages are what they are said to be."""

from __future__ import annotations

import re

import pytest

from benchmarks import messages
from benchmarks.errors import RowFailed
from benchmarks.messages import Octets
from benchmarks.submission import Expected
from benchmarks.suites import normaliser
from smtpwire.message.dots import DotStuffer
from smtpwire.message.eol import Normaliser

TOTALS = {
    "messages": 3,
    "recipients": 3,
    "data": 1,
    "bdat": 2,
    "octets": 103 + 2 * 100,
    "unknown": 0,
    "bare_cr": 0,
    "bare_lf": 0,
}
EXPECTED = Expected(3, Octets(data=103, bdat=100))


def test_what_arrived_as_it_should_is_fine() -> None:
    EXPECTED.check(TOTALS)
    Expected(3).check({"messages": 3})
    Expected(3).check({})


@pytest.mark.parametrize(
    ("expected", "change", "reason"),
    [
        (EXPECTED, {"messages": 2}, "2 messages arrived, not 3"),
        (EXPECTED, {"recipients": 4}, "4 recipients, not 3"),
        (Expected(3, to=5), {}, "3 recipients, not 15"),
        (EXPECTED, {"octets": 302}, "302 octets of content arrived, not 303"),
        (EXPECTED, {"unknown": 1}, "1 of its commands are unknown"),
        (EXPECTED, {"bare_lf": 7}, "0 CR and 7 LF of its content stand alone"),
        (Expected(3, by="bdat"), {}, "only 2 of its messages came by BDAT"),
        (Expected(3, by="data"), {}, "only 1 of its messages came by DATA"),
    ],
)
def test_anything_else_has_no_figure(
    expected: Expected, change: dict[str, int], reason: str
) -> None:
    with pytest.raises(RowFailed, match=re.escape(reason)):
        expected.check({**TOTALS, **change})


@pytest.mark.parametrize("size", [400, 1024, 2048, 2049, 2117])
def test_a_message_has_its_size_on_the_wire(size: int) -> None:
    content = messages.message(size)
    assert messages.octets(content) == Octets(data=size + len(".") + len(".\r\n"), bdat=size)
    assert b"\r" not in content


def wire(content: bytes) -> tuple[bytes, bytes]:
    """A content as BDAT and as DATA sends it, by the modules that do."""
    lines = Normaliser()
    bdat = bytes(lines.feed(content)) + lines.finish()
    dots = DotStuffer()
    return bdat, bytes(dots.feed(bdat)) + dots.finish()


@pytest.mark.parametrize("content", [messages.message(1024), messages.HEADER % 1 + messages.BLOCK])
def test_what_is_expected_is_what_the_command_makes_of_it(content: bytes) -> None:
    bdat, data = wire(content)
    assert messages.octets(content) == Octets(len(data), len(bdat))


@pytest.mark.parametrize("corpus", normaliser.corpora(3_000))
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_plain_chain_is_right_at_the_seams(corpus: str, size: int) -> None:
    content = normaliser.corpora(3_000)[corpus]
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    assert b"".join(normaliser.plain(chunks)) + b".\r\n" == wire(content)[1]
    assert b"".join(normaliser.ours(chunks)) == b"".join(normaliser.plain(chunks))
