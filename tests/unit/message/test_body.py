"""Messages from open to the last octet, whatever they come from and however large they are."""

from __future__ import annotations

import os
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from smtpwire.errors import MessageNotFound, MessageUnreadable, MessageUnusable
from smtpwire.message.body import open_body, open_message
from smtpwire.message.content import BLOCK
from smtpwire.message.header import HEADER_LIMIT
from tests.reference import normalised, terminated, without_bcc
from tests.unit.message.files import drain, everything, is_open, opened, piped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = b"From: a@x\nBcc: hidden@y,\n other@y\nTo: b@y\n"
TEXT = b"\n.dotted\nmixed\r\nends\r\r\n.\n" + b"a line like any other\n" * 40
SMALL = HEADER + TEXT
LARGE = HEADER + TEXT * (3 * BLOCK // len(TEXT)) + b"open"
EXACT = (HEADER + TEXT * (BLOCK // len(TEXT) + 1))[:BLOCK]
SIZES = {"small": SMALL, "large": LARGE, "of one block": EXACT}

KINDS = ["path", "descriptor", "pipe"]


@contextmanager
def source(kind: str, content: bytes, directory: Path) -> Iterator[str | int]:
    """The same message as each kind of thing that can be opened."""
    path = directory / "message"
    path.write_bytes(content)
    if kind == "path":
        yield str(path)
    elif kind == "descriptor":
        with opened(path) as fd:
            yield fd
    else:
        with piped(content) as fd:
            yield fd


def stuffed(wire: bytes) -> bytes:
    dotted = b"." + wire if wire.startswith(b".") else wire
    return terminated(dotted.replace(b"\r\n.", b"\r\n..")) + b".\r\n"


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_read_as_often_as_it_is_sent(
    tmp_path: Path, kind: str, size: str, raw: bool
) -> None:
    content = SIZES[size]
    wire = content if raw else normalised(content)
    with source(kind, content, tmp_path) as opened_source:
        body = open_body(opened_source, name="m", raw=raw, spool_dir=str(tmp_path))
        assert body.facts is not None
        assert body.facts.size == len(wire)
        assert body.facts.data_size == len(terminated(wire))
        for _ in range(2):
            assert everything(body.reader(stuffed=False)) == wire
            assert everything(body.reader(stuffed=True)) == stuffed(wire)
        assert everything(body.reader(stuffed=False, prefix=b".P\n")) == b".P\n" + wire
        assert everything(body.reader(stuffed=True, prefix=b".P\n")) == b".P\n" + stuffed(wire)
        body.close()
        body.close()
        if isinstance(opened_source, int):
            assert is_open(opened_source)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_from_header(tmp_path: Path, kind: str, size: str) -> None:
    with source(kind, SIZES[size], tmp_path) as opened_source:
        body, envelope = open_message(
            opened_source, name="m", from_header=True, spool_dir=str(tmp_path)
        )
        assert envelope is not None
        assert envelope.sender == "a@x"
        assert envelope.recipients == ("hidden@y", "other@y", "b@y")
        wire = without_bcc(SIZES[size])
        assert b"hidden" not in wire
        assert body.facts is not None
        assert body.facts.size == len(wire)
        for _ in range(2):
            assert everything(body.reader(stuffed=False)) == wire
        body.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_of_more_than_one_block(tmp_path: Path, kind: str) -> None:
    header = HEADER + b"X: folded\n" + b" and so on\n" * (BLOCK // 5) + b"Cc: c@y\n"
    with source(kind, header + TEXT, tmp_path) as opened_source:
        body, envelope = open_message(opened_source, name="m", from_header=True)
        assert envelope is not None
        assert envelope.recipients[-1] == "c@y"
        want = normalised(header.replace(b"Bcc: hidden@y,\n other@y\n", b"") + TEXT)
        assert everything(body.reader(stuffed=False)) == want
        body.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rest", [b"\n\nbody\n", b"\n", b""])
def test_fault_183_a_header_of_the_limit_and_one_octet_more(
    tmp_path: Path, kind: str, rest: bytes
) -> None:
    largest = HEADER + b"X: "
    largest += b"x" * (HEADER_LIMIT - len(largest) - (1 if rest else 0))
    with source(kind, largest + rest, tmp_path) as opened_source:
        body, envelope = open_message(opened_source, name="m", from_header=True)
        assert envelope is not None
        body.close()
    with (
        source(kind, b"X" + largest + rest, tmp_path) as opened_source,
        pytest.raises(MessageUnusable) as caught,
    ):
        open_message(opened_source, name="m", from_header=True)
    assert str(caught.value) == "the header does not end within 1048576 octets"
    assert caught.value.where == "m"


def test_fault_183_a_header_without_end_is_not_read_to_its_end() -> None:
    tracemalloc.start()
    try:
        with (
            piped(*([b"X: " + b"x" * 1_000_000 + b"\n"] * 30)) as fd,
            pytest.raises(MessageUnusable, match="the header does not end within"),
        ):
            open_message(fd, name="m", from_header=True)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_message_that_is_only_a_header(tmp_path: Path) -> None:
    with source("path", HEADER, tmp_path) as path:
        body, _ = open_message(path, name="m", from_header=True)
        assert everything(body.reader(stuffed=True)) == b"From: a@x\r\nTo: b@y\r\n.\r\n"


def test_a_message_without_a_header_is_allowed_but_for_its_envelope(tmp_path: Path) -> None:
    with source("path", b"\nTo: b@y\n", tmp_path) as path:
        assert everything(open_body(path, name="m").reader(stuffed=False)) == b"\r\nTo: b@y\r\n"
        with pytest.raises(MessageUnusable, match="no recipients") as caught:
            open_message(path, name="m", from_header=True)
        assert caught.value.where == "m"


def test_a_sender_that_is_not_known_names_the_message_too(tmp_path: Path) -> None:
    with source("path", b"To: b@y\n\n", tmp_path) as path:
        _, envelope = open_message(path, name="m", from_header=True)
        assert envelope is not None
        assert envelope.sender is None
        assert envelope.sender_error is not None
        assert envelope.sender_error.where == "m"


@pytest.mark.parametrize("kind", KINDS)
def test_fault_131_an_empty_message_is_refused(tmp_path: Path, kind: str) -> None:
    with (
        source(kind, b"", tmp_path) as opened_source,
        pytest.raises(MessageUnusable, match=r"^the message is empty$") as caught,
    ):
        open_body(opened_source, name="m")
    assert caught.value.where == "m"


def test_fault_131_what_is_empty_without_its_bcc_is_refused(tmp_path: Path) -> None:
    with (
        source("path", b"Bcc: b@y\n", tmp_path) as path,
        pytest.raises(MessageUnusable, match=r"^the message is empty without its Bcc$"),
    ):
        open_message(path, name="m", from_header=True)


@pytest.mark.parametrize(("content", "wire"), [(b"\n", b"\r\n"), (b"A: b\n", b"A: b\r\n")])
def test_fault_131_a_line_end_or_a_header_alone_is_a_message(
    tmp_path: Path, content: bytes, wire: bytes
) -> None:
    with source("path", content, tmp_path) as path:
        assert everything(open_body(path, name="m").reader(stuffed=False)) == wire


def test_fault_135_raw_content_is_untouched_but_for_its_end_over_data(tmp_path: Path) -> None:
    content = b".a\n.b\r.c\r\n.d"
    with source("path", content, tmp_path) as path:
        body = open_body(path, name="m", raw=True)
        assert everything(body.reader(stuffed=False)) == content
        assert everything(body.reader(stuffed=True)) == b"..a\n.b\r.c\r\n..d\r\n.\r\n"
        plain = open_body(path, name="m", raw=True, dot_stuffing=False)
        assert everything(plain.reader(stuffed=True)) == content + b"\r\n.\r\n"


@pytest.mark.parametrize("size", SIZES)
def test_an_unscanned_pipe_goes_through_once(tmp_path: Path, size: str) -> None:
    with piped(SIZES[size]) as fd:
        body = open_body(fd, name="m", scan=False, spool_dir=str(tmp_path / "missing"))
        wire = normalised(SIZES[size])
        assert everything(body.reader(stuffed=True)) == stuffed(wire)
        if size == "small":
            assert body.facts is not None
            assert body.reader(stuffed=True).pipe is None
            assert everything(body.reader(stuffed=True)) == stuffed(wire)
        else:
            assert body.facts is None
            with pytest.raises(MessageUnreadable, match="cannot be read again"):
                body.reader(stuffed=True)
        body.close()


def test_an_unscanned_pipe_gives_its_envelope_and_hides_its_bcc() -> None:
    with piped(LARGE) as fd:
        body, envelope = open_message(fd, name="m", from_header=True, scan=False)
        assert envelope is not None
        assert body.facts is None
        reader = body.reader(stuffed=False)
        assert reader.pipe == fd
        assert everything(reader) == without_bcc(LARGE)
        body.close()


def test_a_file_is_scanned_even_when_pipes_are_not(tmp_path: Path) -> None:
    with source("path", LARGE, tmp_path) as path:
        body = open_body(path, name="m", scan=False)
        assert body.facts is not None
        body.close()


def test_a_large_fifo_is_spooled_and_closed(tmp_path: Path) -> None:
    before = set(os.listdir("/dev/fd"))
    with piped(LARGE) as fd:
        body = open_body(f"/dev/fd/{fd}", name="m", spool_dir=str(tmp_path))
        assert body.reader(stuffed=False).pipe is None
        assert everything(body.reader(stuffed=False)) == normalised(LARGE)
        assert everything(body.reader(stuffed=False)) == normalised(LARGE)
        body.close()
    assert set(os.listdir("/dev/fd")) <= before


def test_a_small_file_is_not_kept_open(tmp_path: Path) -> None:
    before = set(os.listdir("/dev/fd"))
    with source("path", SMALL, tmp_path) as path:
        body = open_body(path, name="m")
        assert set(os.listdir("/dev/fd")) <= before
        body.close()


@pytest.mark.parametrize("stuffed", [False, True])
@pytest.mark.parametrize("change", ["grows", "shrinks", "other line ends", "vanishes"])
def test_fault_188_a_file_that_changes_while_it_is_sent_is_never_ended(
    tmp_path: Path, change: str, stuffed: bool
) -> None:
    with source("path", LARGE, tmp_path) as path:
        body = open_body(path, name="m")
        reader = body.reader(stuffed=stuffed)
        sent = bytearray(reader.read(100_000) or b"")
        with open(path, "r+b") as file:
            if change == "grows":
                file.seek(0, os.SEEK_END)
                file.write(b"more\n" * BLOCK)
            elif change == "shrinks":
                file.truncate(len(LARGE) - 1)
            elif change == "vanishes":
                file.truncate(0)
            else:  # the same length, and more octets when it is sent
                file.seek(2 * BLOCK)
                file.write(b"\n" * 1000)
        os.utime(path, (0, 0))
        with pytest.raises(MessageUnreadable, match="changed while it was being sent"):
            drain(reader, sent)
        assert not sent.endswith(b"\r\n.\r\n")
        assert len(sent) < len(normalised(LARGE))
        body.close()


def test_fault_188_what_is_written_into_a_file_cannot_end_the_data(tmp_path: Path) -> None:
    clean = b"0123456789\r\n" * (BLOCK // 2)
    with source("path", clean, tmp_path) as path:
        body = open_body(path, name="m")
        assert body.facts is not None
        assert body.facts.clean
        reader = body.reader(stuffed=True)
        sent = bytearray(reader.read(10) or b"")
        with open(path, "r+b") as file:
            file.seek(3 * BLOCK)
            file.write(b"\n.\nQUIT\n\r.\r")
        with pytest.raises(MessageUnreadable, match="changed while"):
            drain(reader, sent)
        assert b"\r\n..\r\nQUIT\r\n" in sent
        assert b"\n.\r" not in sent
        assert b"\n.\n" not in sent
        body.close()


@pytest.mark.parametrize("stuffed", [False, True])
def test_fault_189_a_read_error_in_the_middle_never_ends_the_message(
    tmp_path: Path, stuffed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with source("path", LARGE, tmp_path) as path:
        body = open_body(path, name="m")
        real = os.pread

        def fail(fd: int, octets: int, position: int) -> bytes:
            if position >= 2 * BLOCK:
                raise OSError(5, "Input/output error")
            return real(fd, octets, position)

        reader = body.reader(stuffed=stuffed)
        sent = bytearray()
        with monkeypatch.context() as patched:
            patched.setattr(os, "pread", fail)
            for _ in range(2):
                with pytest.raises(
                    MessageUnreadable, match=r"^reading failed: input/output error$"
                ):
                    drain(reader, sent)
        assert sent
        assert not sent.endswith(b"\r\n.\r\n")
        body.close()


def test_a_spool_that_cannot_be_written_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    with piped(LARGE) as fd:
        before = set(os.listdir("/dev/fd"))
        with monkeypatch.context() as patched:
            patched.setattr("smtpwire.message.spool.os", _Os(full))
            with pytest.raises(MessageUnreadable, match="no space left on device; TMPDIR"):
                open_body(fd, name="m", spool_dir=str(tmp_path))
        assert set(os.listdir("/dev/fd")) <= before


class _Os:
    """`os` with another `write`: the pipe's writer needs the real one."""

    def __init__(self, write: object) -> None:
        self.write = write

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def test_fault_187_what_cannot_be_opened_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(MessageNotFound):
            open_body(str(path), name="m")


@pytest.mark.parametrize("kind", KINDS)
def test_fault_136_memory_does_not_depend_on_the_size(tmp_path: Path, kind: str) -> None:
    block = (
        b"." + b"a line of mail like any other, of seventy octets or so, the usual ones\n" * 9000
    )
    path = tmp_path / "huge"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(block)
    size = path.stat().st_size
    assert size > 60_000_000
    tracemalloc.start()
    try:
        if kind == "path":
            peak = _send(str(path), size, tmp_path)
        elif kind == "descriptor":
            with opened(path) as fd:
                peak = _send(fd, size, tmp_path)
        else:
            with piped(*([block] * 100)) as fd:
                peak = _send(fd, size, tmp_path)
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def _send(source: str | int, size: int, directory: Path) -> int:
    body = open_body(source, name="m", spool_dir=str(directory))
    reader = body.reader(stuffed=True)
    octets = 0
    while piece := reader.read(BLOCK):
        octets += len(piece)
    body.close()
    assert octets > size
    return tracemalloc.get_traced_memory()[1]
