"""Octets become replies: whole, one at a time and with more behind them; or an error."""

from __future__ import annotations

import pytest

from smtpwire.core.reply import (
    MAX_LINE,
    MAX_LINES,
    MAX_REPLY,
    REMEMBERED,
    SHORT,
    SHOWN,
    EnhancedStatus,
    Reply,
    ReplyParser,
)
from smtpwire.errors import RemoteProtocolError
from tests.unit.core.helpers import reply

WELL_FORMED = [
    pytest.param(b"250 ok\r\n", Reply(250, (b"ok",)), id="one line"),
    pytest.param(b"220-a\r\n220-b\r\n220 c\r\n", Reply(220, (b"a", b"b", b"c")), id="1: multiline"),
    pytest.param(b"250 \r\n", Reply(250, (b"",)), id="no text"),
    pytest.param(b"250\r\n", Reply(250, (b"",)), id="16: bare code"),
    pytest.param(b"250-a\r\n250\r\n", Reply(250, (b"a", b"")), id="bare code last"),
    pytest.param(b"250-\r\n250 a\r\n", Reply(250, (b"", b"a")), id="empty line first"),
    pytest.param(b"250 ok\n", Reply(250, (b"ok",)), id="22: LF only"),
    pytest.param(b"250 a\rb\r\n", Reply(250, (b"a\rb",)), id="bare CR is text"),
    pytest.param(b"250 ok\r\r\n", Reply(250, (b"ok\r",)), id="a second CR is text"),
    pytest.param(b"250 a\0\xff\xe9b\r\n", Reply(250, (b"a\0\xff\xe9b",)), id="25: any octets"),
    pytest.param(b"250 ok 550 x\r\n", Reply(250, (b"ok 550 x",)), id="28: a code in the text"),
    pytest.param(b"599 x\r\n", Reply(599, (b"x",)), id="the last code"),
]


def read(parser: ReplyParser) -> list[Reply]:
    replies = []
    while (parsed := parser.next()) is not None:
        replies.append(parsed)
    return replies


@pytest.mark.parametrize(("octets", "expected"), WELL_FORMED)
def test_whole(octets: bytes, expected: Reply) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    assert not parser.idle
    assert read(parser) == [expected]


def test_a_few_at_a_time_are_all_or_none() -> None:
    parser = ReplyParser()
    parser.feed(b"250 a\r\n251 b\r\n252")
    assert parser.next_few(3) == []
    few = parser.next_few(2)
    assert [r.code for r in few] == [250, 251]
    parser.give_back(few)
    parser.feed(b" c\r\n")
    assert [r.code for r in read(parser)] == [250, 251, 252]


def test_what_stands_before_an_error_is_returned_first() -> None:
    parser = ReplyParser()
    parser.feed(b"250 a\r\nnonsense\r\n250 b\r\n")
    assert parser.next() == Reply(250, (b"a",))
    assert not parser.idle
    with pytest.raises(RemoteProtocolError, match="not an SMTP reply"):
        parser.next()


@pytest.mark.parametrize(("octets", "expected"), WELL_FORMED)
def test_nothing_is_left_of_it(octets: bytes, expected: Reply) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    assert parser.next() == expected
    assert parser.idle


@pytest.mark.parametrize(("octets", "expected"), WELL_FORMED)
def test_octet_by_octet(octets: bytes, expected: Reply) -> None:
    parser = ReplyParser()
    for i in range(len(octets) - 1):
        parser.feed(memoryview(octets)[i : i + 1])
        assert parser.next() is None
        assert not parser.idle
    parser.feed(octets[-1:])
    assert read(parser) == [expected]


@pytest.mark.parametrize(("octets", "expected"), WELL_FORMED)
def test_with_more_behind_it(octets: bytes, expected: Reply) -> None:
    parser = ReplyParser()
    parser.feed(octets + octets + b"4")
    assert read(parser) == [expected, expected]
    assert not parser.idle, "the beginning of a third has come"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="4: SSH"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", id="4: HTTP"),
        pytest.param(b"+25 ok\r\n", id="13: sign"),
        pytest.param(b" 25 ok\r\n", id="13: space"),
        pytest.param("٢٥٠ ok\r\n".encode(), id="14: digits that are not ASCII"),
        pytest.param(b"25\r\n", id="15: two digits"),
        pytest.param(b"999 x\r\n", id="17: no such class"),
        pytest.param(b"150 x\r\n", id="17: 1yz"),
        pytest.param(b"600 x\r\n", id="17: the first code that is none"),
        pytest.param(b"199 x\r\n", id="17: the last code before"),
        pytest.param(b"\r\n", id="26: empty line"),
        pytest.param(b"\n", id="26: empty line, LF only"),
    ],
)
def test_what_is_no_reply(octets: bytes) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    with pytest.raises(RemoteProtocolError, match="is not an SMTP reply") as caught:
        parser.next()
    assert caught.value.line == octets.rstrip(b"\r\n")


@pytest.mark.parametrize("octets", [b"2200\r\n", b"250x\r\n", b"250\tok\r\n", b"250_\r\n"])
def test_fault_12_three_digits_then_a_space_or_a_hyphen(octets: bytes) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    with pytest.raises(RemoteProtocolError, match="three digits, then a space or a hyphen"):
        parser.next()


@pytest.mark.parametrize(
    "octets", [b"250-a\r\n550 b\r\n", b"550-a\r\n250 b\r\n", b"250-a\n251-b\n"]
)
def test_faults_18_and_19_the_lines_of_one_reply_agree(octets: bytes) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    with pytest.raises(RemoteProtocolError, match="different codes"):
        parser.next()


@pytest.mark.parametrize("octets", [b"250 queued", b"250-queued\r\n", b"250-queued\r\n250 ok\r"])
def test_faults_23_and_24_an_unfinished_reply_is_none(octets: bytes) -> None:
    parser = ReplyParser()
    parser.feed(octets)
    assert parser.next() is None
    assert not parser.idle


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["no end yet", "ended"])
def test_faults_8_and_11_a_line_is_limited(end: bytes) -> None:
    parser = ReplyParser()
    parser.feed(b"250 " + b"x" * (MAX_LINE - 4) + end)
    assert (parser.next() is None) == (not end)
    parser.feed(b"250 " + b"x" * (MAX_LINE - 3) + end)
    with pytest.raises(RemoteProtocolError, match=f"line is longer than {MAX_LINE}") as caught:
        parser.next()
    assert caught.value.line is not None
    assert len(caught.value.line) == SHOWN


def test_a_line_of_the_limit_may_come_in_two_pieces_and_its_cr_in_the_first() -> None:
    longest = b"250 " + b"x" * (MAX_LINE - 4)
    parser = ReplyParser()
    parser.feed(longest + b"\r")
    assert parser.next() is None
    parser.feed(b"\n")
    assert parser.next() == Reply(250, (longest[4:],))
    parser.feed(longest + b"\r")
    parser.feed(b"\r")
    with pytest.raises(RemoteProtocolError, match=f"line is longer than {MAX_LINE}"):
        parser.next()


def test_nothing_is_read_behind_what_is_no_reply() -> None:
    parser = ReplyParser()
    parser.feed(b"what?\r\n")
    parser.feed(b"250 ok\r\n")
    with pytest.raises(RemoteProtocolError):
        parser.next()


def test_faults_7_and_10_the_lines_of_a_reply_are_limited() -> None:
    parser = ReplyParser()
    parser.feed(b"250-x\r\n" * (MAX_LINES - 1))
    assert parser.next() is None
    parser.feed(b"250-x\r\n")
    with pytest.raises(RemoteProtocolError, match=f"longer than {MAX_LINES} lines"):
        parser.next()


def test_fault_9_the_octets_of_a_reply_are_limited() -> None:
    parser = ReplyParser()
    line = b"250-" + b"x" * 60_000 + b"\r\n"
    parser.feed(line * (MAX_REPLY // 60_000))
    assert parser.next() is None
    parser.feed(line)
    with pytest.raises(RemoteProtocolError, match=f"or {MAX_REPLY} octets"):
        parser.next()


def test_the_limits_are_those_of_one_reply() -> None:
    parser = ReplyParser()
    parser.feed((b"250-x\r\n" * (MAX_LINES - 1) + b"250 x\r\n") * 3)
    assert [len(parsed.raw) for parsed in read(parser)] == [MAX_LINES] * 3


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (250, {"ok"}),
        (299, {"ok"}),
        (300, {"intermediate"}),
        (354, {"intermediate"}),
        (400, {"transient", "refusal"}),
        (499, {"transient", "refusal"}),
        (500, {"permanent", "refusal"}),
        (599, {"permanent", "refusal"}),
    ],
)
def test_kinds(code: int, kinds: set[str]) -> None:
    parsed = Reply(code, (b"",))
    every = ("ok", "intermediate", "transient", "permanent", "refusal")
    assert {kind for kind in every if getattr(parsed, kind)} == kinds


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("250 2.1.0 Ok", "2.1.0"),
        ("250 2.1.0", "2.1.0"),
        ("550 5.7.255 no", "5.7.255"),
        ("450-4.7.1 wait\n450 4.7.1 a bit", "4.7.1"),
        ("250 Ok", None),
        ("250 5.1.1 odd", None),
        ("354 3.0.0 no such class", None),
        ("550 5.1.1234 x", None),
        ("550 5.1", None),
        ("550 5.1.1.1 x", None),
        ("550 5.1.1: x", None),
    ],
)
def test_fault_27_the_enhanced_status_counts_where_it_agrees(text: str, status: str | None) -> None:
    parsed = reply(text).status
    assert (None if parsed is None else str(parsed)) == status
    assert parsed is None or isinstance(parsed, EnhancedStatus)


def test_text() -> None:
    parsed = Reply(250, (b"caf\xc3\xa9", b"", b"caf\xe9 \x1b"))
    assert parsed.lines == ("café", "", "caf\\xe9 \x1b")
    assert parsed.text == "café caf\\xe9 \x1b"


@pytest.mark.parametrize(
    ("text", "octets", "lines"),
    [
        ("250 ok", 2, 1),
        ("250 " + "x" * 2_000, 1_024, 1),
        ("250-x\n" * 500 + "250 x", 16, 16),
        ("250-" + "x" * 1_020 + "\n250-" + "y" * 9 + "\n250 z", 1_024, 3),
    ],
)
def test_what_is_kept_of_a_long_reply(text: str, octets: int, lines: int) -> None:
    kept = reply(text).shortened()
    assert kept.code == 250
    assert (sum(map(len, kept.raw)), len(kept.raw)) == (octets, lines)


def test_a_line_that_came_before_is_the_same_reply_wherever_it_is_whole() -> None:
    parser = ReplyParser()
    parser.feed(b"250 ok\r\n250 ok\r\n250-ok\r\n250 ok\r\n")
    replies = [parser.next() for _ in range(3)]
    assert replies[0] is replies[1]
    assert replies[2] == Reply(250, (b"ok", b"ok"))


def test_of_the_lines_that_came_before_only_so_many_are_known() -> None:
    parser = ReplyParser()
    for number in (*range(REMEMBERED + 1), 0):
        parser.feed(b"250 %d\r\n" % number)
        assert parser.next() == Reply(250, (b"%d" % number,))
    long = b"250 " + b"x" * SHORT + b"\r\n"
    parser.feed(long * 2)
    assert parser.next() is not parser.next()
