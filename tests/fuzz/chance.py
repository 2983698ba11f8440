"""Chance out of octets: how a fuzzer that knows only octets decides what a `random.Random` decides.

Each decision takes the next octet, so that a change of one octet changes one decision and what
follows from it, and an input that does something new stays worth changing.
"""

from __future__ import annotations

from itertools import islice
from random import Random

SEED = 4
"""Octets in front of the decisions, from which those are made that come behind the last octet."""


class Chance(Random):
    """Says what the octets say, and behind their end what their first four say.

    Args:
        octets: any; the same ones decide the same.
    """

    def __init__(self, octets: bytes) -> None:
        super().__init__(int.from_bytes(octets[:SEED], "big"))
        self._octets = iter(octets[SEED:])

    def random(self) -> float:
        """A number from 0 to less than 1."""
        octet = next(self._octets, None)
        return super().random() if octet is None else octet / 256

    def getrandbits(self, k: int, /) -> int:
        """A number of so many bits."""
        count = (k + 7) // 8
        octets = bytes(islice(self._octets, count))
        if len(octets) < count:
            return super().getrandbits(k)
        return int.from_bytes(octets, "big") & ((1 << k) - 1)
