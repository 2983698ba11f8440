"""Group F of the faults, for content that comes through a pipe as somebody writes it."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.command import SMTP, clean_environment
from tests.faults.talk import PIPELINING, opening
from tests.scripted import Expect, HalfClose, ReadOctets, Script, Send, Stall

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted import Step
    from tests.scripted.fixtures import MakeScripted

LINE = b"0123456789abcde\n"
BEGUN = LINE * 50_000
"""More than is read before the connection is made, and than is kept back."""
HEARD = 400_000
"""Octets of it that go out; the last that were read may be the end, and are kept back."""


@pytest.mark.parametrize(
    ("word", "code"),
    [
        (Send("250 2.0.0 queued"), 76),
        (Send("552 5.3.4 too large"), 65),
        (Send("421 4.3.2 going down"), 75),
        (HalfClose(), 75),
    ],
    ids=["250", "552", "421", "FIN"],
)
def test_fault_139_140_141_a_word_of_the_server_ends_it_though_the_pipe_is_open(
    scripted: MakeScripted, tmp_path: Path, word: Step, code: int
) -> None:
    server = scripted(
        Script(
            "speaks while the client has nothing to send",
            *opening(*PIPELINING),
            *(Expect("MAIL"), Expect("RCPT"), Expect("DATA")),
            Send("250 ok\n250 ok\n354 go"),
            *(ReadOctets(HEARD), word, Stall()),
        )
    )
    smtp = subprocess.Popen(
        [SMTP, "--no-size", "-s", server.address, "-f", "a@x", "-r", "b@y"],
        bufsize=0,
        stdin=subprocess.PIPE,
        env=clean_environment(str(tmp_path)),
    )
    with smtp:
        try:
            assert smtp.stdin is not None
            with suppress(BrokenPipeError):  # it may have ended before it has read all
                smtp.stdin.write(BEGUN)
            assert smtp.wait(30) == code
        finally:
            smtp.kill()
    assert not server.connections[0].received.endswith(b"\r\n.\r\n")
