"""Submitting without anybody who watches, and without anything that could interrupt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpwire.client import ClientSettings, Server
from smtpwire.core.address import parse_address
from smtpwire.core.transaction import Outcome
from smtpwire.run.messages import MessageSettings
from smtpwire.run.settings import RunSettings
from smtpwire.run.submit import submit
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start


def settings(server: ModelServer, home: Path, **more: int) -> RunSettings:
    path = home / "m"
    path.write_text("Subject: 1\n\nhello\n", encoding="ascii")
    messages = MessageSettings([str(path)] * 3, recipients=(parse_address("b@y"),))
    client = ClientSettings((Server(server.host, server.port),), helo="me.example")
    return RunSettings(client, messages, **more)  # type: ignore[arg-type]  # numbers, by name


def test_in_one_process(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    report = submit(settings(server, tmp_path))
    assert (report.messages, report.outcomes[Outcome.ACCEPTED]) == (3, 3)
    assert (report.problems, report.signal) == ((), None)


def test_in_several(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer())
    report = submit(settings(server, tmp_path, jobs=2, processes=2))
    assert report.outcomes[Outcome.ACCEPTED] == 3
