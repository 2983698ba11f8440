"""What was promised, as data: for each figure the least that must hold, and what would be better.

The peers are those that a user would otherwise take.  A figure is at most its `must`, unless
`at_least` says otherwise.  "must" is the floor; "stretch" is what a throw-away prototype, which did
nothing but this, reached or nearly reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from benchmarks import figures
from benchmarks.suites import aio, growth, journal, large, latency, normaliser, startup
from benchmarks.suites.throughput import ONE, TEN

if TYPE_CHECKING:
    from benchmarks.figures import Figure


class Verdict(Enum):
    """What a measured figure says of its target."""

    STRETCH = "holds, stretch too"
    MUST = "holds"
    MISSES = "misses"
    VOID = "void"
    MISSING = "not measured"


@dataclass(frozen=True)
class Target:
    """One promise.

    Attributes:
        what: what is done.
        peer: what it is compared with, or the unit of the figure.
        suite: the suite that has its rows.
        figure: how it is made of them.
        must: the bound that must hold.
        stretch: the bound that would be better; None where there is only the one.
        at_least: whether larger is better.
    """

    what: str
    peer: str
    suite: str
    figure: Figure
    must: float
    stretch: float | None
    at_least: bool = False

    def verdict(self, value: float) -> Verdict:
        """Judge a measured value."""
        if self.stretch is not None and self._within(value, self.stretch):
            return Verdict.STRETCH
        return Verdict.MUST if self._within(value, self.must) else Verdict.MISSES

    def _within(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound


def _startup(peer: str, must: float, stretch: float) -> Target:
    figure = figures.ratio("smtp FILE", peer)
    return Target(
        "one 2 KB message, whole process", f"{peer}, wall", "startup", figure, must, stretch
    )


def _many(
    what: str, peer: str, must: float, stretch: float, *, of: str = "wall", case: str = "smtp-sink"
) -> Target:
    figure = figures.ratio(f"{case}: smtp {what}", f"{case}: {peer}", of)
    title = f"20,000 x 1 KB, {case}: {what}"
    return Target(title, f"{peer}, {of}", "throughput", figure, must, stretch)


def _async(what: str) -> Target:
    title = f"20,000 x 1 KB from memory: {what}"
    return Target(title, f"{aio.PEER}, wall", "aio", figures.ratio(what, aio.PEER), 0.25, 0.12)


def _postfix(of: str, must: float, stretch: float) -> Target:
    figure = figures.ratio("smtp -j 10 files", TEN, of)
    return Target(
        "2,000 messages to Postfix, -j 10", f"{TEN}, {of}", "postfix", figure, must, stretch
    )


def _journal(place: str) -> Target:
    figure = figures.ratio(f"{place}: {journal.WITH}", f"{place}: {journal.WITHOUT}")
    title = f"10,000 x 1 KB, -j 10, journal: {place}"
    return Target(title, "without a journal, wall", "journal", figure, 1.25, None)


def _large(what: str, peer: str, must: float, stretch: float) -> Target:
    figure = figures.ratio(f"smtp {what}", peer)
    return Target(f"500 MB, {what}", f"{peer}, wall", "large", figure, must, stretch)


def _memory(what: str) -> Target:
    figure = figures.growth(f"smtp{what}", "smtp 1 KB")
    return Target(f"peak RSS, 500 MB{what}", "MB over 1 KB", "large", figure, 8, 3)


def _turns_a_connection(what: str, least: int) -> Target:
    far, near = (f"{case}: smtp -d {what}" for case in (latency.FRESH, latency.LOOPBACK))
    figure = figures.turns_a_connection(far, near, latency.CONNECT)
    counted = "server turns, greeting counted"
    return Target(
        f"20 ms, one message a connection: {what}", counted, "latency", figure, least, least
    )


def _turns_each(what: str) -> Target:
    many, one = (f"{case}: smtp {what}" for case in (latency.MANY, latency.ONE))
    figure = figures.turns_each(many, one, latency.CONNECT)
    return Target(
        f"20 ms, {latency.MANY}: {what}", "turns a further message", "latency", figure, 1.05, 1.0
    )


def _to_many(what: str) -> Target:
    figure = figures.ratio(f"{latency.TO_MANY}: smtp {what}", f"{latency.TO_MANY}: {latency.SWAKS}")
    title = f"20 ms, {latency.TO_MANY} recipients: {what}"
    return Target(title, f"{latency.SWAKS}, wall", "latency", figure, 0.95, 0.8)


def _normaliser(case: str, must: float) -> Target:
    figure = figures.speed_up(f"{case}: {normaliser.OURS}", f"{case}: {normaliser.PLAIN}")
    title = f"normaliser: {case}"
    return Target(
        title, "times as fast as the chain", "normaliser", figure, must, 3.5, at_least=True
    )


def _even(suite: str, large_end: int, small_end: int, base: str) -> Target:
    figure = figures.evenness(f"{large_end:,}", f"{small_end:,}", base, "cpu")
    title = f"CPU of each further of {large_end:,} {'messages' if suite == 'million' else suite}"
    return Target(title, f"the same of {small_end:,}", suite, figure, 1.2, None)


TARGETS: tuple[Target, ...] = (
    _startup(startup.SCRIPT, 0.9, 0.6),
    _startup("swaks", 1.1, 0.75),
    _startup("msmtp", 0.8, 0.55),
    _many("files, DATA", ONE, 0.55, 0.48),
    _many("--repeat, DATA", ONE, 0.45, 0.36),
    _many("-j 10 files, DATA", TEN, 1.15, 0.9),
    _many("-j 10 --repeat, DATA", TEN, 0.6, 0.4),
    _many("-j 10 files, DATA", TEN, 1.3, 1.0, of="cpu"),
    _many("-j 10 --repeat, DATA", TEN, 0.6, 0.4, of="cpu"),
    _many("--no-wait files, BDAT", TEN, 0.9, 0.55, of="cpu", case="csink"),
    _many("--no-wait files, BDAT", TEN, 1.0, 0.5, case="csink"),
    _journal(journal.MEMORY),
    _journal(journal.DISK),
    _postfix("wall", 1.0, 0.8),
    _postfix("cpu", 0.6, 0.4),
    _large("LF, DATA", large.LF, 0.85, 0.65),
    _large("LF, BDAT", large.LF, 0.6, 0.45),
    _large("CRLF, DATA", large.CRLF, 1.2, 1.05),
    _memory(" LF, DATA"),
    _memory(" LF, BDAT"),
    _memory(", pipe of LF, DATA"),
    _memory(", pipe of LF, BDAT"),
    Target(
        "peak RSS, 1,000,000 messages by --files-from",
        "MB",
        "million",
        figures.peak("1,000,000"),
        64,
        40,
    ),
    _turns_each("--no-chunking"),
    _turns_each("(BDAT)"),
    Target(
        f"20 ms, {latency.SMALL}: --no-wait",
        "turns in all, connect counted",
        "latency",
        figures.turns(
            f"{latency.SMALL}: smtp --no-wait",
            f"{latency.LOOPBACK}: smtp --no-wait",
            latency.CONNECT,
        ),
        6,
        5,
    ),
    _to_many("--no-chunking"),
    _to_many("(BDAT)"),
    _turns_a_connection("--no-chunking", 4),
    _turns_a_connection("(BDAT)", 4),
    _turns_a_connection("--no-wait", 3),
    _normaliser("text, LF", 2.5),
    _normaliser("text, CRLF", 2.5),
    _normaliser("sparse dots, LF", 2.0),
    _normaliser("sparse dots, CRLF", 2.0),
    _async(aio.DATA),
    _async(aio.BDAT),
    _even("recipients", 1_000, 10, growth.ONE),
    _even("connections", 1_000, 1, growth.START),
    _even("messages", 100_000, 1_000, growth.ONE),
    _even("million", 1_000_000, 1_000, growth.ONE),
)
