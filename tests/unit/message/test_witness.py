"""When a file is believed to be what it was, and what happens to its octets then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageUnreadable
from smtpwire.message import witness
from smtpwire.message.body import open_body
from smtpwire.message.content import BLOCK
from smtpwire.message.eol import Normaliser
from smtpwire.message.witness import TrustingNormaliser, Witness
from tests.unit.message.chunks import through
from tests.unit.message.files import drain, everything, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smtpwire.message.body import Body

CLEAN = b"0123456789abcd\r\n" * (BLOCK // 2)
"""Eight blocks."""

NORMALISED = "normalised"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled, however recently they were written."""
    monkeypatch.setattr(witness, "GRANULARITY", -(10**18))


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message"
    path.write_bytes(CLEAN)
    return path


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every time that octets are normalised, from now on."""
    done: list[str] = []
    real = Normaliser.feed

    def feed(self: Normaliser, data: bytes | memoryview) -> bytes | memoryview:
        done.append(NORMALISED)
        return real(self, data)

    monkeypatch.setattr(Normaliser, "feed", feed)
    return done


def body_of(path: Path, work: list[str]) -> Body:
    """The message, looked through."""
    body = open_body(str(path), name="m")
    assert work
    work.clear()
    return body


def later(path: Path) -> None:
    """A time of change that cannot be that of before, whatever the clock's granularity."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def rename(path: Path) -> None:
    path.rename(path.with_name("renamed"))


def test_a_file_that_was_changed_just_now_is_no_witness(message: Path) -> None:
    with opened(message) as fd:
        assert not Witness(fd).unchanged()


def test_a_file_of_which_nothing_can_be_known_is_no_witness() -> None:
    assert not Witness(-1).unchanged()


@pytest.mark.usefixtures("settled")
def test_a_file_that_nobody_touches_is_one(message: Path) -> None:
    with opened(message) as fd:
        seen = Witness(fd)
        os.pread(fd, BLOCK, 0)
        assert seen.unchanged()
        assert seen.unchanged()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", [append, later])
def test_what_was_changed_is_never_believed_again(
    message: Path, change: Callable[[Path], None]
) -> None:
    before = message.stat()
    with opened(message) as fd:
        seen = Witness(fd)
        change(message)
        assert not seen.unchanged()
        os.truncate(message, before.st_size)
        os.utime(message, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not seen.unchanged()


def test_clean_octets_pass_until_there_is_no_witness() -> None:
    answers = iter([True, True, False, False])
    normaliser = TrustingNormaliser(Normaliser(), lambda: next(answers))
    first = b"a\r\nb\r"
    assert normaliser.feed(first) is first
    assert normaliser.feed(b"") == b""
    assert through(normaliser, [b"c\n", b"d"]) == b"\nc\r\nd\r\n"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("stuffed", [False, True])
def test_what_is_clean_is_not_normalised_twice(
    message: Path, work: list[str], stuffed: bool
) -> None:
    body = body_of(message, work)
    want = CLEAN + (b".\r\n" if stuffed else b"")
    assert everything(body.reader(stuffed=stuffed)) == want
    assert not work
    body.close()


def test_what_was_written_just_before_is_normalised_twice(message: Path, work: list[str]) -> None:
    body = body_of(message, work)
    assert everything(body.reader(stuffed=False)) == CLEAN
    assert work
    body.close()


@pytest.mark.usefixtures("settled")
def test_what_is_not_clean_is_normalised_twice(message: Path, work: list[str]) -> None:
    message.write_bytes(CLEAN.replace(b"\r", b""))
    body = body_of(message, work)
    assert everything(body.reader(stuffed=False)) == CLEAN
    assert work
    body.close()


@pytest.mark.usefixtures("settled")
def test_a_message_may_be_renamed_while_it_is_sent(message: Path, work: list[str]) -> None:
    body = body_of(message, work)
    reader = body.reader(stuffed=True)
    sent = bytearray(reader.read(10) or b"")
    # The time of the last change of status may have a granularity that two renames fit in.
    later(message)
    os.utime(message, ns=(0, message.stat().st_mtime_ns - 1))
    rename(message)
    drain(reader, sent)
    assert sent == CLEAN + b".\r\n"
    body.close()


@pytest.mark.usefixtures("settled")
def test_fault_188_what_is_written_behind_a_witness_is_normalised(
    message: Path, work: list[str]
) -> None:
    body = body_of(message, work)
    reader = body.reader(stuffed=True)
    sent = bytearray(reader.read(10) or b"")
    assert not work
    with message.open("r+b") as file:
        file.seek(3 * BLOCK)
        file.write(b"\n.\nQUIT\n\r.\r")
    later(message)
    with pytest.raises(MessageUnreadable, match="changed while"):
        drain(reader, sent)
    assert work
    assert b"\r\n..\r\nQUIT\r\n" in sent
    assert b"\n.\r" not in sent
    assert b"\n.\n" not in sent
    body.close()


@pytest.mark.usefixtures("settled")
def test_fault_188_dots_are_doubled_even_where_a_witness_lies(
    message: Path, work: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does of a file that is written to through a mapping."""
    body = body_of(message, work)
    monkeypatch.setattr(Witness, "unchanged", lambda _: True)
    reader = body.reader(stuffed=True)
    sent = bytearray(reader.read(10) or b"")
    before = message.stat()
    with message.open("r+b") as file:
        file.seek(3 * BLOCK)
        file.write(b"\r\n.\r\nQUIT\r\n.....")
    os.utime(message, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(MessageUnreadable, match="changed while"):
        drain(reader, sent)
    assert not work
    assert b"\r\n..\r\nQUIT\r\n" in sent
    assert b"\r\n.\r\n" not in sent
    body.close()
