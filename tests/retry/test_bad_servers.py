"""Servers that end connections again and again, each in its own way: nothing lost, nothing twice.

What the client reports of each message is compared with what the server did to it.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_jobs import message_files
from tests.command import run_smtp
from tests.scripted import Close, ModelServer, Reset

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scripted.fixtures import Start
    from tests.scripted.model import Reply

CLOSING, RESETTING, SILENT = 100, 53, 97
"""After so many it says 421, resets the connection, or closes it without an answer to the dot."""
WINDOW = 64
"""Messages that `--no-wait` leaves unanswered on one connection."""


class Moody:
    """Answers most of the time."""

    def __init__(self, *, closing: int = 0, resetting: int = 0, silent: int = 0) -> None:
        self._every = {"421": closing, "reset": resetting, "silent": silent}
        self._lock = threading.Lock()
        self._seen = dict.fromkeys(self._every, 0)
        self.done = dict.fromkeys(self._every, 0)

    def _turn(self, what: str) -> bool:
        with self._lock:
            self._seen[what] += 1
            hit = bool(self._every[what]) and not self._seen[what] % self._every[what]
            self.done[what] += hit
            return hit

    def mail(self, _argument: str) -> Reply | None:
        if self._turn("421"):
            return ("421 4.3.2 that was enough", Close(crossing=True))
        return Reset() if self._turn("reset") else None

    def end(self, _argument: str) -> Reply | None:
        return Close(crossing=True) if self._turn("silent") else None


KINDS = {
    "421": {"closing": CLOSING},
    "reset": {"resetting": RESETTING},
    "silent": {"silent": SILENT},
    "all": {"closing": CLOSING, "resetting": RESETTING, "silent": SILENT},
}
WAYS = [(), ("-j5",), ("--no-chunking",), ("--no-wait",), ("-d",), ("-j3", "--processes=3")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", WAYS, ids=" ".join)
def test_outcomes_are_as_they_were(
    start: Start, tmp_path: Path, kind: str, options: tuple[str, ...], *, soak: bool
) -> None:
    count = 10_000 if soak else 400
    moody = Moody(**KINDS[kind])
    server = start(ModelServer(replies={"MAIL": moody.mail, "END": moody.end}))
    log, listed = tmp_path / "log", tmp_path / "list"
    listed.write_text("\n".join(message_files(tmp_path, count)), encoding="ascii")
    args = ("-s", server.address, "-f", "a@x", "-r", "b@y", "--files-from", listed, "--json", log)
    done = run_smtp(*args, "--retry=5", "--retry-delay=0.01", *options, timeout=600)
    server.settle()
    outcomes = {}
    for line in log.read_text(encoding="ascii").splitlines():
        record = json.loads(line)
        if record["record"] == "recipient":
            assert record["index"] not in outcomes
            outcomes[record["index"]] = record["outcome"]
    taken = [int(message.content.split()[1]) for message in server.messages]
    assert len(set(taken)) == len(taken), "something was sent twice"
    assert sorted(outcomes) == list(range(count))
    unknown = {index for index, outcome in outcomes.items() if outcome == "unknown"}
    assert set(taken) == set(range(count)) - unknown
    assert all(outcomes[index] == "accepted" for index in taken)
    # With --no-wait, what stood behind is in doubt too, and any end of a connection leaves some.
    most = sum(moody.done.values()) * WINDOW if "--no-wait" in options else moody.done["silent"]
    assert moody.done["silent"] <= len(unknown) <= most
    assert done.code == (79 if unknown else 0)
    assert moody.done[kind] if kind != "all" else all(moody.done.values())
