"""Messages that are in memory."""

from __future__ import annotations

import pytest

from smtpwire.errors import MessageUnusable
from smtpwire.message.memory import body_of
from tests.reference import normalised
from tests.unit.message.files import everything


def wire(content: bytes, *, stuffed: bool, raw: bool = False) -> bytes:
    """Return what goes out."""
    reader = body_of(content, name="m", raw=raw).reader(stuffed=stuffed)
    return everything(reader, 1 << 20)


@pytest.mark.parametrize(
    "content", [b"a\nb\n", b"a\r\nb", b".\n..\n", b"\r", b"a\rb\n\r\n", b"x" * 300_000]
)
def test_each_line_ends_in_crlf(content: bytes) -> None:
    expected = normalised(content)
    assert wire(content, stuffed=False) == expected
    doubled = (b"\r\n" + expected).replace(b"\r\n.", b"\r\n..")[2:]
    assert wire(content, stuffed=True) == doubled + b".\r\n"
    facts = body_of(content, name="m").facts
    assert facts is not None
    assert facts.size == len(expected)


def test_raw_content_goes_as_it_is() -> None:
    assert wire(b"a\nb", stuffed=False, raw=True) == b"a\nb"
    facts = body_of(b"a\nb", name="m", raw=True).facts
    assert facts is not None
    assert (facts.size, facts.data_size) == (3, 5)


def test_it_can_be_sent_again() -> None:
    body = body_of(b"a\n", name="m")
    assert [body.reader(stuffed=False).read(9) for _ in range(2)] == [b"a\r\n"] * 2


@pytest.mark.parametrize("raw", [False, True])
def test_an_empty_message_is_refused(raw: bool) -> None:
    with pytest.raises(MessageUnusable, match="the message is empty") as told:
        body_of(b"", name="m", raw=raw)
    assert told.value.where == "m"
