"""Inputs by hypothesis, for as long as there is time, and made small when one of them fails."""

from __future__ import annotations

import faulthandler
import math
import signal
from contextlib import contextmanager
from itertools import count
from random import SystemRandom
from time import monotonic
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Target

ROUND = 500
"""Inputs by one seed."""
HANG = 30
"""Seconds after which an input that is still looked at hangs; none takes a hundredth of that."""


class Hang(AssertionError):
    """An input takes for ever."""


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Pieces of what the target knows, of what was found before, and of nothing known."""
    pieces = st.binary(max_size=80)
    if target.tokens:
        pieces = st.sampled_from(target.tokens) | st.binary(max_size=6)
    if corpus := target.corpus:
        pieces |= st.sampled_from(corpus)
    # What comes first is a decision in some targets.
    rest = st.lists(pieces, max_size=25).map(b"".join)
    return st.builds(bytes.__add__, st.binary(max_size=4), rest)


def _hang(*_: object) -> None:
    raise Hang(f"an input takes more than {HANG} seconds")


@contextmanager
def alarmed() -> Iterator[None]:
    """Have an alarm interrupt what hangs; `signal.alarm` winds it up."""
    before = signal.signal(signal.SIGALRM, _hang)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def play(target: Target, number: int, *, end: float = math.inf) -> None:
    """Try the inputs of one seed, up to some moment.

    Args:
        target: what to try them on.
        number: the seed.
        end: when there is no more time, in monotonic seconds; to make what failed small is always
            time.

    Raises:
        AssertionError: or whatever else a broken contract brings, with the input in its notes.
    """
    failed = False

    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(inputs(target))
    def once(octets: bytes) -> None:
        nonlocal failed
        if not failed and monotonic() >= end:
            return
        signal.alarm(HANG)
        try:
            target.check(octets)
        except BaseException:
            failed = True
            raise

    once()


def fuzz(target: Target, seconds: float) -> None:
    """Try inputs for so many seconds; raises what `play` raises."""
    end = monotonic() + seconds
    faulthandler.cancel_dump_traceback_later()  # no hang: that it takes long was asked for
    # In CI the same ones each time, as many as there is time for.
    first = 0 if settings().derandomize else SystemRandom().getrandbits(32)
    with alarmed():
        for number in count(first):
            play(target, number, end=end)
            if monotonic() >= end:
                return
