"""Servers that leave during a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import run_smtp
from tests.scripted import Close, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.scripted.model import Reply

MESSAGE = b"Subject: x\n\nhello\n"
ENVELOPE = ("-f", "a@x.example", "-r", "b@y.example")
LOGIN = ("-U", "me", "-P", "secret")


def offering(*answers: Reply) -> ModelServer:
    usual = ("235 2.7.0 welcome",) * 9
    return ModelServer(offers=("AUTH PLAIN",), replies={"AUTH": [*answers, *usual]})


@pytest.mark.parametrize("answer", [Close(), Close("421 4.7.0 too many")])
def test_the_next_server_is_not_given_the_password(start: Start, answer: Reply) -> None:
    server, other = start(offering(answer)), start(offering())
    servers = ("-s", server.address, "-s", other.address)
    done = run_smtp(*LOGIN, *servers, *ENVELOPE, stdin=MESSAGE)
    assert done.code == 75
    assert "trying the next server" not in done.stderr
    assert other.connections == []


def test_other_connections_go_on(start: Start, tmp_path: Path) -> None:
    server = start(offering("235 2.7.0 welcome", Close("421 4.7.0 too many")))
    messages = [tmp_path / f"{number}.eml" for number in range(20)]
    for message in messages:
        message.write_bytes(MESSAGE)
    done = run_smtp("-j", "2", *LOGIN, "-s", server.address, *ENVELOPE, *messages)
    assert done.code == 0
    assert len(server.messages) == 20
