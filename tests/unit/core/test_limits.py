"""LIMITS: what a server announces, read with care."""

from __future__ import annotations

import pytest

from smtpwire.core.extensions import Capabilities, capabilities
from smtpwire.core.limits import NO_LIMITS, Limits, limits
from smtpwire.core.reply import Reply


def offered(*lines: bytes) -> Capabilities:
    return capabilities(Reply(250, (b"mail.example", *lines)))


def test_all_three() -> None:
    found = limits(offered(b"LIMITS MAILMAX=5 RCPTMAX=100 RCPTDOMAINMAX=2"))
    assert found == Limits(mail=5, recipients=100, domains=2)


@pytest.mark.parametrize("line", [b"SIZE 5", b"LIMITS", b"LIMITS NEW=3"])
def test_none(line: bytes) -> None:
    assert limits(offered(line))[:] == NO_LIMITS


def test_names_are_known_in_any_case() -> None:
    assert limits(offered(b"limits rcptMax=7")) == Limits(recipients=7)


@pytest.mark.parametrize("number", [b"", b"0", b"07", b"-1", b"1e3", b"1000000", b"\xd9\xa1", b"x"])
def test_what_is_no_number_is_no_limit(number: bytes) -> None:
    found = limits(offered(b"LIMITS RCPTMAX=" + number + b" MAILMAX=3"))
    assert found == Limits(mail=3)


def test_of_repeated_limits_the_lowest() -> None:
    assert limits(offered(b"LIMITS RCPTMAX=9 RCPTMAX=4", b"LIMITS RCPTMAX=6")).recipients == 4
