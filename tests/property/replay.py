"""One seed of the bulk again: made as small as it goes, and shown octet by octet.

python -m tests.property.replay SEED
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smtpwire.core.session import SessionOptions
from tests.property.schedule import run_at_random
from tests.property.worlds import World, chance, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.property.session import Session


def play(given: World, seed: int) -> Session:
    """Let everything happen in the order that this seed gives, and check what must hold."""
    session = given.session()
    run_at_random(session, chance(~seed))
    session.check()
    return session


def fails(given: World, seed: int) -> str:
    """What is wrong with a session, "" when nothing is."""
    try:
        play(given, seed)
    except AssertionError as error:
        return str(error) or "an assertion in the model"
    return ""


def shrink(given: World, seed: int) -> World:
    """Take away whatever the failure does not need."""
    smaller: World | None = given
    while smaller is not None:
        given = smaller
        smaller = next((less for less in _simpler(given) if fails(less, seed)), None)
    return given


def _simpler(given: World) -> Iterator[World]:
    plan, options, messages = given
    if messages:
        yield World(plan, options, messages[:-1])
    for key in plan.acts:
        acts = {k: act for k, act in plan.acts.items() if k != key}
        yield World(plan._replace(acts=acts), options, messages)
    for offer in plan.offers:
        offers = tuple(o for o in plan.offers if o != offer)
        yield World(plan._replace(offers=offers), options, messages)
    plain = SessionOptions(options.helo)
    for i, value in enumerate(plain):
        if options[i] != value:
            yield World(
                plan, SessionOptions._make((*options[:i], value, *options[i + 1 :])), messages
            )


def report(seed: int) -> str:
    """The smallest world in which this seed fails, and how."""
    given = shrink(world(chance(seed)), seed)
    why = fails(given, seed)
    return f"seed {seed}: {why}\n{given.plan}\n{given.options}\n{given.messages}"


def _show(seed: int) -> None:
    given = world(chance(seed))
    if fails(given, seed):
        print(report(seed))
        given = shrink(given, seed)
    session = given.session()
    session.log = print
    run_at_random(session, chance(~seed))
    for result in session.results:
        print(result)
    print(session.engine.close)


if __name__ == "__main__":
    _show(int(sys.argv[1]))
