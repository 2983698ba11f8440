"""Logins that take their time, while other connections go on."""

from __future__ import annotations

import os
import shlex
import threading
from typing import TYPE_CHECKING

from tests.command import run_smtp
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start

MESSAGE = b"Subject: x\n\nhello\n"
ENVELOPE = ("-f", "a@x.example", "-r", "b@y.example")


def test_a_slow_token_command_makes_nobody_else_late(start: Start, tmp_path: Path) -> None:
    """The reply to an end of data comes while the command for another connection runs."""
    first, begun = tmp_path / "first", tmp_path / "begun"
    os.mkfifo(begun)
    ended = threading.Event()

    def greet(_: str) -> None:
        if first.exists():
            assert ended.wait(20)

    def take(_: str) -> None:
        if not ended.is_set():
            ended.set()
            begun.read_text()

    token = (
        f"if test -e {shlex.quote(str(first))}; then echo >{shlex.quote(str(begun))}; sleep 2;"
        f" else >{shlex.quote(str(first))}; fi; echo token"
    )
    server = start(
        ModelServer(
            offers=("AUTH XOAUTH2",),
            users={"me": "token"},
            replies={"GREETING": greet, "END": take},
        )
    )
    messages = [tmp_path / name for name in ("1.eml", "2.eml")]
    for message in messages:
        message.write_bytes(MESSAGE)
    login = ("-U", "me", "--oauth-token-command", token)
    options = ("-j", "2", "--timeout", "1", "-s", server.address)
    done = run_smtp(*options, *login, *ENVELOPE, *messages, secrets=["token"])
    assert (done.code, done.stderr) == (0, "")
    assert len(server.messages) == 2
    assert len(server.connections) == 2
