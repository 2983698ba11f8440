"""Several observers hear the same."""

from __future__ import annotations

from smtpwire.cli.audience import Audience
from smtpwire.core.transaction import Outcome
from smtpwire.run.report import Problem
from tests.unit.cli.recorder import Recorder, tell_everything
from tests.unit.cli.results import CONNECTION, NO_USER, SENT


def test_everybody_hears_everything() -> None:
    one, other = Recorder(), Recorder()
    problem = Problem("m", None, NO_USER, "RCPT", Outcome.REFUSED, "c@y")
    told = tell_everything(Audience([one, other]), NO_USER, CONNECTION, SENT, problem)
    assert one.calls == told
    assert other.calls == told


def test_everybody_hears_of_a_secret() -> None:
    one, other = Recorder(), Recorder()
    Audience([one, other]).secret("x")
    assert one.calls == other.calls == [("secret", "x")]
