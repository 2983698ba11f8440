"""How often each name came, in little memory."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter

from smtpwire.run.occurrences import Occurrences


def test_each_name_is_counted_for_itself() -> None:
    chance = random.Random(3)  # noqa: S311 - not a secret
    names = [f"m{chance.randrange(20_000)}" for _ in range(100_000)]
    occurrences, counted = Occurrences(), Counter[str]()
    for name in names:
        counted[name] += 1
        assert occurrences.count(name) == counted[name]


def test_one_name_may_come_more_often_than_an_octet_counts() -> None:
    occurrences = Occurrences()
    assert [occurrences.count("m") for _ in range(1_000)] == list(range(1, 1_001))
    assert occurrences.count("n") == 1


def test_a_name_need_not_be_text() -> None:
    occurrences = Occurrences()
    assert [occurrences.count(name) for name in ("m\udcff", "", "m\udcff", "m")] == [1, 1, 2, 1]


def test_a_name_takes_few_octets() -> None:
    """Beside the buckets themselves, which are there with the first names."""
    occurrences = Occurrences()
    for number in range(20_000):
        occurrences.count(f"/some/where/{number}")
    tracemalloc.start()
    try:
        for number in range(20_000, 120_000):
            occurrences.count(f"/some/where/{number}")
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 100_000 * 64
