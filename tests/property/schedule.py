"""Orders in which things happen between the two ends of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from tests.property.session import Session

ALL = 1 << 30
STEPS = 4_000
"""More than any session of these needs."""


def run_to_the_end(session: Session, *, to_server: int = ALL, to_client: int = ALL) -> None:
    """Let everything be written and arrive in pieces of so many octets, until nothing is left."""
    for _ in range(STEPS * 20):
        if session.over:
            return
        if session.feed() or session.hand_over(ALL) or session.reach_server(to_server):
            continue
        if not session.reach_client(to_client):
            session.time_out()
    raise AssertionError("the session never ends")


def run_at_random(session: Session, rng: Random) -> None:
    """Let anything happen at any time, at any octet."""
    doom = rng.choice(("", "", "", "lose", "interrupt", "break"))
    strikes_at = rng.randrange(80)
    sizes = rng.choice(((1, 2, 3), (20,), (ALL,), (1, 9, 40, ALL)))
    happen = (session.hand_over, session.reach_server, session.reach_client)
    for step in range(STEPS):
        if session.over:
            return
        if doom and step >= strikes_at and _strike(session, doom, rng):
            doom = ""
            continue
        first = rng.randrange(4)
        if first == 3 and session.feed():
            continue
        for turn in range(3):
            if happen[(first + turn) % 3](rng.choice(sizes)):
                break
        else:
            if not session.feed():
                session.time_out()
    run_to_the_end(session)


def _strike(session: Session, doom: str, rng: Random) -> bool:
    if doom == "break":
        return session.break_content()
    if doom == "interrupt":
        session.interrupt()
    else:
        session.lose(rng.randrange(200))
    return True
