"""What the tests of runs share: a world of servers, and whoever watches."""

from __future__ import annotations

import _socket
import os
from typing import TYPE_CHECKING, Protocol

import pytest

from smtpwire.client import ClientSettings, Server
from smtpwire.core.address import parse_address
from smtpwire.errors import ConnectError, SMTPError
from smtpwire.net import aside, dial
from smtpwire.net.dial import Endpoint
from smtpwire.run import session
from smtpwire.run.messages import MessageSettings
from smtpwire.run.report import MessageResult, Observer, Problem
from smtpwire.run.settings import RunSettings
from smtpwire.run.stop import StopRequest
from smtpwire.run.submit import submit
from tests.unit.net.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smtpwire.net.loop import Loop
    from smtpwire.run.report import ConnectionInfo, RunReport
    from tests.unit.net import world as worlds

MAIL = Server("mail.example", 25)
OTHER = Server("other.example", 2525)
ENDPOINT = Endpoint(_socket.AF_INET, ("192.0.2.1", 25))
RECIPIENT = parse_address("b@y")


class Watcher(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.connections: list[ConnectionInfo] = []
        self.results: list[MessageResult] = []
        self.problems: list[Problem] = []
        self.warnings: list[tuple[str, str]] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def connected(self, info: ConnectionInfo) -> None:
        self.connections.append(info)

    def message(self, result: MessageResult) -> None:
        self.results.append(result)

    def problem(self, problem: Problem) -> None:
        self.problems.append(problem)

    def warning(self, where: str, text: str, error: SMTPError | None = None) -> None:
        said = "" if error is None or error.reply is None else f": {error.reply.code}"
        self.warnings.append((where, text if error is None else f"{error}{said}; {text}"))

    @property
    def outcomes(self) -> list[str]:
        """Of each message, in the order in which they were settled: its name and outcome."""
        return [
            f"{os.path.basename(result.name)} {result.outcome.value}" for result in self.results
        ]


class Run:
    """A run against the servers of a world."""

    def __init__(self, world: World, stop: StopRequest, names: list[str]) -> None:
        self.world = world
        self.stop = stop
        self.names = names
        self.watcher = Watcher()
        self.tried: list[str] = []

    def __call__(
        self,
        messages: int = 1,
        *,
        client: ClientSettings | None = None,
        message_settings: MessageSettings | None = None,
        jobs: int = 1,
        **settings: bool,
    ) -> RunReport:
        """Submit so many of the small messages."""
        chosen = MessageSettings(
            names=self.names[:messages],
            reverse_path=parse_address("a@x"),
            recipients=(RECIPIENT,),
        )
        client = client or ClientSettings(servers=(MAIL,), helo="me.example")
        plan = RunSettings(client, message_settings or chosen, jobs=jobs)
        for name, value in settings.items():
            plan = plan._replace(**{name: value})  # type: ignore[arg-type] # by name
        return submit(plan, self.watcher, self.stop)


class MakeRun(Protocol):
    """What the fixture `run` is."""

    def __call__(self, *servers: worlds.Server | None) -> Run:
        """Prepare a run that finds these servers, one a connection; None for one out of reach."""
        raise NotImplementedError


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MakeRun]:
    names = []
    for number in range(5):
        path = tmp_path / f"m{number}"
        path.write_text(f"Subject: {number}\n\nhello\n", encoding="ascii")
        names.append(str(path))
    made: list[World] = []

    def make(*servers: worlds.Server | None) -> Run:
        stop = StopRequest()
        world = World(monkeypatch, *filter(None, servers))
        made.append(world)
        world.interruption = stop
        run = Run(world, stop, names)
        reachable = [server is not None for server in servers]

        def look_up(
            loop: Loop,
            host: str,
            port: int,
            *,
            found: Callable[[list[Endpoint]], None],
            **how: object,
        ) -> None:
            run.tried.append(host)
            found([ENDPOINT])

        def connect(
            loop: Loop,
            endpoints: list[Endpoint],
            *,
            reached: Callable[[_socket.socket, Endpoint], None],
            failed: Callable[[ConnectError], None],
            **how: object,
        ) -> None:
            if reachable.pop(0):
                reached(world.connect(), ENDPOINT)
            else:
                failed(ConnectError("cannot connect to 192.0.2.1: connection refused"))

        def at_once(
            loop: Loop,
            call: Callable[[], object],
            *,
            done: Callable[[object], None],
            failed: Callable[[SMTPError], None],
        ) -> None:
            try:
                answer = call()
            except SMTPError as error:
                failed(error)
            else:
                done(answer)

        monkeypatch.setattr(session, "Poller", lambda wake_fd: world)
        monkeypatch.setattr(aside, "aside", at_once)
        monkeypatch.setattr(dial, "look_up", look_up)
        monkeypatch.setattr(dial, "connect", connect)
        return run

    before = sorted(os.listdir("/proc/self/fd"))
    yield make
    for world in made:
        assert world.servers_left == 0, "fewer connections than the test says"
        world.close()
    assert sorted(os.listdir("/proc/self/fd")) == before, "a descriptor stays open"
