"""Ends of data that may not go out yet: what goes before them, and what waits behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.core.event import Content
from smtpwire.message.reader import BodyReader
from smtpwire.net.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator


def outbox(allowed: set[int], *pieces: bytes) -> Outbox:
    """One in which each content has these pieces, and whose ends are held if not allowed."""

    def blocks() -> Iterator[bytes]:
        yield from pieces

    readers: dict[int, BodyReader] = {}
    made = Outbox(lambda content: readers.setdefault(content.id, BodyReader(blocks())))
    made.may_end = allowed.__contains__
    return made


def go_out(box: Outbox) -> bytes:
    """Write what may go out."""
    data = b"".join(box.buffers())
    box.advance(len(data))
    return data


def test_all_but_the_end_goes_out() -> None:
    allowed: set[int] = set()
    box = outbox(allowed, b"first", b"last")
    box.extend([Content(1, None, last=True), b"MAIL\r\n"])
    assert go_out(box) == b"first"
    assert box.held
    assert go_out(box) == b""
    allowed.add(1)
    assert go_out(box) == b"lastMAIL\r\n"


def test_the_bdat_of_a_small_one_waits_with_it() -> None:
    allowed: set[int] = set()
    box = outbox(allowed, b"all")
    box.extend([b"RCPT\r\n", b"BDAT 3 LAST\r\n", Content(1, 3, last=True)])
    assert go_out(box) == b"RCPT\r\n"
    assert box.held
    allowed.add(1)
    assert go_out(box) == b"BDAT 3 LAST\r\nall"


def test_a_chunk_that_is_not_the_last_waits_for_nobody() -> None:
    box = outbox(set(), b"abc", b"def")
    box.extend([b"BDAT 3\r\n", Content(1, 3, last=False), b"BDAT 3 LAST\r\n"])
    box.extend([Content(1, 3, last=True)])
    assert go_out(box) == b"BDAT 3\r\nabc"
    assert box.held


def test_a_last_chunk_without_octets_is_its_line() -> None:
    allowed: set[int] = set()
    box = outbox(allowed, b"abc")
    box.extend([b"BDAT 3\r\n", Content(1, 3, last=False)])
    assert go_out(box) == b"BDAT 3\r\nabc"
    box.extend([b"BDAT 0 LAST\r\n", Content(1, 0, last=True)])
    assert go_out(box) == b""
    assert box.held
    allowed.add(1)
    assert go_out(box) == b"BDAT 0 LAST\r\n"
    assert not box


def test_one_that_is_begun_is_not_held_again() -> None:
    allowed = {1}
    box = outbox(allowed, b"whole")
    box.extend([Content(1, None, last=True)])
    assert b"".join(box.buffers()) == b"whole"
    box.advance(2)
    allowed.clear()
    assert go_out(box) == b"ole"


def test_an_empty_one_is_not_held() -> None:
    assert not outbox(set()).held


# -- told of what comes ----------------------------------------------------------------------------


def told(box: Outbox, *, small: bool) -> list[int]:
    """Have the outbox tell what comes; return where it does."""
    coming: list[int] = []

    def comes(number: int) -> bool:
        coming.append(number)
        return small

    box.coming = comes
    return coming


def test_all_that_is_queued_is_told_at_once() -> None:
    box = outbox(set(), b"all")
    coming = told(box, small=True)
    box.extend([b"BDAT 3 LAST\r\n", Content(1, 3, last=True)])
    box.extend([b"BDAT 3\r\n", Content(2, 3, last=False)])
    box.extend([b"BDAT 3 LAST\r\n", Content(3, 3, last=True)])
    assert coming == [1, 3]


def held(box: Outbox) -> bool:
    return box.held


@pytest.mark.parametrize(
    "items",
    [[b"BDAT 3 LAST\r\n", Content(1, 3, last=True)], [Content(1, None, last=True)]],
)
def test_a_small_one_is_held_before_it_is_read(items: list[bytes | Content]) -> None:
    allowed: set[int] = set()
    box = outbox(allowed, b"all")
    told(box, small=True)
    box.extend(items)
    assert held(box)
    allowed.add(1)
    assert not held(box)
    assert go_out(box).endswith(b"all")


def test_what_came_with_a_small_one_waits_with_it() -> None:
    """They are one write, later, in place of two, and one turn in place of two."""
    allowed: set[int] = set()
    box = outbox(allowed, b"all")
    told(box, small=True)
    box.extend([b"MAIL\r\n", b"RCPT\r\n", b"BDAT 3 LAST\r\n", Content(1, 3, last=True)])
    assert held(box)
    allowed.add(1)
    assert go_out(box) == b"MAIL\r\nRCPT\r\nBDAT 3 LAST\r\nall"


def test_a_small_one_behind_others_is_held_though_it_is_read() -> None:
    """What stands before it goes out; that the rest was read with it changes nothing."""
    allowed = {1}
    box = outbox(allowed, b"all")
    told(box, small=True)
    box.extend([Content(1, None, last=True)])
    box.extend([b"BDAT 0 LAST\r\n", Content(2, 0, last=True)])
    assert go_out(box) == b"all"
    assert held(box)
    assert go_out(box) == b""
    allowed.add(2)
    assert go_out(box) == b"BDAT 0 LAST\r\n"


def test_the_begin_of_a_large_one_goes_out() -> None:
    box = outbox(set(), b"first", b"last")
    told(box, small=False)
    box.extend([Content(1, None, last=True)])
    assert not held(box)
    assert go_out(box) == b"first"
    assert held(box)
