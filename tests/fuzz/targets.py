"""What is fuzzed: functions of octets that assert a contract, whoever makes up the octets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz import contents, headers, offers, replies, sessions

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parent / "corpus"


class Target(NamedTuple):
    """One of them."""

    name: str
    check: Callable[[bytes], None]
    """Raises if the contract is broken by what these octets bring about."""
    tokens: tuple[bytes, ...] = ()
    """What inputs are made of, where they are no mere decisions."""

    @property
    def corpus(self) -> list[bytes]:
        """Inputs that found something once, or reach what few do."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).iterdir())]


TARGETS = {
    target.name: target
    for target in (
        Target("replies", replies.check_replies, replies.TOKENS),
        Target("offers", offers.check_offers, offers.TOKENS),
        Target("headers", headers.check_headers, headers.TOKENS),
        Target("contents", contents.check_contents),
        Target("session", sessions.check_session),
        Target("babble", sessions.check_babble, sessions.TOKENS),
    )
}
