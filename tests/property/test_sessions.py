"""Random servers, options, faults and networks: what must hold holds in every session.

The bulk is a plain loop over seeds, which is fast: 2,000 sessions, 100,000 with `--soak`, or as
many as SMTPWIRE_SESSIONS says.  A seed that fails is shrunk and shown; `replay.py` shows it again.
The state machine says the same to hypothesis, which looks for trouble in its own way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from smtpwire.core import sender
from tests.property.replay import play, report
from tests.property.schedule import ALL, run_to_the_end
from tests.property.worlds import World, chance, world

if TYPE_CHECKING:
    from random import Random

    from smtpwire.core.transaction import TransactionResult
    from tests.property.session import Session

BLOCKS = 8
"""As many processes can share the work."""
BRIEF, LONG = 2_000, 1_000_000


@pytest.fixture
def sessions(soak: bool) -> int:
    return int(os.environ.get("SMTPWIRE_SESSIONS", LONG if soak else BRIEF))


@pytest.fixture(params=range(BLOCKS))
def seeds(request: pytest.FixtureRequest, sessions: int) -> range:
    return range(request.param, sessions, BLOCKS)


@pytest.fixture(params=[False, True], ids=["roomy", "narrow"])
def seeds_in_windows(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, seeds: range
) -> range:
    """Half of the seeds in each kind of window."""
    if request.param:
        monkeypatch.setattr(sender, "COMMAND_WINDOW", 60)
        monkeypatch.setattr(sender, "CONTENT_AHEAD", 5)
    return seeds[request.param :: 2]


def test_the_invariants_hold_in_random_sessions(seeds_in_windows: range) -> None:
    for seed in seeds_in_windows:
        try:
            play(world(chance(seed)), seed)
        except AssertionError:
            pytest.fail(report(seed), pytrace=False)


def test_the_outcome_does_not_depend_on_fragmentation(seeds: range) -> None:
    for seed in seeds[::4]:  # each is played four times
        honest = world(chance(seed), lies=False, closes=False)
        whole = _outcome(honest, ALL, ALL)
        assert _outcome(honest, 1, ALL) == whole, f"seed {seed}"
        assert _outcome(honest, ALL, 1) == whole, f"seed {seed}"
        assert _outcome(honest, 7, 11) == whole, f"seed {seed}"


def _outcome(given: World, to_server: int, to_client: int) -> list[tuple[TransactionResult, str]]:
    session = given.session()
    run_to_the_end(session, to_server=to_server, to_client=to_client)
    session.check()
    # What is settled without the server is settled when its turn comes, so the order may differ;
    # two exceptions are never equal, but what they say is.
    results = sorted(session.results, key=lambda result: result.id)
    # Where LAST waits for the recipients, a content known to be wanted goes as one chunk, else as
    # two: which of them is refused is a matter of time, and what becomes of the message is not.
    step = {"BDAT": "end of data"}
    return [
        (r._replace(error=None, command=step.get(r.command, r.command)), repr(r.error))
        for r in results
    ]


class SessionMachine(RuleBasedStateMachine):
    """A session in which hypothesis decides what happens next."""

    session: Session

    @initialize(rng=st.randoms(use_true_random=False))
    def begin(self, rng: Random) -> None:
        self.session = world(rng).session()

    @precondition(lambda self: not self.session.over)
    @rule()
    def feed(self) -> None:
        self.session.feed()

    @precondition(lambda self: not self.session.over)
    @rule(octets=st.integers(1, 60))
    def hand_over(self, octets: int) -> None:
        self.session.hand_over(octets)

    @precondition(lambda self: not self.session.over)
    @rule(octets=st.integers(1, 60))
    def reach_server(self, octets: int) -> None:
        self.session.reach_server(octets)

    @precondition(lambda self: not self.session.over)
    @rule(octets=st.integers(1, 60))
    def reach_client(self, octets: int) -> None:
        self.session.reach_client(octets)

    @rule(times=st.integers(1, 9))
    def everything_flows(self, times: int) -> None:
        for _ in range(times):
            if not self.session.over:
                self.session.feed()
                self.session.hand_over(ALL)
                self.session.reach_server(ALL)
            if not self.session.over:
                self.session.reach_client(ALL)

    @precondition(lambda self: not self.session.over)
    @rule(reached=st.integers(0, 60))
    def lose(self, reached: int) -> None:
        self.session.lose(reached)

    @precondition(lambda self: not self.session.over)
    @rule()
    def interrupt(self) -> None:
        self.session.interrupt()

    @precondition(lambda self: not self.session.over)
    @rule()
    def break_content(self) -> None:
        self.session.break_content()

    def teardown(self) -> None:
        run_to_the_end(self.session)
        self.session.check()


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=150, stateful_step_count=40)
