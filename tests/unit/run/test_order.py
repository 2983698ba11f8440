"""The contents that a program may give."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Envelope, TransactionResult
from smtpwire.errors import (
    LocalProtocolError,
    MessageError,
    MessageNotFound,
    MessageUnreadable,
    MessageUnusable,
)
from smtpwire.run.order import Order
from tests.unit.message.files import everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smtpwire.run.order import Source

ENVELOPE = Envelope(parse_address("a@x"), (parse_address("b@y"),))
RESULT = TransactionResult(3, (), None, None, "", resend=False)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def order(source: Source, loop: asyncio.AbstractEventLoop, *, raw: bool = False) -> Order:
    return Order(3, ENVELOPE, source, loop.create_future(), raw=raw)


def content(made: Order) -> bytes:
    """Open it, and return what goes out."""
    made.open()
    sent = everything(made.reader(stuffed=False))
    made.close()
    return sent


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets(kind: Any, loop: asyncio.AbstractEventLoop) -> None:
    made = order(kind(b"a\nb"), loop)
    assert made.in_memory
    assert content(made) == b"a\r\nb\r\n"


def test_raw(loop: asyncio.AbstractEventLoop) -> None:
    assert content(order(b"a\nb", loop, raw=True)) == b"a\nb"


def test_paths_and_files(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    path = tmp_path / "m.eml"
    path.write_bytes(b"head\n" + b"x" * 400_000 + b"\n")
    expected = b"head\r\n" + b"x" * 400_000 + b"\r\n"
    for source in (path, str(path)):
        made = order(source, loop)
        assert not made.in_memory
        assert made.name == str(path)
        assert content(made) == expected
    for buffering in (0, -1):
        with path.open("rb", buffering=buffering) as file:
            assert content(order(file, loop)) == expected
    with path.open("rb") as file:
        file.readline()
        assert content(order(file, loop)) == expected[6:]
    assert content(order(io.BytesIO(b"a\n"), loop)) == b"a\r\n"


def test_a_pipe(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    import os

    read, write = os.pipe()
    os.write(write, b"a\nb")
    os.close(write)
    with open(read, "rb") as file:
        assert content(order(file, loop)) == b"a\r\nb\r\n"


class Broken:
    def read(self) -> NoReturn:
        raise OSError(5, "Input/output error")


def test_what_cannot_be_read(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(MessageNotFound) as told:
        order(tmp_path / "none", loop).open()
    assert told.value.where == str(tmp_path / "none")
    with pytest.raises(MessageUnreadable, match="reading failed: input/output error"):
        order(Broken(), loop).open()
    with pytest.raises(MessageUnusable, match="the message is empty"):
        order(b"", loop).open()


def test_what_the_engine_is_told(loop: asyncio.AbstractEventLoop) -> None:
    made = order("é\n".encode(), loop)
    with pytest.raises(LocalProtocolError):
        made.submission()
    made.open()
    assert made.opened
    submission = made.submission()
    assert submission == (3, ENVELOPE, 4, 4, True)
    assert made.octets == 4
    started = made.started
    made.submission()
    assert made.started == started


def test_a_cancelled_one_has_no_content(loop: asyncio.AbstractEventLoop) -> None:
    made = order(b"a\n", loop)
    made.open()
    made.future.cancel()
    with pytest.raises(MessageError, match="the submission was cancelled"):
        made.reader(stuffed=True)
    made.settle(RESULT)
    made.fail(MessageError("no"))
    assert made.future.cancelled()


def test_its_end_is_told(loop: asyncio.AbstractEventLoop) -> None:
    made, failed = order(b"a\n", loop), order(b"a\n", loop)
    made.open()
    made.settle(RESULT)
    assert not made.opened
    assert made.future.result() is RESULT
    failed.fail(MessageError("no"))
    assert isinstance(failed.future.exception(), MessageError)
