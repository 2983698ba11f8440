"""The how-manieth of its name a message is, in a few octets for each name.

A run may have millions of names, and a dictionary of them would take more memory than all else.
So a name is kept as a digest of 68 bits: 12 of them choose a bucket, 56 are in it, and an octet
that counts stands behind them.  Of a million names, two have the same digest in one of 10^8 runs;
the second is then the second of the first one's name, in this run and in every further one.
"""

from __future__ import annotations

from hashlib import blake2b

_BUCKETS = 4096
_KEPT = 7
_CELL = _KEPT + 1
_MANY = 255
"""What the octet says of whoever is counted elsewhere."""


class Occurrences:
    """Counts names."""

    def __init__(self) -> None:
        self._buckets: dict[int, bytearray] = {}
        self._many: dict[bytes, int] = {}
        """Digests of names that came more often than an octet can count, and how often."""

    def count(self, name: str) -> int:
        """Count a name once more; return how often it has come by now."""
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_KEPT + 2).digest()
        kept = digest[2:]
        place = int.from_bytes(digest[:2], "big") % _BUCKETS
        bucket = self._buckets.get(place)
        if bucket is None:
            bucket = self._buckets[place] = bytearray()
        at = bucket.find(kept)
        while at % _CELL and at >= 0:
            at = bucket.find(kept, at + 1)
        if at < 0:
            bucket += kept
            bucket.append(1)
            return 1
        at += _KEPT
        if bucket[at] < _MANY - 1:
            bucket[at] += 1
            return bucket[at]
        if bucket[at] < _MANY:
            bucket[at] = _MANY
            self._many[digest] = _MANY - 1
        self._many[digest] += 1
        return self._many[digest]
