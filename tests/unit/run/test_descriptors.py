"""Room for many connections, in a process whose limits are played."""

from __future__ import annotations

import resource

import pytest

from smtpwire.run.descriptors import make_room, needed_for

UNLIMITED = resource.RLIM_INFINITY


class Limits:
    """Stands in for those of the process."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)
        self.set = 0

    def get(self, which: int) -> tuple[int, int]:
        assert which == resource.RLIMIT_NOFILE
        return self.now

    def put(self, which: int, limits: tuple[int, int]) -> None:
        assert which == resource.RLIMIT_NOFILE
        self.now = limits
        self.set += 1


@pytest.mark.parametrize(
    ("soft", "hard", "then", "forbidden"),
    [
        (1024, 4096, 1024, None),
        (needed_for(100), 4096, needed_for(100), None),
        (64, 4096, needed_for(100), None),
        (64, UNLIMITED, needed_for(100), None),
        (UNLIMITED, UNLIMITED, UNLIMITED, None),
        (64, needed_for(100), needed_for(100), None),
        (64, needed_for(100) - 1, 64, needed_for(100) - 1),
    ],
)
def test_the_soft_limit_is_raised_where_it_must_and_can_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, then: int, forbidden: int | None
) -> None:
    limits = Limits(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.put)
    assert make_room(100) == forbidden
    assert limits.now == (then, hard)
    assert limits.set == (soft != then)
