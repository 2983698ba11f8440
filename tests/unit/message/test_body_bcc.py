"""What is left out of a header leaves the rest of the message where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smtpwire.message.body import open_message
from smtpwire.message.content import BLOCK
from tests.reference import normalised
from tests.unit.message.files import everything, piped

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"\nTo: you\n"


def sent(source: str | int, tmp_path: Path) -> bytes:
    body, _ = open_message(source, name="m", from_header=True, spool_dir=str(tmp_path))
    try:
        return everything(body.reader(stuffed=False))
    finally:
        body.close()


@pytest.mark.parametrize("times", [1, BLOCK], ids=["small", "large"])
def test_a_bcc_between_a_bare_cr_and_a_bare_lf_does_not_take_the_empty_line_with_it(
    tmp_path: Path, times: int
) -> None:
    """What the two would be together is one line end, and the body would begin in the header."""
    message = b"From: a@x\rBcc: b@y\n" + TEXT * times
    wanted = normalised(b"From: a@x\n" + TEXT * times)
    path = tmp_path / "message"
    path.write_bytes(message)
    assert sent(str(path), tmp_path) == wanted
    with piped(message) as fd:
        assert sent(fd, tmp_path) == wanted
