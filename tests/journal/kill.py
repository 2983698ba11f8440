"""Kills a run with a journal again and again, and counts at the server what that did.

    python -m tests.journal.kill [--messages N] [--kills K] [--seed S] [-- OPTION ...]

A run is killed (SIGKILL) when a random number of messages more has come to the server: half of the
times before the server answers, else after a random delay.  The next run has the same journal.
When all kills are done, one last run goes to its end.  What must hold is counted at the server:

- no message is lost: each was taken, or is reported as `unknown`;
- none is taken twice, unless its user asked for it;
- no more are `unknown` than were on their way when a run was killed: one a connection, or 64 with
  `--no-wait`.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.command import SMTP, clean_environment
from tests.scripted import ModelServer

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 600
"""Seconds for one run, whatever happens."""
DELAY = 0.002
"""Seconds, at most, between what the server took last and the kill."""


class Counts(NamedTuple):
    """What came of it all."""

    messages: int
    kills: int
    """How many runs were killed before their end."""
    taken: Counter[int]
    """How often the server took each message."""
    unknown: frozenset[int]
    """Messages that the last run reported as unknown."""
    accepted: int
    """Messages that the last run reported as accepted, by itself or by earlier ones."""
    unknown_by_kill: list[int]
    """How many became unknown by each kill."""

    @property
    def lost(self) -> list[int]:
        """Messages that nobody took and that are not in doubt."""
        return [n for n in range(self.messages) if not self.taken[n] and n not in self.unknown]

    @property
    def twice(self) -> list[int]:
        """Messages that were taken more than once."""
        return [n for n, times in self.taken.items() if times > 1]

    def __str__(self) -> str:
        return (
            f"{self.messages} messages, {self.kills} runs killed: {len(self.taken)} taken,"
            f" {len(self.twice)} twice, {len(self.lost)} lost, {len(self.unknown)} unknown,"
            f" at most {max(self.unknown_by_kill, default=0)} by one kill"
        )


class Counting:
    """Counts what a server takes; somebody may wait for a number of them."""

    def __init__(self) -> None:
        self._there = threading.Condition()
        self._total = 0
        self._goal = -1
        self._victim: subprocess.Popen[bytes] | None = None

    def __call__(self, _argument: str) -> None:
        """Take it that the end of a message's data is here; the usual answer follows."""
        with self._there:
            self._total += 1
            if self._total == self._goal and self._victim is not None:
                self._victim.kill()
            self._there.notify_all()

    def wait_for_more(self, count: int, run: subprocess.Popen[bytes], *, kill: bool) -> None:
        """Wait until so many more are there, or the run has ended.

        Args:
            count: how many.
            run: the run.
            kill: kill it at once when they are.
        """
        with self._there:
            self._goal = self._total + count
            self._victim = run if kill else None
            while self._total < self._goal and run.poll() is None:
                self._there.wait(0.05)


def kill_and_count(messages: int, kills: int, seed: int, options: Sequence[str] = ()) -> Counts:
    """Do all of it.

    Args:
        messages: how many.
        kills: how many runs are killed.
        seed: decides when.
        options: further options of the command.
    """
    chance = random.Random(seed)  # noqa: S311 - not a secret
    counting = Counting()
    server = ModelServer(replies={"END": counting})
    with tempfile.TemporaryDirectory(prefix="kill-") as made:
        home = Path(made)
        try:
            command = _command(home, server.address, messages, options)
            killed = 0
            unknown_by_kill = []
            before = 0
            for _ in range(kills):
                killed += _kill_one(command, home, counting, chance, messages // kills)
                now = _unknown(home)
                unknown_by_kill.append(now - before)
                before = now
            log = home / "log"
            subprocess.run(
                [*command, "--json", log],
                env=clean_environment(made),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
            server.settle()
            outcomes = _outcomes(log)
        finally:
            server.stop()
        taken = Counter(int(message.content.split()[1]) for message in server.messages)
    return Counts(
        messages,
        killed,
        taken,
        frozenset(n for n, outcome in outcomes.items() if outcome == "unknown"),
        sum(outcome == "accepted" for outcome in outcomes.values()),
        unknown_by_kill,
    )


def _command(home: Path, server: str, messages: int, options: Sequence[str]) -> list[str | Path]:
    names = home / "names"
    with names.open("w", encoding="ascii") as listed:
        for number in range(messages):
            path = home / f"m{number}"
            path.write_text(f"Subject: {number}\n\nhello\n", encoding="ascii")
            print(path, file=listed)
    return [
        *(SMTP, "-s", server, "-f", "a@x", "-r", "b@y", "--journal", home / "journal"),
        *("--files-from", names),
        *options,
    ]


def _kill_one(
    command: list[str | Path], home: Path, counting: Counting, chance: random.Random, share: int
) -> bool:
    """Start a run, and kill it somewhere; return whether it was killed before its end."""
    run = subprocess.Popen(
        command,
        env=clean_environment(str(home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    at_once = chance.random() < 0.5
    counting.wait_for_more(chance.randrange(2 * share + 1), run, kill=at_once)
    if not at_once:
        time.sleep(chance.uniform(0, DELAY))
    run.kill()
    return run.wait(PATIENCE) < 0


def _unknown(home: Path) -> int:
    """How many are unknown by the journal, where there is one yet."""
    if not (home / "journal").exists():
        return 0
    done = subprocess.run(
        [SMTP, "--journal", home / "journal", "--status"],
        env=clean_environment(str(home)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return int(done.stdout.rpartition("unknown: ")[2])


def _outcomes(log: Path) -> dict[int, str]:
    """What the last run reports of each message."""
    with log.open(encoding="ascii") as lines:
        records = map(json.loads, lines)
        return {r["index"]: r["outcome"] for r in records if r["record"] == "recipient"}


def main() -> int:
    """Do it as the command line says, and return whether something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("options", nargs="*", help="further options of smtp, behind --")
    asked = parser.parse_args()
    counts = kill_and_count(asked.messages, asked.kills, asked.seed, asked.options)
    print(counts)
    return bool(counts.lost or counts.twice)


if __name__ == "__main__":
    sys.exit(main())
