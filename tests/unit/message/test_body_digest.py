"""The digest of a content: of what is read, however it is read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from smtpwire.message.body import open_message
from smtpwire.message.content import BLOCK
from smtpwire.message.opening import Opening
from tests.unit.message.files import piped

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"From: a@x\nTo: b@y\nBcc: c@y\n"
WITHOUT_BCC = b"From: a@x\nTo: b@y\n"
SMALL = b"\nhello\n"
LARGE = SMALL + b"line\n" * BLOCK


def digest_of(source: str | int, *, from_header: bool = False) -> bytes:
    opening = Opening(source, name="m")
    opening.digest = sha256()
    body, _ = open_message(opening, name="m", from_header=from_header, scan=False)
    assert body.facts is not None
    body.close()
    return opening.digest.digest()


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("from_header", [False, True])
def test_it_is_of_what_is_read_without_bcc(
    tmp_path: Path, content: bytes, *, from_header: bool
) -> None:
    path = tmp_path / "m"
    path.write_bytes(HEADER + content)
    expected = sha256((WITHOUT_BCC if from_header else HEADER) + content).digest()
    assert digest_of(str(path), from_header=from_header) == expected
    with piped(HEADER + content) as pipe:
        assert digest_of(pipe, from_header=from_header) == expected
